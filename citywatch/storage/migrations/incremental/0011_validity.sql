-- When each thing of the registry was there, and what its record said then. Nothing is deleted: what leaves the registry is
-- given an end. NULL as a beginning: since ever; NULL as an end: until further notice. Ends are exclusive.
ALTER TABLE asset
    ADD COLUMN valid_from  timestamptz,
    ADD COLUMN valid_until timestamptz,
    ADD COLUMN parent_id   text REFERENCES asset,        -- what it is part of: the cabinet of a lamp, the network of a pipe
    ADD COLUMN street      text NOT NULL DEFAULT '',     -- '': unknown
    ADD CHECK (valid_until >= valid_from);
CREATE INDEX ON asset (parent_id);
UPDATE asset SET parent_id = parameters ->> 'cabinet', parameters = parameters - 'cabinet'
WHERE EXISTS (SELECT FROM asset p WHERE p.asset_id = asset.parameters ->> 'cabinet');

-- The record of an asset through time: the newest version whose valid_from is not after a moment tells what it said
-- then, the first one also before. The last version ends with the asset.
CREATE TABLE asset_version (
    asset_id         text NOT NULL REFERENCES asset,
    valid_from       timestamptz NOT NULL,
    valid_until      timestamptz,
    kind_id          text NOT NULL REFERENCES asset_kind,
    district_id      text NOT NULL REFERENCES district,
    street           text NOT NULL,
    name_en          text NOT NULL,
    name_zh          text NOT NULL,
    responsible_unit text NOT NULL,
    origin           text NOT NULL,
    PRIMARY KEY (asset_id, valid_from)
);
INSERT INTO asset_version
SELECT asset_id, now(), NULL, kind_id, district_id, street, name_en, name_zh, responsible_unit, origin FROM asset;

ALTER TABLE sensor ADD COLUMN calibrated_until timestamptz;  -- when the newest calibration expires
CREATE TABLE calibration (
    asset_id      text NOT NULL,
    sensor_id     text NOT NULL,
    calibrated_at timestamptz NOT NULL,
    valid_until   timestamptz,
    PRIMARY KEY (asset_id, sensor_id, calibrated_at),
    FOREIGN KEY (asset_id, sensor_id) REFERENCES sensor
);
INSERT INTO calibration
SELECT asset_id, sensor_id, calibrated_at, NULL FROM sensor WHERE calibrated_at IS NOT NULL;
