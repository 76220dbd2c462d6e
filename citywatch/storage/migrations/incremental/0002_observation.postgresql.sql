-- Observations on plain PostgreSQL: range partitions of one week, made when the first row of a week arrives.
CREATE TABLE observation (
    phenomenon_time timestamptz NOT NULL,
    received_time   timestamptz NOT NULL,
    result          float8 NOT NULL,
    datastream_id   int4 NOT NULL,           -- no foreign key: it would cost as much as the row
    quality         int2 NOT NULL,           -- QARTOD flag
    PRIMARY KEY (datastream_id, phenomenon_time)
) PARTITION BY RANGE (phenomenon_time);

-- Make the partitions that hold the given instants. Weeks start on Monday 00:00 UTC.
CREATE FUNCTION prepare_observation(instants timestamptz[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    week  timestamp;
    child text;
BEGIN
    FOR week IN SELECT DISTINCT date_trunc('week', i AT TIME ZONE 'UTC') FROM unnest(instants) AS i ORDER BY 1 LOOP
        child := format('observation_%s', to_char(week, 'IYYY"w"IW'));
        IF to_regclass(child) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('citywatch.prepare_observation'));
            IF to_regclass(child) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE observation INCLUDING ALL)', child);
                EXECUTE format(
                    'ALTER TABLE observation ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    child, week AT TIME ZONE 'UTC', (week + interval '1 week') AT TIME ZONE 'UTC');
            END IF;
        END IF;
    END LOOP;
END $$;
