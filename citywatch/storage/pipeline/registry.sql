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
INSERT INTO asset_kind (kind_id, system_id, name_en, name_zh, coverage, parameters, part_of)
VALUES (%(kind_id)s, %(system_id)s, %(name_en)s, %(name_zh)s, %(coverage)s, %(parameters)s, %(part_of)s)
ON CONFLICT (kind_id) DO UPDATE SET
    system_id = excluded.system_id, name_en = excluded.name_en, name_zh = excluded.name_zh, coverage = excluded.coverage,
    parameters = excluded.parameters, part_of = excluded.part_of

-- name: stage
-- what the seed files say; compared with what the tables hold, and taken over as a whole
DROP TABLE IF EXISTS pg_temp.given_asset, pg_temp.given_sensor, pg_temp.given_measure, pg_temp.registry_change;
CREATE TEMPORARY TABLE given_asset (LIKE asset) ON COMMIT DROP;
CREATE TEMPORARY TABLE given_sensor (LIKE sensor) ON COMMIT DROP;
CREATE TEMPORARY TABLE given_measure ON COMMIT DROP AS
SELECT ''::text AS model_id, property_id, unit, expected_interval, sampling, span_low, span_high, plausible_low,
       plausible_high, resolution, limits
FROM datastream
WITH NO DATA

-- name: copy_assets
COPY given_asset (asset_id, kind_id, district_id, name_en, name_zh, latitude, longitude, responsible_unit, origin,
                  parameters, parent_id, street, valid_from, valid_until) FROM STDIN

-- name: copy_sensors
COPY given_sensor (asset_id, sensor_id, model_id, model_name_en, model_name_zh, installed_at, removed_at, calibrated_at,
                   calibrated_until) FROM STDIN

-- name: copy_measures
COPY given_measure (model_id, property_id, unit, expected_interval, sampling, span_low, span_high, plausible_low,
                    plausible_high, resolution, limits) FROM STDIN

-- name: count_datastreams
SELECT count(*) FROM given_sensor JOIN given_measure USING (model_id)

-- name: end_sensors_with_their_assets
UPDATE given_sensor s SET removed_at = least(s.removed_at, a.valid_until)
FROM given_asset a
WHERE a.asset_id = s.asset_id AND a.valid_until IS NOT NULL

-- name: compare
-- what is new, has changed, or is still there but no longer among the files
CREATE TEMPORARY TABLE registry_change ON COMMIT DROP AS
SELECT 'asset' AS what, coalesce(g.asset_id, a.asset_id) AS asset_id, '' AS sensor_id,
       CASE WHEN a.asset_id IS NULL THEN 'new' WHEN g.asset_id IS NULL THEN 'retired' ELSE 'changed' END AS change,
       CASE WHEN g.asset_id IS NOT NULL AND a.asset_id IS NOT NULL THEN to_jsonb(a) END AS before,
       CASE WHEN g.asset_id IS NOT NULL AND a.asset_id IS NOT NULL THEN to_jsonb(g) END AS after
FROM given_asset g
FULL JOIN asset a ON a.asset_id = g.asset_id
WHERE CASE WHEN g.asset_id IS NULL THEN a.valid_until IS NULL OR a.valid_until > now() ELSE a IS DISTINCT FROM g END
UNION ALL
SELECT 'sensor', coalesce(g.asset_id, s.asset_id), coalesce(g.sensor_id, s.sensor_id),
       CASE WHEN s.asset_id IS NULL THEN 'new' WHEN g.asset_id IS NULL THEN 'retired' ELSE 'changed' END,
       CASE WHEN g.asset_id IS NOT NULL AND s.asset_id IS NOT NULL THEN to_jsonb(s) END,
       CASE WHEN g.asset_id IS NOT NULL AND s.asset_id IS NOT NULL THEN to_jsonb(g) END
FROM given_sensor g
FULL JOIN sensor s ON s.asset_id = g.asset_id AND s.sensor_id = g.sensor_id
WHERE CASE WHEN g.asset_id IS NULL THEN s.removed_at IS NULL OR s.removed_at > now() ELSE s IS DISTINCT FROM g END;
ANALYZE registry_change

-- name: change_counts
SELECT what, change, count(*) FROM registry_change GROUP BY what, change

-- name: changes
SELECT what, change, asset_id, sensor_id,
       coalesce((SELECT array_agg(key ORDER BY key) FROM jsonb_each(after) n (key, value)
                 WHERE value IS DISTINCT FROM before -> key), '{}') AS fields
