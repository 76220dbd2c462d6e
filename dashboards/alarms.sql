-- Alarms.

-- name: standing
SELECT count(*) AS alarms FROM dash.alarm WHERE {filter} AND is_open AND raised_at < now() - interval '24 hours'

-- name: rate
SELECT 600.0 * count(*) / extract(epoch FROM $__timeTo()::timestamptz - $__timeFrom()::timestamptz)::float8 AS rate
FROM dash.alarm
WHERE {filter} AND $__timeFilter(raised_at)

-- name: median_acknowledgement
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY acknowledged_after_s) AS median
FROM dash.alarm
WHERE {filter} AND $__timeFilter(raised_at)

-- name: open_alarms
SELECT severity, alarm_state, asset_{lang} AS asset, message_{lang} AS message, district_{lang} AS district, raised_at,
       acknowledged_by, occurrences, asset_id
FROM dash.alarm
WHERE {filter} AND is_open
ORDER BY is_unacknowledged DESC, severity DESC, raised_at DESC
LIMIT 200

-- name: worst_ten_minutes
SELECT g.bucket AS "time", coalesce(max(a.alarms), 0) AS alarms
FROM generate_series(
    date_bin('$__interval', $__timeFrom()::timestamptz, {midnight}), $__timeTo()::timestamptz, '$__interval') AS g (bucket)
LEFT JOIN (
    SELECT date_bin('$__interval', date_bin('10 minutes', raised_at, {midnight}), {midnight}) AS bucket, count(*) AS alarms
    FROM dash.alarm
    WHERE {filter} AND $__timeFilter(raised_at)
    GROUP BY date_bin('10 minutes', raised_at, {midnight})
) a USING (bucket)
GROUP BY g.bucket
ORDER BY g.bucket

-- name: frequent
SELECT rule_{lang} AS rule, asset_{lang} AS asset, count(*)::int4 AS alarms, sum(occurrences)::int4 AS occurrences,
       100.0 * sum(occurrences) / sum(sum(occurrences)) OVER ()::float8 AS share, asset_id
FROM dash.alarm
WHERE {filter} AND $__timeFilter(raised_at)
GROUP BY rule_{lang}, asset_{lang}, asset_id
ORDER BY sum(occurrences) DESC, count(*) DESC, asset_id
LIMIT 10

-- name: severities
SELECT w.state AS severity, count(a.alarm_id)::int4 AS alarms,
       100.0 * count(a.alarm_id) / nullif(sum(count(a.alarm_id)) OVER (), 0)::float8 AS share,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY a.acknowledged_after_s) AS median_s
FROM dash.state w
LEFT JOIN (
    SELECT alarm_id, peak_severity, acknowledged_after_s
    FROM dash.alarm
    WHERE {filter} AND $__timeFilter(raised_at)
) a ON a.peak_severity = w.state
WHERE w.state BETWEEN 1 AND 4
GROUP BY w.state
ORDER BY w.state DESC

-- name: acknowledgement
SELECT date_bin('$__interval', raised_at, {midnight}) AS "time",
       percentile_cont(0.5) WITHIN GROUP (ORDER BY acknowledged_after_s) AS median,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY acknowledged_after_s) AS slow
FROM dash.alarm
WHERE {filter} AND $__timeFilter(raised_at) AND acknowledged_after_s IS NOT NULL
GROUP BY 1
ORDER BY 1

-- name: by_hour
SELECT to_char(h, 'FM00') || '-' || to_char(h + 3, 'FM00') AS hours, count(a.raised_at)::int4 AS alarms
FROM generate_series(0, 21, 3) AS h
LEFT JOIN (
    SELECT raised_at, extract(hour FROM raised_at AT TIME ZONE time_zone)::int4 / 3 * 3 AS h
    FROM dash.alarm
    CROSS JOIN dash.city
    WHERE {filter} AND $__timeFilter(raised_at)
) a USING (h)
GROUP BY h
ORDER BY h
