-- What several dashboards ask: variables, alarms drawn into charts, and what every system has.

-- name: systems
SELECT system_{lang} AS __text, system_id AS __value FROM dash.system ORDER BY system_id

-- name: districts
SELECT district_{lang} AS __text, district_id AS __value FROM dash.district ORDER BY district_order

-- name: assets
-- more than a reader can look through are not offered; a link still leads to any
SELECT asset_{lang} AS __text, asset_id AS __value
FROM dash.asset a
WHERE {area} AND EXISTS (SELECT FROM dash.datastream d WHERE d.asset_id = a.asset_id)
ORDER BY kind_id, asset_{lang}, asset_id
LIMIT 2000

-- name: serious_alarms
SELECT raised_at AS "time", coalesce(closed_at, now()) AS timeend, message_{lang} AS text,
       concat_ws(',', rule_{lang}, district_{lang}) AS tags, alarm_id AS id,
       CASE peak_severity WHEN 4 THEN {critical} ELSE {major} END AS color
FROM dash.alarm
WHERE {filter} AND peak_severity >= 3
  AND raised_at <= $__timeTo() AND (closed_at IS NULL OR closed_at >= $__timeFrom())
ORDER BY raised_at
LIMIT 500

-- name: active_alarms
SELECT count(*) AS alarms FROM dash.alarm WHERE {filter} AND is_active AND severity = {severity}

-- name: unacknowledged_alarms
SELECT count(*) AS alarms FROM dash.alarm WHERE {filter} AND is_unacknowledged

-- name: sensors_reporting
SELECT 100.0 * reporting / nullif(sensors, 0) AS pct, format({share}, reporting, sensors) AS share
FROM (
    SELECT coalesce(sum(sensors_reporting), 0) AS reporting, coalesce(sum(sensors), 0) AS sensors
    FROM dash.reporting
    WHERE {area}
) s

-- name: map
-- later rows are drawn over earlier ones; of a large city the map shows the worst, for nobody could tell more apart
SELECT *
FROM (
    SELECT lat, lon, asset_{lang} AS asset, state, what_{lang} AS what, kind_{lang} AS kind, district_{lang} AS district,
           origin, rank, asset_id
    FROM dash.asset_state
    WHERE {filter} AND datastreams > 0
    ORDER BY rank DESC, asset_id
    LIMIT 3000
) a
ORDER BY rank, asset_id

-- name: worst
SELECT state, asset_{lang} AS asset, what_{lang} AS what,
       extract(epoch FROM now() - state_since)::float8 AS lasts, unacknowledged, asset_id
FROM dash.asset_state
WHERE {filter} AND datastreams > 0 AND rank > 0
ORDER BY rank DESC, unacknowledged DESC, state_since DESC, asset_id
LIMIT 15

-- name: alarms_raised
SELECT g.bucket AS "time",
       count(*) FILTER (WHERE a.peak_severity = 4) AS critical,
       count(*) FILTER (WHERE a.peak_severity = 3) AS major,
       count(*) FILTER (WHERE a.peak_severity = 2) AS minor,
       count(*) FILTER (WHERE a.peak_severity = 1) AS advisory
FROM generate_series(
    date_bin('$__interval', $__timeFrom()::timestamptz, {midnight}), $__timeTo()::timestamptz, '$__interval') AS g (bucket)
LEFT JOIN (
    SELECT date_bin('$__interval', raised_at, {midnight}) AS bucket, peak_severity
    FROM dash.alarm
    WHERE $__timeFilter(raised_at) AND {filter}
) a USING (bucket)
GROUP BY g.bucket
ORDER BY g.bucket

-- name: asset_history
-- the ten assets with the worst alarms of the range: the worst active one per bucket
WITH top AS (
    SELECT asset_id, asset_{lang} AS metric
    FROM dash.alarm
    WHERE {filter} AND raised_at <= $__timeTo() AND (closed_at IS NULL OR closed_at >= $__timeFrom())
    GROUP BY asset_id, asset_{lang}
    ORDER BY max(peak_severity) DESC, sum(open_s) DESC, asset_id
    LIMIT 10
), alarmed AS (
    SELECT s.asset_id, b.bucket, max(s.severity) AS severity
    FROM dash.alarm_span s
    CROSS JOIN LATERAL generate_series(
        date_bin('$__interval', greatest(s.began_at, $__timeFrom()), {midnight}),
        least(s.ended_at, now(), $__timeTo()), '$__interval') AS b (bucket)
    WHERE s.asset_id IN (SELECT asset_id FROM top)
      AND s.raised_at <= $__timeTo() AND (s.closed_at IS NULL OR s.closed_at >= $__timeFrom())
    GROUP BY s.asset_id, b.bucket
)
SELECT g.bucket AS "time", t.metric, coalesce(a.severity, 0) AS state
FROM generate_series(
    date_bin('$__interval', $__timeFrom()::timestamptz, {midnight}), least(now(), $__timeTo()), '$__interval') AS g (bucket)
