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
