-- Observations on TimescaleDB: a hypertable that makes its chunks itself.
CREATE TABLE observation (
    phenomenon_time timestamptz NOT NULL,
    received_time   timestamptz NOT NULL,
    result          float8 NOT NULL,
    datastream_id   int4 NOT NULL,           -- no foreign key: it would cost as much as the row
    quality         int2 NOT NULL,           -- QARTOD flag
    PRIMARY KEY (datastream_id, phenomenon_time)
);

SELECT create_hypertable(
    'observation', by_range('phenomenon_time', INTERVAL '1 day'), create_default_indexes => false);

-- The same call as on plain PostgreSQL; here there is nothing to prepare.
CREATE FUNCTION prepare_observation(instants timestamptz[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$ SELECT $$;
