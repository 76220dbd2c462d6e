-- Coverage by day (docs/explanation/coverage.md): judged once a day is over, from its roll-ups and the registry as it was.

-- The figures of a kind in a district on a day, and the verdict on each of its assets: one row, because the parts
-- must add up to the whole; unnest (asset_id, reason, share, property_id) lists the verdicts.
CREATE TABLE coverage_day (
    day         date NOT NULL,               -- of the city
    kind_id     text NOT NULL,
    district_id text NOT NULL,
    required    int4 NOT NULL,
    installed   int4 NOT NULL,
    reporting   int4 NOT NULL,
    passing     int4 NOT NULL,
    monitored   int4 NOT NULL,               -- passing and calibrated
    asset_id    text[] NOT NULL,
    reason      text[] NOT NULL,             -- Gap
    share       float4[] NOT NULL,           -- of the worst required property, 0-1
    property_id text[] NOT NULL,             -- that property
    PRIMARY KEY (day, kind_id, district_id)
);

-- Which days are judged, by which rule. What is missing here, or was judged by another rule, is due: who changes the
-- roll-ups of a judged day removes its row.
CREATE TABLE coverage_run (
    day         date NOT NULL,
    kind_id     text NOT NULL REFERENCES asset_kind,
    rule        text NOT NULL,               -- fingerprint of what the rule asks
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (kind_id, day)
);

-- A day is read across all datastreams; rows arrive by day.
CREATE INDEX rollup_1day_bucket ON rollup_1day USING brin (bucket) WITH (pages_per_range = 32);
