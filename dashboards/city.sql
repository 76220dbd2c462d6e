-- City overview.

-- name: bridges_monitored
SELECT 100.0 * monitored / nullif(required, 0) AS pct, format({share}, monitored, required, target) AS share
FROM (
    SELECT coalesce(sum(monitored), 0) AS monitored, coalesce(sum(required), 0) AS required,
           coalesce(max(target_pct), 100) AS target
    FROM dash.coverage_now
    WHERE kind_id = 'bridge' AND district_id IN (${district:sqlstring})
) c

-- name: system_history
-- Worst active alarm per bucket; without one, whether anything was stored shows that the system was there at all.
WITH grid AS (
    SELECT bucket
    FROM generate_series(
        date_bin('$__interval', greatest($__timeFrom(), (SELECT min(bucket) FROM dash.ledger_1m)), {midnight}),
        least($__timeTo(), now() - interval '2 minutes'), '$__interval') AS g (bucket)
), alarmed AS (
    SELECT s.system_id, b.bucket, max(s.severity) AS severity
    FROM dash.alarm_span s
    CROSS JOIN LATERAL generate_series(
        date_bin('$__interval', greatest(s.began_at, $__timeFrom()), {midnight}),
        least(s.ended_at, now(), $__timeTo()), '$__interval') AS b (bucket)
    WHERE {filter} AND s.raised_at <= $__timeTo() AND (s.closed_at IS NULL OR s.closed_at >= $__timeFrom())
    GROUP BY s.system_id, b.bucket
)
SELECT g.bucket AS "time", y.system_{lang} AS metric,
       CASE WHEN a.severity IS NOT NULL THEN a.severity
            WHEN EXISTS (
                SELECT FROM dash.ledger_1m l
                WHERE l.bucket >= g.bucket AND l.bucket < g.bucket + interval '$__interval' AND l.stored > 0
                  AND l.system_id = y.system_id AND l.district_id IN (${district:sqlstring})) THEN 0
            ELSE 5 END AS state
FROM grid g
CROSS JOIN dash.system y
LEFT JOIN alarmed a USING (system_id, bucket)
WHERE y.system_id IN (SELECT system_id FROM dash.reporting WHERE {filter})
ORDER BY g.bucket, y.system_id

-- name: coverage_history
SELECT day AS "time", 100.0 * sum(monitored) / nullif(sum(required), 0) AS monitored, max(target_pct) AS target
FROM dash.coverage
WHERE kind_id = 'bridge' AND district_id IN (${district:sqlstring}) AND day BETWEEN $__timeFrom()::timestamptz - interval '1 day' AND $__timeTo()
GROUP BY day
ORDER BY day

-- name: indicators
-- one figure per system that says how bad it is at its worst place, among values of good quality
SELECT DISTINCT ON (property_id)
       property_{lang} AS property, round(value::numeric, decimals) || ' ' || translate(unit, '{}', '') AS value,
       asset_{lang} AS asset, ts, state, asset_id, datastream_id
FROM dash.sensor_state
WHERE {filter} AND is_reporting AND quality < 3
  AND property_id IN ('methane', 'water_depth', 'tilt', 'acceleration_rms', 'rain_rate')
ORDER BY property_id, abs(value) DESC, datastream_id