FROM registry_change
ORDER BY what, array_position(ARRAY['new', 'changed', 'retired'], change), asset_id, sensor_id
LIMIT %(limit)s

-- name: apply_assets
INSERT INTO asset
SELECT g.* FROM given_asset g JOIN registry_change c USING (asset_id) WHERE c.what = 'asset'
ON CONFLICT (asset_id) DO UPDATE SET
    kind_id = excluded.kind_id, district_id = excluded.district_id, name_en = excluded.name_en,
    name_zh = excluded.name_zh, latitude = excluded.latitude, longitude = excluded.longitude,
    responsible_unit = excluded.responsible_unit, origin = excluded.origin, parameters = excluded.parameters,
    valid_from = excluded.valid_from, valid_until = excluded.valid_until, parent_id = excluded.parent_id,
    street = excluded.street

-- name: retire_assets
UPDATE asset a SET valid_until = greatest(now(), a.valid_from)
FROM registry_change c
WHERE c.what = 'asset' AND c.change = 'retired' AND a.asset_id = c.asset_id

-- name: apply_sensors
INSERT INTO sensor
SELECT g.* FROM given_sensor g JOIN registry_change c USING (asset_id, sensor_id) WHERE c.what = 'sensor'
ON CONFLICT (asset_id, sensor_id) DO UPDATE SET
    model_id = excluded.model_id, model_name_en = excluded.model_name_en, model_name_zh = excluded.model_name_zh,
    installed_at = excluded.installed_at, removed_at = excluded.removed_at, calibrated_at = excluded.calibrated_at,
    calibrated_until = excluded.calibrated_until

-- name: retire_sensors
UPDATE sensor s SET removed_at = greatest(now(), s.installed_at)
FROM registry_change c
WHERE c.what = 'sensor' AND c.change = 'retired' AND s.asset_id = c.asset_id AND s.sensor_id = c.sensor_id

-- name: apply_datastreams
-- in the order of the files, which is that of the staged rows: the same registry gets the same numbers
INSERT INTO datastream AS d (asset_id, sensor_id, property_id, unit, expected_interval, sampling, span_low, span_high,
                             plausible_low, plausible_high, resolution, limits)
SELECT s.asset_id, s.sensor_id, g.property_id, g.unit, g.expected_interval, g.sampling, g.span_low, g.span_high,
       g.plausible_low, g.plausible_high, g.resolution, g.limits
FROM given_sensor s
JOIN given_measure g USING (model_id)
LEFT JOIN datastream d
       ON d.asset_id = s.asset_id AND d.sensor_id = s.sensor_id AND d.property_id = g.property_id
WHERE (g.unit, g.expected_interval, g.sampling, g.span_low, g.span_high, g.plausible_low, g.plausible_high, g.resolution,
       g.limits)
      IS DISTINCT FROM (d.unit, d.expected_interval, d.sampling, d.span_low, d.span_high, d.plausible_low,
                        d.plausible_high, d.resolution, d.limits)
ORDER BY s.ctid, g.ctid
ON CONFLICT (asset_id, sensor_id, property_id) DO UPDATE SET
    unit = excluded.unit, expected_interval = excluded.expected_interval, sampling = excluded.sampling,
    span_low = excluded.span_low, span_high = excluded.span_high, plausible_low = excluded.plausible_low,
    plausible_high = excluded.plausible_high, resolution = excluded.resolution, limits = excluded.limits

-- name: amend_versions
-- a record that has not begun yet or is over is corrected where it stands; an end that moved is taken over
UPDATE asset_version v SET
    kind_id = a.kind_id, district_id = a.district_id, street = a.street, name_en = a.name_en, name_zh = a.name_zh,
    responsible_unit = a.responsible_unit, origin = a.origin, valid_until = a.valid_until
FROM asset a
JOIN registry_change c ON c.what = 'asset' AND c.asset_id = a.asset_id
WHERE v.asset_id = a.asset_id
  AND v.valid_from = (SELECT max(valid_from) FROM asset_version WHERE asset_id = a.asset_id)
  AND (v.valid_from >= now() OR a.valid_until <= now()
       OR ((v.valid_until IS NULL OR v.valid_until > now())
           AND (v.kind_id, v.district_id, v.street, v.name_en, v.name_zh, v.responsible_unit, v.origin)
               = (a.kind_id, a.district_id, a.street, a.name_en, a.name_zh, a.responsible_unit, a.origin)))

