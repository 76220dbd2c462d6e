-- Partitions of the roll-ups are made apart and attached, as those of observations are: a partition made in place would wait
-- for every reader of the parent, and every reader would wait for it.
CREATE OR REPLACE FUNCTION prepare_rollups(instants timestamptz[]) RETURNS void
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
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, part.parent);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part.parent, child,
                part.first AT TIME ZONE 'UTC', (part.first + ('1 ' || part.unit)::interval) AT TIME ZONE 'UTC');
        END IF;
    END LOOP;
END $$;

-- Hours of the whole city, by observed property: what rollup_1h says of all datastreams together, so that nobody adds up a
-- hundred thousand rows to draw a day. An hour that stands in rollup_city_due has to be asked of rollup_1h itself.
CREATE TABLE rollup_city_1h (
    bucket      timestamptz NOT NULL,      -- begin, whole hour UTC
    property_id text NOT NULL,
    datastreams int8 NOT NULL,
    n           int8 NOT NULL,
    good        int8 NOT NULL,
    failed      int8 NOT NULL,
    min         float8,
    max         float8,
    PRIMARY KEY (bucket, property_id)
);
CREATE TABLE rollup_city_due (
    bucket timestamptz PRIMARY KEY
);
INSERT INTO rollup_city_due SELECT DISTINCT bucket FROM rollup_1h;
