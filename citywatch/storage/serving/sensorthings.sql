-- Each set of OGC SensorThings as a table: columns named as in the standard, and the columns that links join on.
-- name: Things
SELECT a.asset_id AS id, a.name_en AS name, k.name_en || ' in ' || d.name_en AS description,
       jsonb_build_object(
           'name_zh', a.name_zh, 'system', k.system_id, 'kind', a.kind_id, 'district', a.district_id,
           'responsible_unit', a.responsible_unit, 'origin', a.origin, 'parameters', a.parameters) AS properties,
       a.asset_id
FROM asset a
JOIN asset_kind k USING (kind_id)
JOIN district d USING (district_id)

-- name: Locations
SELECT a.asset_id AS id, a.name_en AS name, 'Place of ' || a.name_en AS description,
       'application/geo+json' AS "encodingType",
       jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(a.longitude, a.latitude)) AS location,
       jsonb_build_object('district', a.district_id) AS properties,
       point(a.longitude, a.latitude) AS place, a.asset_id
FROM asset a

-- name: HistoricalLocations
-- assets do not move
SELECT NULL::text AS id, NULL::timestamptz AS time, NULL::text AS asset_id WHERE false

-- name: Datastreams
SELECT s.datastream_id AS id, p.name_en || ' at ' || a.name_en || ', ' || s.sensor_id AS name,
       p.name_en || ' every ' || s.expected_interval || ' s' AS description,
       'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement' AS "observationType",
       jsonb_build_object(
           'name', s.unit, 'symbol', s.unit, 'definition', 'http://www.opengis.net/def/uom/UCUM/0/' || s.unit)
           AS "unitOfMeasurement",
       jsonb_build_object(
           'property', s.property_id, 'sampling', s.sampling, 'expected_interval_s', s.expected_interval,
           'resolution', s.resolution, 'decimals', p.decimals,
           'plausible_low', nullif(s.plausible_low, '-Infinity'), 'plausible_high', nullif(s.plausible_high, 'Infinity'))
           AS properties,
       s.datastream_id, s.asset_id, s.sensor_id, s.property_id
FROM datastream s
JOIN observed_property p USING (property_id)
JOIN asset a USING (asset_id)

-- name: Sensors
SELECT s.asset_id || ':' || s.sensor_id AS id, s.model_name_en || ' ' || s.sensor_id AS name,
       s.model_name_en || ' at ' || a.name_en AS description, 'text/plain' AS "encodingType", s.model_id AS metadata,
       jsonb_build_object(
           'model', s.model_id, 'model_zh', s.model_name_zh, 'asset', s.asset_id, 'installed_at', s.installed_at,
           'removed_at', s.removed_at, 'calibrated_at', s.calibrated_at) AS properties,
       s.asset_id, s.sensor_id
FROM sensor s
JOIN asset a USING (asset_id)

-- name: ObservedProperties
SELECT p.property_id AS id, p.name_en AS name, p.name_en || ' in ' || p.unit AS description,
       'urn:citywatch:property:' || p.property_id AS definition,
       jsonb_build_object('name_zh', p.name_zh, 'unit', p.unit) AS properties,
       p.property_id
FROM observed_property p

-- name: Observations
SELECT o.datastream_id || ':' || (extract(epoch FROM o.phenomenon_time) * 1000000)::int8 AS id,
       o.phenomenon_time AS "phenomenonTime", o.phenomenon_time AS "resultTime", o.result,
       o.quality AS "resultQuality", jsonb_build_object('received_time', o.received_time) AS parameters,
       o.datastream_id, s.asset_id
FROM observation o
JOIN datastream s USING (datastream_id)

-- name: FeaturesOfInterest
-- what is observed is the asset itself, at its place
SELECT a.asset_id AS id, a.name_en AS name, a.name_en AS description, 'application/geo+json' AS "encodingType",
       jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(a.longitude, a.latitude)) AS feature,
       jsonb_build_object('kind', a.kind_id, 'district', a.district_id) AS properties,
       point(a.longitude, a.latitude) AS place, a.asset_id
FROM asset a

-- name: entity
SELECT * FROM {table} WHERE {tests}

-- name: page
SELECT * FROM {table} WHERE {where} AND {following} ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- name: count
SELECT count(*) AS count FROM {table} WHERE {where}

-- name: linked
-- a page of each parent in one statement; what a link leads to is found by the columns both sides have
SELECT p.parent_no, e.*
FROM {parents}
CROSS JOIN LATERAL (
    SELECT * FROM {table} WHERE {joins} AND {where} AND {following} ORDER BY {order} LIMIT {limit} OFFSET {offset}
) AS e
ORDER BY p.parent_no, {order}
LIMIT {most}

-- name: linked_counts
SELECT p.parent_no, (SELECT count(*) FROM {table} WHERE {joins} AND {where}) AS count FROM {parents}
