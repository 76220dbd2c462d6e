-- name: city
SELECT city_id, name_en, name_zh,
       (SELECT count(*) FROM asset
        WHERE (valid_from IS NULL OR valid_from <= now()) AND (valid_until IS NULL OR valid_until > now())) AS assets,
       (SELECT count(*) FROM sensor WHERE removed_at IS NULL OR removed_at > now()) AS sensors,
       (SELECT count(*) FROM datastream JOIN sensor USING (asset_id, sensor_id)
        WHERE removed_at IS NULL OR removed_at > now()) AS datastreams
FROM city

-- name: districts
SELECT district_id, name_en, name_zh, district_class, boundary_source FROM district ORDER BY district_class, district_id

-- name: boundaries
SELECT district_id, name_en, name_zh, district_class, boundary, boundary_source FROM district ORDER BY district_id

-- name: systems
SELECT system_id, name_en, name_zh FROM system ORDER BY system_id

-- name: assets
SELECT a.asset_id, k.system_id, a.kind_id, a.district_id, a.name_en, a.name_zh, a.latitude, a.longitude, a.street,
       a.responsible_unit, a.origin, a.parent_id, a.valid_from, a.valid_until, a.parameters
FROM asset a
JOIN asset_kind k USING (kind_id)
WHERE a.asset_id > %(after)s
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(kind)s::text IS NULL OR a.kind_id = %(kind)s)
  AND (%(district)s::text IS NULL OR a.district_id = %(district)s)
  AND (%(parent)s::text IS NULL OR a.parent_id = %(parent)s)
  AND (%(ended)s OR ((a.valid_from IS NULL OR a.valid_from <= now())
                     AND (a.valid_until IS NULL OR a.valid_until > now())))
  AND (%(text)s::text IS NULL OR a.asset_id ILIKE %(text)s OR a.name_en ILIKE %(text)s OR a.name_zh ILIKE %(text)s)
ORDER BY a.asset_id
LIMIT %(limit)s

-- name: asset
SELECT a.asset_id, k.system_id, a.kind_id, a.district_id, a.name_en, a.name_zh, a.latitude, a.longitude, a.street,
       a.responsible_unit, a.origin, a.parent_id, a.valid_from, a.valid_until, a.parameters
FROM asset a
JOIN asset_kind k USING (kind_id)
WHERE a.asset_id = %(asset_id)s

-- name: versions
SELECT valid_from, valid_until, kind_id, district_id, street, name_en, name_zh, responsible_unit, origin
FROM asset_version
WHERE asset_id = %(asset_id)s
ORDER BY valid_from

-- name: kinds
SELECT kind_id, system_id, name_en, name_zh, part_of, parameters, coverage FROM asset_kind ORDER BY system_id, kind_id

-- name: asset_states
-- what the map shows: the worst open alarm, and how many datastreams are silent
SELECT a.asset_id, k.system_id, a.kind_id, a.district_id, a.name_en, a.name_zh, a.latitude, a.longitude, a.origin,
       coalesce(al.severity, 0) AS severity,
       coalesce(al.unacknowledged, false) AS unacknowledged,
       coalesce(al.alarms, 0) AS open_alarms,
       coalesce(d.datastreams, 0) AS datastreams,
       coalesce(d.heard, 0) AS heard_datastreams,
       coalesce(d.silent, 0) AS silent_datastreams
FROM asset a
JOIN asset_kind k USING (kind_id)
LEFT JOIN (
    SELECT asset_id, max(severity) FILTER (WHERE state <> 'returned-unacknowledged') AS severity,
           bool_or(state <> 'acknowledged') AS unacknowledged, count(*) AS alarms
    FROM alarm WHERE closed_at IS NULL GROUP BY asset_id
) al USING (asset_id)
LEFT JOIN (
    SELECT s.asset_id, count(*) AS datastreams, count(l.datastream_id) AS heard, count(g.datastream_id) AS silent
    FROM datastream s
    LEFT JOIN latest l USING (datastream_id)
    LEFT JOIN gap g ON g.datastream_id = s.datastream_id AND g.ended_at IS NULL
    JOIN sensor n ON n.asset_id = s.asset_id AND n.sensor_id = s.sensor_id
    WHERE n.removed_at IS NULL OR n.removed_at > now()
    GROUP BY s.asset_id
) d USING (asset_id)
WHERE (a.valid_from IS NULL OR a.valid_from <= now()) AND (a.valid_until IS NULL OR a.valid_until > now())
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(district)s::text IS NULL OR a.district_id = %(district)s)
ORDER BY a.asset_id

-- name: properties
SELECT property_id, name_en, name_zh, unit, decimals FROM observed_property ORDER BY property_id

-- name: rules
SELECT rule_id, definition ->> 'method' AS method, definition ->> 'kind_id' AS kind_id,
       definition ->> 'property_id' AS property_id, definition ->> 'direction' AS direction,
       definition #>> '{name,en}' AS name_en, definition #>> '{name,zh}' AS name_zh,
       definition #>> '{advice,en}' AS advice_en, definition #>> '{advice,zh}' AS advice_zh,
       definition -> 'tiers' AS tiers,
       (definition ->> 'dead_band')::float8 AS dead_band, (definition ->> 'off_delay')::float8 AS off_delay_s
FROM rule
WHERE (%(kind)s::text IS NULL OR definition ->> 'kind_id' = %(kind)s)
ORDER BY rule_id
