-- Roll-ups of observations by minute, hour and day (docs/adr/0012): the same tables on every engine. On TimescaleDB
-- minutes and hours stand in hypertables.
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
);

CREATE TABLE rollup_1h (                     -- begin: whole hour UTC
    LIKE rollup_1min,
    PRIMARY KEY (datastream_id, bucket)
);

CREATE TABLE rollup_1day (                   -- begin: midnight in the time zone of the city
    LIKE rollup_1min,
    PRIMARY KEY (datastream_id, bucket)
);

SELECT create_hypertable('rollup_1min', by_range('bucket', INTERVAL '1 day'), create_default_indexes => false);
SELECT create_hypertable('rollup_1h', by_range('bucket', INTERVAL '7 days'), create_default_indexes => false);
CREATE INDEX rollup_1h_bucket ON rollup_1h USING brin (bucket) WITH (pages_per_range = 32);

-- The same call as on plain PostgreSQL; here there is nothing to prepare.
CREATE FUNCTION prepare_rollups(instants timestamptz[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$ SELECT $$;

-- The chunks of a table with the time they hold; the same call on plain PostgreSQL names partitions.
CREATE FUNCTION partitions_of(parent text) RETURNS TABLE (name text, begin_at timestamptz, end_at timestamptz)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT format('%I.%I', chunk_schema, chunk_name), range_start, range_end
    FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema() AND hypertable_name = parent
    ORDER BY 2
$$;

-- Drop what ends at an instant or before; return how many chunks that were.
CREATE FUNCTION drop_partitions(parent text, before timestamptz) RETURNS int4
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT count(dropped)::int4
    FROM (SELECT parent WHERE EXISTS (SELECT FROM partitions_of(parent) WHERE end_at <= before)) AS passed (table_name),
         LATERAL drop_chunks(table_name::regclass, older_than => before) AS dropped
$$;
