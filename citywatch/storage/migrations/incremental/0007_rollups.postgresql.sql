-- Roll-ups of observations by minute, hour and day (docs/adr/0012): the same tables on every engine. On plain PostgreSQL
-- minutes stand in range partitions of one week, hours of one month, made when the first row of one arrives.
CREATE TABLE rollup_1min (
    bucket        timestamptz NOT NULL,      -- begin, whole minute UTC
    last_at       timestamptz,
    last          float8,
    min           float8,
    max           float8,
    sum           float8,
    datastream_id int4 NOT NULL,
    n             int4 NOT NULL,             -- values that min, max, sum and last are of: all that did not fail
    good          int4 NOT NULL,             -- of these, values that nothing is known against (flags 1 and 2)
    failed        int4 NOT NULL,             -- values that failed quality control (flag 4)
    PRIMARY KEY (datastream_id, bucket)
) PARTITION BY RANGE (bucket);

CREATE TABLE rollup_1h (                     -- begin: whole hour UTC
    LIKE rollup_1min,
    PRIMARY KEY (datastream_id, bucket)
) PARTITION BY RANGE (bucket);
CREATE INDEX rollup_1h_bucket ON rollup_1h USING brin (bucket) WITH (pages_per_range = 32);

CREATE TABLE rollup_1day (                   -- begin: midnight in the time zone of the city
    LIKE rollup_1min,
    PRIMARY KEY (datastream_id, bucket)
);

-- Make the partitions that hold the buckets of the given instants.
CREATE FUNCTION prepare_rollups(instants timestamptz[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    part  record;
    child text;
BEGIN
    FOR part IN
        SELECT DISTINCT parent, unit, form, date_trunc(unit, i AT TIME ZONE 'UTC') AS first
        FROM unnest(instants) AS i,
             (VALUES ('rollup_1min', 'week', 'IYYY"w"IW'), ('rollup_1h', 'month', 'YYYY"m"MM')) AS k (parent, unit, form)
        ORDER BY parent, first
    LOOP
        child := format('%s_%s', part.parent, to_char(part.first, part.form));
        IF to_regclass(child) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, part.parent,
                part.first AT TIME ZONE 'UTC', (part.first + ('1 ' || part.unit)::interval) AT TIME ZONE 'UTC');
        END IF;
    END LOOP;
END $$;

-- The partitions of a table with the time they hold; the same call on TimescaleDB names chunks.
CREATE FUNCTION partitions_of(parent text) RETURNS TABLE (name text, begin_at timestamptz, end_at timestamptz)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT i.inhrelid::regclass::text, (b.bounds)[1]::timestamptz, (b.bounds)[2]::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (
        SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('(.*)'\) TO \('(.*)'\)$re$) AS bounds) b
    WHERE i.inhparent = to_regclass(parent)
    ORDER BY 2
$$;

-- Drop what ends at an instant or before; return how many partitions that were.
CREATE FUNCTION drop_partitions(parent text, before timestamptz) RETURNS int4
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    child   text;
    dropped int4 := 0;
BEGIN
    FOR child IN SELECT name FROM partitions_of(parent) WHERE end_at <= before LOOP
        EXECUTE 'DROP TABLE ' || child;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
