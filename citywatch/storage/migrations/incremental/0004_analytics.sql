-- What analytics writes.

-- How far a follower of the batches is. outputs_to: results up to this batch are committed. checkpoint_at and state:
-- where it would start again; batches between are run once more with their outputs dropped.
CREATE TABLE follower (
    follower      text PRIMARY KEY,
    outputs_to    int8 NOT NULL,
    checkpoint_at int8 NOT NULL,
    state         bytea
);

-- Why a value does not pass; observation.quality carries the flag itself.
CREATE TABLE quality_finding (
    datastream_id   int4 NOT NULL,
    phenomenon_time timestamptz NOT NULL,
    tests           int4 NOT NULL,           -- bit set of QualityTest
    flag            int2 NOT NULL,
    PRIMARY KEY (datastream_id, phenomenon_time)
);

-- Datastreams that have fallen silent; the QARTOD gap test on a timer.
CREATE TABLE gap (
    datastream_id int4 NOT NULL,
    began_at      timestamptz NOT NULL,      -- time of the last observation before the gap
    ended_at      timestamptz,
    PRIMARY KEY (datastream_id, began_at)
);
CREATE UNIQUE INDEX open_gap ON gap (datastream_id) WHERE ended_at IS NULL;

-- How well the residual detector knows a datastream, for people who wonder why it is silent.
CREATE TABLE baseline (
    datastream_id int4 PRIMARY KEY,
    learned_slots int2 NOT NULL,
    total_slots   int2 NOT NULL,
    expected      float8,                    -- for the present slot
    scale         float8,
    updated_at    timestamptz NOT NULL
);

CREATE TABLE alarm (
    alarm_id        int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id        text NOT NULL REFERENCES asset,
    rule_id         text NOT NULL REFERENCES rule,
    datastream_id   int4 NOT NULL,
    state           text NOT NULL,           -- AlarmState
    severity        int2 NOT NULL,
    peak_severity   int2 NOT NULL,
    occurrences     int4 NOT NULL DEFAULT 1,
    measured_at     timestamptz NOT NULL,    -- the observation that decided
    received_at     timestamptz NOT NULL,
    detected_at     timestamptz NOT NULL,
    raised_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    returned_at     timestamptz,
    closed_at       timestamptz,
    message_en      text NOT NULL,
    message_zh      text NOT NULL,
    evidence        jsonb NOT NULL
);
CREATE UNIQUE INDEX one_open_alarm ON alarm (asset_id, rule_id) WHERE closed_at IS NULL;
CREATE INDEX ON alarm (raised_at);

CREATE TABLE alarm_event (
    event_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id int8 NOT NULL REFERENCES alarm,
    at       timestamptz NOT NULL,
    event    text NOT NULL,                  -- AlarmEvent
    severity int2 NOT NULL,
    actor    text NOT NULL,                  -- 'detector' or a person
    note     text
);
CREATE INDEX ON alarm_event (alarm_id);

CREATE TABLE coverage (
    at          timestamptz NOT NULL,
    kind_id     text NOT NULL,
    district_id text NOT NULL,
    required    int4 NOT NULL,
    installed   int4 NOT NULL,
    reporting   int4 NOT NULL,
    monitored   int4 NOT NULL,
    PRIMARY KEY (at, kind_id, district_id)
);

-- The newest verdict per asset, and why.
CREATE TABLE asset_coverage (
    asset_id  text PRIMARY KEY,
    at        timestamptz NOT NULL,
    monitored boolean NOT NULL,
    reason    text NOT NULL,
    details   jsonb NOT NULL
);
