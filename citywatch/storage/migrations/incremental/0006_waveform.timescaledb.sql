-- Waveform blocks on TimescaleDB: a hypertable that makes its chunks itself.
CREATE TABLE waveform_block (
    start_time    timestamptz NOT NULL,      -- of the first value
    received_time timestamptz NOT NULL,
    sampling_rate float8 NOT NULL,           -- [Hz]
    datastream_id int4 NOT NULL,             -- no foreign key, as in observation
    samples       int4 NOT NULL,
    quality       int2 NOT NULL,             -- QARTOD flag of the worst value
    values        bytea NOT NULL,            -- float32 little endian, in the unit of the datastream
    PRIMARY KEY (datastream_id, start_time)
);
-- Samples of a sensor are noise to a byte compressor: it would cost time and save nothing.
ALTER TABLE waveform_block ALTER COLUMN values SET STORAGE EXTERNAL;

SELECT create_hypertable(
    'waveform_block', by_range('start_time', INTERVAL '1 day'), create_default_indexes => false);

-- The same call as on plain PostgreSQL; here there is nothing to prepare.
CREATE FUNCTION prepare_waveform_block(instants timestamptz[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$ SELECT $$;

-- A second content for a key that has one: the first stays, the second is kept here.
CREATE TABLE waveform_conflict (
    waveform_conflict_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    datastream_id        int4 NOT NULL,
    start_time           timestamptz NOT NULL,
    sampling_rate        float8 NOT NULL,
    values               bytea NOT NULL,
    received_time        timestamptz NOT NULL,
    batch_no             int8 NOT NULL
);