CROSS JOIN top t
LEFT JOIN alarmed a USING (asset_id, bucket)
ORDER BY g.bucket, t.metric

-- name: series
-- Eight datastreams of a property: those that raised the worst alarms in the range, then those whose newest value is the
-- most remarkable.
WITH top AS MATERIALIZED (
    SELECT s.datastream_id,
           s.asset_{lang} || CASE WHEN count(*) OVER (PARTITION BY s.asset_id) > 1 THEN ' ' || s.sensor_id ELSE '' END AS metric
    FROM dash.sensor_state s
    LEFT JOIN (
        SELECT datastream_id, max(peak_severity) AS peak
        FROM dash.alarm
        WHERE {filter} AND raised_at <= $__timeTo() AND (closed_at IS NULL OR closed_at >= $__timeFrom())
        GROUP BY datastream_id
    ) a USING (datastream_id)
    WHERE {filter} AND s.property_id = {property} {more}
    ORDER BY a.peak DESC NULLS LAST, {order} NULLS LAST, s.datastream_id
    LIMIT 8
)
SELECT date_bin('$__interval', r.bucket, {midnight}) AS "time", t.metric, {figure} AS value
FROM top t
JOIN dash.rollup r USING (datastream_id)
WHERE r.step = dash.step('$__interval') AND r.n > 0 AND $__timeFilter(r.bucket)
GROUP BY 1, 2
ORDER BY 1, 2

-- name: highest_now
SELECT asset_{lang} || CASE WHEN count(*) OVER (PARTITION BY asset_id) > 1 THEN ' ' || sensor_id ELSE '' END AS sensor,
       value
FROM dash.sensor_state
WHERE {filter} AND property_id = {property} AND is_reporting AND quality < 4
ORDER BY value DESC, datastream_id
LIMIT 12

-- name: rise_now
-- the newest value against the mean of the minute ten minutes before it, or the one before that
SELECT s.asset_{lang} || CASE WHEN count(*) OVER (PARTITION BY s.asset_id) > 1 THEN ' ' || s.sensor_id ELSE '' END
           AS sensor, s.value - b.mean AS value
FROM dash.sensor_state s
CROSS JOIN LATERAL (
    SELECT mean
    FROM dash.rollup r
    WHERE r.step = 'minute' AND r.datastream_id = s.datastream_id AND r.n > 0
      AND r.bucket > s.ts - interval '16 minutes' AND r.bucket <= s.ts - interval '10 minutes'
    ORDER BY r.bucket DESC
    LIMIT 1
) b
WHERE {filter} AND s.property_id = {property} AND s.is_reporting AND s.quality < 4
  AND round((s.value - b.mean)::numeric, s.decimals) > 0
ORDER BY s.value - b.mean DESC, s.datastream_id
LIMIT 12

-- name: lowest_now
SELECT state, asset_{lang} AS asset, sensor_id, value, ts, asset_id, datastream_id
FROM dash.sensor_state
WHERE {filter} AND property_id = {property} AND quality < 4
ORDER BY value, datastream_id
LIMIT 15

-- name: calibration
SELECT asset_{lang} AS asset, sensor_id, model_{lang} AS model, min(calibrated_at) AS calibrated_at,
       extract(epoch FROM now() - min(calibrated_at))::float8 AS age, asset_id
FROM dash.datastream
WHERE {filter}
GROUP BY asset_{lang}, sensor_id, model_{lang}, asset_id
ORDER BY min(calibrated_at) NULLS FIRST, asset_id, sensor_id
LIMIT 15

-- name: ingest
-- Means per minute; the bucket under way has had less time. The ledger is by the minute, so a long range is cut.
SELECT "time", sum(stored) / minutes AS stored, sum(duplicate) / minutes AS duplicate, sum(conflict) / minutes AS conflict,
       sum(rejected) / minutes AS rejected
FROM (
    SELECT date_bin('$__interval', bucket, {midnight}) AS "time", stored, duplicate, conflict, rejected
    FROM dash.ledger_1m
    WHERE bucket >= date_bin('$__interval', greatest(
              $__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '3 days'), {midnight})
      AND bucket <= $__timeTo()
      AND (source NOT LIKE '%/%' OR source IN (
          SELECT district_id || '/' || system_id FROM dash.district CROSS JOIN dash.system WHERE {area}))
) l
CROSS JOIN LATERAL (
    SELECT greatest(extract(epoch FROM least(now(), "time" + interval '$__interval') - "time")::float8 / 60, 1) AS minutes
) m
GROUP BY "time", minutes
ORDER BY "time"

-- name: sensors_away
SELECT coalesce(sum(sensors_late + sensors_offline), 0)::int4 AS sensors FROM dash.liveness WHERE {area}
