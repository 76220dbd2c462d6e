-- name: sensors
SELECT asset_id, sensor_id, system_id, district_id, kind_id, liveness, liveness_since, heard_at, said, said_at,
       expected_interval AS expected_interval_s, late_s, offline_s
FROM dash.sensor_liveness
WHERE (%(asset_id)s::text IS NULL OR asset_id = %(asset_id)s)
  AND (%(system)s::text IS NULL OR system_id = %(system)s)
  AND (%(district)s::text IS NULL OR district_id = %(district)s)
  AND (%(liveness)s::text IS NULL OR liveness = %(liveness)s)
  AND (asset_id, sensor_id) > (%(after_asset)s, %(after_sensor)s)
ORDER BY asset_id, sensor_id
LIMIT %(limit)s

-- name: counts
SELECT coalesce(sum(sensors_online), 0)::int AS online, coalesce(sum(sensors_late), 0)::int AS late,
       coalesce(sum(sensors_offline), 0)::int AS offline
FROM dash.liveness
