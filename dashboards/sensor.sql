-- Sensor detail: one datastream.

-- name: datastreams
SELECT sensor_id || ' · ' || property_{lang} AS __text, datastream_id AS __value
FROM dash.datastream
WHERE asset_id = ${asset:sqlstring}
ORDER BY sensor_id, property_id

-- name: value
SELECT round(value::numeric, decimals) || ' ' || translate(unit, '{}', '') AS value
FROM dash.sensor_state
WHERE datastream_id = ${datastream:sqlstring}

-- name: measured
SELECT extract(epoch FROM ts)::float8 * 1000 AS measured FROM dash.sensor_state WHERE datastream_id = ${datastream:sqlstring}

-- name: state
SELECT state FROM dash.datastream_state WHERE datastream_id = ${datastream:sqlstring}

-- name: deviation
SELECT (l.value - b.expected) / nullif(b.scale, 0) AS deviation
FROM dash.datastream_state l
JOIN dash.baseline b USING (datastream_id)
WHERE l.datastream_id = ${datastream:sqlstring}

-- name: good
SELECT 100.0 * sum(good) / nullif(sum(n + failed), 0) AS share
FROM dash.rollup
WHERE datastream_id = ${datastream:sqlstring} AND step = dash.step('$__interval') AND $__timeFilter(bucket)

-- name: band
SELECT date_bin('$__interval', bucket, {midnight}) AS "time", min(min) AS min, sum(mean * n) / sum(n) AS mean, max(max) AS max
FROM dash.rollup
WHERE datastream_id = ${datastream:sqlstring} AND step = dash.step('$__interval') AND n > 0 AND $__timeFilter(bucket)
GROUP BY 1
ORDER BY 1

-- name: quality
SELECT date_bin('$__interval', bucket, {midnight}) AS "time", sum(good)::float8 AS good, sum(n - good)::float8 AS suspect,
       sum(failed)::float8 AS failed
FROM dash.rollup
WHERE datastream_id = ${datastream:sqlstring} AND step = dash.step('$__interval') AND $__timeFilter(bucket)
GROUP BY 1
ORDER BY 1

-- name: neighbours
WITH near AS MATERIALIZED (
    SELECT o.datastream_id, o.asset_{lang} || ' ' || o.sensor_id AS metric
    FROM dash.datastream d
    JOIN dash.datastream o ON o.property_id = d.property_id AND o.system_id = d.system_id
    WHERE d.datastream_id = ${datastream:sqlstring}
    ORDER BY power(o.lat - d.lat, 2) + power((o.lon - d.lon) * cos(radians(d.lat)), 2),
             o.datastream_id <> d.datastream_id, o.datastream_id
    LIMIT 6
)
SELECT date_bin('$__interval', r.bucket, {midnight}) AS "time", near.metric, sum(r.mean * r.n) / sum(r.n) AS value
FROM near
JOIN dash.rollup r USING (datastream_id)
WHERE r.step = dash.step('$__interval') AND r.n > 0 AND $__timeFilter(r.bucket)
GROUP BY 1, 2
ORDER BY 1, 2

-- name: facts
SELECT f.fact, f.said
FROM dash.datastream d
LEFT JOIN dash.baseline b USING (datastream_id)
CROSS JOIN dash.city c
CROSS JOIN LATERAL (VALUES
    (1, {asset_word}, d.asset_{lang} || ', ' || d.district_{lang}),
    (2, {sensor_word}, d.sensor_id),
    (3, {model_word}, d.model_{lang}),
    (4, {property_word}, d.property_{lang} || ' [' || translate(d.unit, '{}', '') || ']'),
    (5, {interval_word}, d.expected_interval || ' s'),
    (6, {range_word}, coalesce(d.plausible_low::text, '-∞') || ' … ' || coalesce(d.plausible_high::text, '∞')),
    (7, {installed_word}, coalesce(to_char(d.installed_at AT TIME ZONE c.time_zone, 'YYYY-MM-DD'), '?')),
    (8, {calibrated_word}, coalesce(to_char(d.calibrated_at AT TIME ZONE c.time_zone, 'YYYY-MM-DD'), '?')),
    (9, {usual_word}, round(b.expected::numeric, d.decimals) || ' ± ' || round(b.scale::numeric, d.decimals))
) AS f (place, fact, said)
WHERE d.datastream_id = ${datastream:sqlstring} AND f.said IS NOT NULL
ORDER BY f.place

-- name: alarm_history
SELECT peak_severity, rule_{lang} AS rule, message_{lang} AS message, raised_at, open_s, acknowledged_by, alarm_state
FROM dash.alarm
WHERE asset_id = ${asset:sqlstring} AND raised_at <= $__timeTo() AND (closed_at IS NULL OR closed_at >= $__timeFrom())
ORDER BY raised_at DESC
LIMIT 100

-- name: asset_alarms
SELECT raised_at AS "time", coalesce(closed_at, now()) AS timeend, message_{lang} AS text, rule_{lang} AS tags,
       alarm_id AS id, CASE peak_severity WHEN 4 THEN {critical} ELSE {major} END AS color
FROM dash.alarm
WHERE asset_id = ${asset:sqlstring} AND peak_severity >= 3
  AND raised_at <= $__timeTo() AND (closed_at IS NULL OR closed_at >= $__timeFrom())
ORDER BY raised_at
LIMIT 500
