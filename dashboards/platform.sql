-- Platform health.

-- name: unaccounted
SELECT coalesce(sum(abs(unaccounted)), 0)::int8 AS readings
FROM dash.ledger_balance
WHERE system_id IS NULL OR {filter}

-- name: processes_not_well
SELECT count(*) AS processes FROM dash.process WHERE process_state <> 'ok'

-- name: dead_letters_open
SELECT coalesce(sum(letters), 0)::int8 AS letters FROM dash.dead_letter

-- name: deliveries_failed
SELECT coalesce(sum(failed), 0)::int8 AS deliveries FROM dash.endpoint

-- name: database_size
SELECT size_bytes::float8 AS size FROM dash.database

-- name: lateness
SELECT hour AS "time", y.system_{lang} AS metric, max(lateness_p95_s) AS lateness
FROM dash.device_ledger l
JOIN dash.system y USING (system_id)
WHERE {filter} AND hour >= $__timeFrom()::timestamptz - interval '1 hour' AND hour <= $__timeTo()
GROUP BY hour, y.system_{lang}
ORDER BY hour, y.system_{lang}

-- name: processes
SELECT process_state, process, beat_at, started_at, cause
FROM dash.process
ORDER BY process_state = 'ok', process, instance

-- name: followers
SELECT follower, batches_behind, behind_s FROM dash.follower ORDER BY behind_s DESC, follower

-- name: dead_letters
SELECT reason, letters, rejected, last_received_at FROM dash.dead_letter ORDER BY letters DESC, reason

-- name: liveness
SELECT y.system_{lang} AS system, sum(sensors)::int4 AS sensors, sum(sensors_late)::int4 AS sensors_late,
       sum(sensors_offline)::int4 AS sensors_offline,
       100.0 * sum(sensors_online) / nullif(sum(sensors), 0)::float8 AS online_pct
FROM dash.liveness l
JOIN dash.system y USING (system_id)
WHERE {filter}
GROUP BY y.system_{lang}
ORDER BY online_pct, system

-- name: devices
SELECT asset_{lang} AS asset, sensor_id, sum(skipped - out_of_order)::int8 AS missing, sum(repeated)::int8 AS repeated,
       sum(restarts)::int8 AS restarts, max(abs(skew_median_s)) AS skew, asset_id
FROM dash.device_ledger
WHERE {filter} AND hour > now() - interval '25 hours'
GROUP BY asset_id, asset_{lang}, sensor_id
HAVING sum(skipped - out_of_order) > 0
ORDER BY missing DESC, asset_id, sensor_id
LIMIT 15

-- name: endpoints
SELECT endpoint_state, host, delivered, waiting, failed, attempted_at, status FROM dash.endpoint ORDER BY endpoint_id

-- name: attempts
SELECT date_bin('$__interval', at, {midnight}) AS "time", count(*) FILTER (WHERE is_delivered)::float8 AS taken,
       count(*) FILTER (WHERE NOT is_delivered)::float8 AS refused
FROM dash.delivery_attempt
WHERE $__timeFilter(at)
GROUP BY 1
ORDER BY 1
