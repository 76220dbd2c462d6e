-- What ingest writes beside the observations, all in the transaction that stores them.

-- Committed batches in commit order without gaps; analytics and the live stream follow them.
CREATE TABLE batch (
    batch_no     int8 PRIMARY KEY,
    committed_at timestamptz NOT NULL,
    ingester     text NOT NULL,
    messages     int4 NOT NULL,
    rows         int4 NOT NULL,
    columns      bytea                       -- the stored rows (citywatch.storage.columns); NULL once pruned
);
ALTER TABLE batch ALTER COLUMN columns SET STORAGE EXTERNAL;

CREATE TABLE latest (
    datastream_id   int4 PRIMARY KEY,
    phenomenon_time timestamptz NOT NULL,
    received_time   timestamptz NOT NULL,
    result          float8 NOT NULL,
    quality         int2 NOT NULL
) WITH (fillfactor = 50);

-- A second value for a key that has one: the first stays, both are kept here.
CREATE TABLE conflict (
    conflict_id     int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    datastream_id   int4 NOT NULL,
    phenomenon_time timestamptz NOT NULL,
    kept            float8 NOT NULL,
    refused         float8 NOT NULL,
    received_time   timestamptz NOT NULL,
    batch_no        int8 NOT NULL
);

-- Conservation of readings per minute of reception and source: received = stored + duplicate + conflict + rejected.
-- A message that cannot be decoded counts as one reading.
CREATE TABLE ledger (
    minute    timestamptz NOT NULL,
    source    text NOT NULL,                 -- district/system of the topic, '?' when the topic has none
    messages  int8 NOT NULL,
    received  int8 NOT NULL,
    stored    int8 NOT NULL,
    duplicate int8 NOT NULL,
    conflict  int8 NOT NULL,
    rejected  int8 NOT NULL,
    PRIMARY KEY (minute, source)
);

CREATE TABLE dead_letter (
    dead_letter_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at    timestamptz NOT NULL,
    topic          text NOT NULL,
    content_type   text,
    reason         text NOT NULL,
    detail         text NOT NULL,
    readings       int4 NOT NULL,
    indices        int4[],                   -- places of the readings in the message; NULL: the whole message
    payload        bytea NOT NULL,           -- raw bytes, cut at the limit of the ingester
    payload_size   int8 NOT NULL,
    payload_sha256 bytea NOT NULL
);
CREATE INDEX ON dead_letter (received_at);

CREATE TABLE sensor_status (
    asset_id   text NOT NULL,
    sensor_id  text NOT NULL,
    state      text NOT NULL,                -- online, offline
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (asset_id, sensor_id)
);

CREATE TABLE process_health (
    process    text NOT NULL,
    instance   text NOT NULL,
    started_at timestamptz NOT NULL,
    beat_at    timestamptz NOT NULL,
    state      text NOT NULL,                -- ok, degraded, stopped
    details    jsonb NOT NULL,
    PRIMARY KEY (process, instance)
);
