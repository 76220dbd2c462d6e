-- Who and what there is: the city registry. Identifiers are topic levels.
CREATE TABLE city (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    city_id  text NOT NULL,
    name_en  text NOT NULL,
    name_zh  text NOT NULL
);

CREATE TABLE system (
    system_id text PRIMARY KEY,
    name_en   text NOT NULL,
    name_zh   text NOT NULL
);

CREATE TABLE district (
    district_id     text PRIMARY KEY,
    name_en         text NOT NULL,
    name_zh         text NOT NULL,
    district_class  text NOT NULL,
    boundary        jsonb NOT NULL,          -- GeoJSON geometry, WGS 84
    boundary_source text NOT NULL
);

CREATE TABLE observed_property (
    property_id text PRIMARY KEY,
    name_en     text NOT NULL,
    name_zh     text NOT NULL,
    unit        text NOT NULL,               -- UCUM
    decimals    int2 NOT NULL
);

CREATE TABLE asset_kind (
    kind_id   text PRIMARY KEY,
    system_id text NOT NULL REFERENCES system,
    name_en   text NOT NULL,
    name_zh   text NOT NULL,
    coverage  jsonb                          -- CoverageRule; NULL: the kind has no coverage figure
);

CREATE TABLE asset (
    asset_id         text PRIMARY KEY,
    kind_id          text NOT NULL REFERENCES asset_kind,
    district_id      text NOT NULL REFERENCES district,
    name_en          text NOT NULL,
    name_zh          text NOT NULL,
    latitude         float8 NOT NULL,
    longitude        float8 NOT NULL,
    responsible_unit text NOT NULL,
    origin           text NOT NULL,
    parameters       jsonb NOT NULL
);
CREATE INDEX ON asset (district_id);
CREATE INDEX ON asset (kind_id);

CREATE TABLE sensor (
    asset_id      text NOT NULL REFERENCES asset,
    sensor_id     text NOT NULL,
    model_id      text NOT NULL,
    model_name_en text NOT NULL,
    model_name_zh text NOT NULL,
    installed_at  timestamptz,
    removed_at    timestamptz,
    calibrated_at timestamptz,
    PRIMARY KEY (asset_id, sensor_id)
);

CREATE TABLE datastream (
    datastream_id     int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id          text NOT NULL,
    sensor_id         text NOT NULL,
    property_id       text NOT NULL REFERENCES observed_property,
    unit              text NOT NULL,         -- UCUM, of every stored result
    expected_interval float8 NOT NULL,       -- [s]
    sampling          text NOT NULL,
    span_low          float8 NOT NULL,       -- what the device can output
    span_high         float8 NOT NULL,
    plausible_low     float8 NOT NULL,       -- what the site can show
    plausible_high    float8 NOT NULL,
    resolution        float8 NOT NULL,
    limits            jsonb NOT NULL,        -- QualityLimits
    UNIQUE (asset_id, sensor_id, property_id),
    FOREIGN KEY (asset_id, sensor_id) REFERENCES sensor
);

CREATE TABLE rule (
    rule_id    text PRIMARY KEY,
    definition jsonb NOT NULL                -- Rule
);
