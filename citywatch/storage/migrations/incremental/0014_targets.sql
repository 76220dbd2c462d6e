-- What the city has promised, how it stands, and what was reported (docs/explanation/targets.md).

CREATE TABLE indicator (
    indicator_id text PRIMARY KEY,
    place        int4 NOT NULL,              -- order in lists
    definition   jsonb NOT NULL              -- Indicator
);

CREATE TABLE target (
    target_id  text PRIMARY KEY,
    place      int4 NOT NULL,
    definition jsonb NOT NULL                -- Target
);

-- Values entered by hand; nothing is overwritten, the newest entry of the latest day counts.
CREATE TABLE target_entry (
    entry_id   int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id  text NOT NULL,
    day        date NOT NULL,
    value      float8 NOT NULL,
    author     text NOT NULL,
    note       text NOT NULL,
    entered_at timestamptz NOT NULL
);
CREATE INDEX ON target_entry (target_id, day);

-- Indicators by day, of each district and of the city (district_id '').
CREATE TABLE indicator_day (
    day          date NOT NULL,
    indicator_id text NOT NULL,
    district_id  text NOT NULL,
    value        float8,                     -- NULL: there was nothing to judge
    numerator    float8,
    denominator  float8,                     -- NULL: not a share
    computed_at  timestamptz NOT NULL,
    PRIMARY KEY (indicator_id, day, district_id)
);

-- Reports as they were issued. A later issue of the same period stands beside the earlier ones.
CREATE TABLE report (
    report_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text NOT NULL,                 -- weekly, monthly, quarterly
    first_day date NOT NULL,
    last_day  date NOT NULL,
    due_day   date NOT NULL,
    made_at   timestamptz NOT NULL,
    data_to   timestamptz NOT NULL           -- data up to this instant are in it
);
CREATE INDEX ON report (kind, first_day);

CREATE TABLE report_file (
    report_id int8 NOT NULL REFERENCES report ON DELETE CASCADE,
    language  text NOT NULL,                 -- en, zh
    format    text NOT NULL,                 -- html, docx, csv, json
    content   bytea NOT NULL,
    PRIMARY KEY (report_id, language, format)
);
