-- Waveform blocks on plain PostgreSQL: range partitions of one day, made when the first block of a day arrives.
CREATE TABLE waveform_block (
    start_time    timestamptz NOT NULL,      -- of the first value
    received_time timestamptz NOT NULL,
    sampling_rate float8 NOT NULL,           -- [Hz]
    datastream_id int4 NOT NULL,             -- no foreign key, as in observation
    samples       int4 NOT NULL,
    quality       int2 NOT NULL,             -- QARTOD flag of the worst value
    values        bytea NOT NULL,            -- float32 little endian, in the unit of the datastream
    PRIMARY KEY (datastream_id, start_time)
) PARTITION BY RANGE (start_time);
-- Samples of a sensor are noise to a byte compressor: it would cost time and save nothing.
ALTER TABLE waveform_block ALTER COLUMN values SET STORAGE EXTERNAL;

-- Make the partitions that hold the given instants. Days start at 00:00 UTC.
CREATE FUNCTION prepare_waveform_block(instants timestamptz[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    day   timestamp;
    child text;
BEGIN
    FOR day IN SELECT DISTINCT date_trunc('day', i AT TIME ZONE 'UTC') FROM unnest(instants) AS i ORDER BY 1 LOOP
        child := format('waveform_block_%s', to_char(day, 'YYYYMMDD'));
        IF to_regclass(child) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('citywatch.prepare_waveform_block'));
            IF to_regclass(child) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE waveform_block INCLUDING ALL)', child);
                EXECUTE format(
                    'ALTER TABLE waveform_block ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    child, day AT TIME ZONE 'UTC', (day + interval '1 day') AT TIME ZONE 'UTC');
            END IF;
        END IF;
    END LOOP;
END $$;

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