-- name: close_versions
UPDATE asset_version v SET valid_until = now()
FROM asset a
JOIN registry_change c ON c.what = 'asset' AND c.asset_id = a.asset_id
WHERE v.asset_id = a.asset_id
  AND v.valid_from = (SELECT max(valid_from) FROM asset_version WHERE asset_id = a.asset_id)
  AND (v.valid_until IS NULL OR v.valid_until > now())
  AND (v.kind_id, v.district_id, v.street, v.name_en, v.name_zh, v.responsible_unit, v.origin)
      <> (a.kind_id, a.district_id, a.street, a.name_en, a.name_zh, a.responsible_unit, a.origin)

-- name: open_versions
INSERT INTO asset_version (asset_id, valid_from, valid_until, kind_id, district_id, street, name_en, name_zh,
                           responsible_unit, origin)
SELECT a.asset_id, CASE WHEN v.asset_id IS NULL THEN coalesce(a.valid_from, now()) ELSE now() END, a.valid_until,
       a.kind_id, a.district_id, a.street, a.name_en, a.name_zh, a.responsible_unit, a.origin
FROM asset a
JOIN registry_change c ON c.what = 'asset' AND c.asset_id = a.asset_id
LEFT JOIN LATERAL (
    SELECT * FROM asset_version WHERE asset_id = a.asset_id ORDER BY valid_from DESC LIMIT 1
) v ON true
WHERE (v.kind_id, v.district_id, v.street, v.name_en, v.name_zh, v.responsible_unit, v.origin, v.valid_until)
      IS DISTINCT FROM (a.kind_id, a.district_id, a.street, a.name_en, a.name_zh, a.responsible_unit, a.origin,
                        a.valid_until)

-- name: keep_calibrations
INSERT INTO calibration (asset_id, sensor_id, calibrated_at, valid_until)
SELECT asset_id, sensor_id, calibrated_at, calibrated_until
FROM sensor
JOIN registry_change c USING (asset_id, sensor_id)
WHERE c.what = 'sensor' AND calibrated_at IS NOT NULL
ON CONFLICT (asset_id, sensor_id, calibrated_at) DO UPDATE SET valid_until = excluded.valid_until

-- name: upsert_rule
INSERT INTO rule (rule_id, definition) VALUES (%(rule_id)s, %(definition)s)
ON CONFLICT (rule_id) DO UPDATE SET definition = excluded.definition

-- name: announce
NOTIFY citywatch_registry

-- name: datastreams
SELECT d.datastream_id, k.system_id, a.kind_id, a.district_id, d.asset_id, d.sensor_id, d.property_id, d.unit,
       d.expected_interval, d.sampling, d.span_low, d.span_high, d.plausible_low, d.plausible_high, d.resolution,
       d.limits::text, CASE WHEN s.removed_at <= now() THEN s.removed_at END AS removed_at
FROM datastream d
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)
JOIN sensor s ON s.asset_id = d.asset_id AND s.sensor_id = d.sensor_id
ORDER BY d.datastream_id

-- name: rules
SELECT definition FROM rule ORDER BY rule_id

-- name: asset_names
SELECT asset_id, name_en, name_zh FROM asset

-- name: city_name
SELECT city_id, name_en, name_zh FROM city

-- name: districts
SELECT district_id, name_en, name_zh, district_class, boundary, boundary_source FROM district ORDER BY district_id

-- name: assets
SELECT asset_id, kind_id, district_id, name_en, name_zh, latitude, longitude, responsible_unit, origin, parameters,
       parent_id, street, valid_from, valid_until
FROM asset
ORDER BY asset_id

-- name: sensors
SELECT asset_id, sensor_id, model_id, installed_at, removed_at, calibrated_at, calibrated_until
FROM sensor
ORDER BY asset_id, sensor_id

-- name: assets_with_coverage
SELECT a.asset_id, a.kind_id, a.district_id, a.name_en, a.name_zh, a.latitude, a.longitude, a.responsible_unit,
       a.origin, a.parameters, a.parent_id, a.street, a.valid_from, a.valid_until, k.coverage::text
FROM asset a
JOIN asset_kind k USING (kind_id)
WHERE k.coverage IS NOT NULL
  AND (a.valid_from IS NULL OR a.valid_from <= now()) AND (a.valid_until IS NULL OR a.valid_until > now())
ORDER BY a.asset_id
