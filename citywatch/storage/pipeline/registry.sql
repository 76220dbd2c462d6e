-- name: upsert_city
INSERT INTO city (city_id, name_en, name_zh) VALUES (%(city_id)s, %(name_en)s, %(name_zh)s)
ON CONFLICT (only_one) DO UPDATE SET city_id = excluded.city_id, name_en = excluded.name_en, name_zh = excluded.name_zh

-- name: city
SELECT city_id FROM city

-- name: upsert_system
INSERT INTO system (system_id, name_en, name_zh, retention)
VALUES (%(system_id)s, %(name_en)s, %(name_zh)s, %(retention)s)
ON CONFLICT (system_id) DO UPDATE SET
    name_en = excluded.name_en, name_zh = excluded.name_zh, retention = excluded.retention

-- name: upsert_district
INSERT INTO district (district_id, name_en, name_zh, district_class, boundary, boundary_source)
VALUES (%(district_id)s, %(name_en)s, %(name_zh)s, %(district_class)s, %(boundary)s, %(boundary_source)s)
ON CONFLICT (district_id) DO UPDATE SET
    name_en = excluded.name_en, name_zh = excluded.name_zh, district_class = excluded.district_class,
    boundary = excluded.boundary, boundary_source = excluded.boundary_source

-- name: upsert_property
INSERT INTO observed_property (property_id, name_en, name_zh, unit, decimals)
VALUES (%(property_id)s, %(name_en)s, %(name_zh)s, %(unit)s, %(decimals)s)
ON CONFLICT (property_id) DO UPDATE SET
    name_en = excluded.name_en, name_zh = excluded.name_zh, unit = excluded.unit, decimals = excluded.decimals

-- name: upsert_kind
INSERT INTO asset_kind (kind_id, system_id, name_en, name_zh, coverage)
VALUES (%(kind_id)s, %(system_id)s, %(name_en)s, %(name_zh)s, %(coverage)s)
ON CONFLICT (kind_id) DO UPDATE SET
    system_id = excluded.system_id, name_en = excluded.name_en, name_zh = excluded.name_zh, coverage = excluded.coverage

-- name: upsert_asset
INSERT INTO asset (asset_id, kind_id, district_id, name_en, name_zh, latitude, longitude, responsible_unit, origin,
                   parameters)
VALUES (%(asset_id)s, %(kind_id)s, %(district_id)s, %(name_en)s, %(name_zh)s, %(latitude)s, %(longitude)s,
        %(responsible_unit)s, %(origin)s, %(parameters)s)
ON CONFLICT (asset_id) DO UPDATE SET
    kind_id = excluded.kind_id, district_id = excluded.district_id, name_en = excluded.name_en,
    name_zh = excluded.name_zh, latitude = excluded.latitude, longitude = excluded.longitude,
    responsible_unit = excluded.responsible_unit, origin = excluded.origin, parameters = excluded.parameters

-- name: upsert_sensor
INSERT INTO sensor (asset_id, sensor_id, model_id, model_name_en, model_name_zh, installed_at, removed_at, calibrated_at)
VALUES (%(asset_id)s, %(sensor_id)s, %(model_id)s, %(model_name_en)s, %(model_name_zh)s, %(installed_at)s,
        %(removed_at)s, %(calibrated_at)s)
ON CONFLICT (asset_id, sensor_id) DO UPDATE SET
    model_id = excluded.model_id, model_name_en = excluded.model_name_en, model_name_zh = excluded.model_name_zh,
    installed_at = excluded.installed_at, removed_at = excluded.removed_at, calibrated_at = excluded.calibrated_at

-- name: upsert_datastream
INSERT INTO datastream (asset_id, sensor_id, property_id, unit, expected_interval, sampling, span_low, span_high,
                        plausible_low, plausible_high, resolution, limits)
VALUES (%(asset_id)s, %(sensor_id)s, %(property_id)s, %(unit)s, %(expected_interval)s, %(sampling)s, %(span_low)s,
        %(span_high)s, %(plausible_low)s, %(plausible_high)s, %(resolution)s, %(limits)s)
ON CONFLICT (asset_id, sensor_id, property_id) DO UPDATE SET
    unit = excluded.unit, expected_interval = excluded.expected_interval, sampling = excluded.sampling,
    span_low = excluded.span_low, span_high = excluded.span_high, plausible_low = excluded.plausible_low,
    plausible_high = excluded.plausible_high, resolution = excluded.resolution, limits = excluded.limits

-- name: upsert_rule
INSERT INTO rule (rule_id, definition) VALUES (%(rule_id)s, %(definition)s)
ON CONFLICT (rule_id) DO UPDATE SET definition = excluded.definition

-- name: announce
NOTIFY citywatch_registry

-- name: datastreams
SELECT d.datastream_id, k.system_id, a.kind_id, a.district_id, d.asset_id, d.sensor_id, d.property_id, d.unit,
       d.expected_interval, d.sampling, d.span_low, d.span_high, d.plausible_low, d.plausible_high, d.resolution,
       d.limits, s.removed_at
FROM datastream d
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)
JOIN sensor s ON s.asset_id = d.asset_id AND s.sensor_id = d.sensor_id
ORDER BY d.datastream_id

-- name: rules
SELECT definition FROM rule ORDER BY rule_id

-- name: asset_names
SELECT asset_id, name_en, name_zh FROM asset

-- name: assets_with_coverage
SELECT a.asset_id, a.kind_id, a.district_id, a.name_en, a.name_zh, a.latitude, a.longitude, a.responsible_unit,
       a.origin, a.parameters, k.coverage
FROM asset a
JOIN asset_kind k USING (kind_id)
WHERE k.coverage IS NOT NULL
ORDER BY a.asset_id
