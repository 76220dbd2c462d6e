-- Coverage.

-- name: monitored
SELECT 100.0 * monitored / nullif(required, 0) AS pct, format({share}, monitored, required) AS share
FROM (
    SELECT coalesce(sum(monitored), 0) AS monitored, coalesce(sum(required), 0) AS required
    FROM dash.coverage_now
    WHERE {filter}
) c

-- name: count_of
SELECT coalesce(sum({column}), 0)::int4 AS assets FROM dash.coverage_now WHERE {filter}

-- name: gaps
SELECT coalesce(sum(required - monitored), 0)::int4 AS assets FROM dash.coverage_now WHERE {filter}

-- name: by_district
SELECT kind_{lang} AS kind, district_{lang} AS district, required, installed, reporting, monitored, pct,
       target_pct AS target
FROM dash.coverage_now
WHERE {filter}
ORDER BY array_position(ARRAY['central', 'outer', 'zone'], district_class) NULLS LAST, pct, district_{lang}

-- name: blind_spots
-- later rows are drawn over earlier ones
SELECT v.lat, v.lon, v.asset_{lang} AS asset, w.state, v.verdict_{lang} AS verdict, v.district_{lang} AS district,
       w.rank, v.asset_id
FROM dash.coverage_verdict v
JOIN dash.state w ON w.state = CASE v.verdict WHEN 'not-installed' THEN {not_installed}
                                              WHEN 'not-reporting' THEN {not_reporting}
                                              WHEN 'not-passing' THEN {not_passing}
                                              WHEN 'not-calibrated' THEN {not_calibrated} ELSE 0 END
WHERE {filter}
ORDER BY w.rank, v.asset_id

-- name: trend
SELECT day AS "time", kind_{lang} AS metric, 100.0 * sum(monitored) / nullif(sum(required), 0)::float8 AS pct
FROM dash.coverage
WHERE {filter} AND day BETWEEN $__timeFrom()::timestamptz - interval '1 day' AND $__timeTo()
GROUP BY day, kind_{lang}
UNION ALL
SELECT day, {target}, max(target_pct)
FROM dash.coverage
WHERE {filter} AND day BETWEEN $__timeFrom()::timestamptz - interval '1 day' AND $__timeTo()
GROUP BY day
HAVING max(target_pct) IS NOT NULL
ORDER BY 1, 2

-- name: funnel
SELECT day AS "time", sum(required)::float8 AS required, sum(installed)::float8 AS installed,
       sum(reporting)::float8 AS reporting, sum(monitored)::float8 AS monitored
FROM dash.coverage
WHERE {filter} AND day BETWEEN $__timeFrom()::timestamptz - interval '1 day' AND $__timeTo()
GROUP BY day
ORDER BY day

-- name: reasons
SELECT verdict_{lang} AS verdict, count(*)::int4 AS assets
FROM dash.coverage_verdict
WHERE {filter} AND NOT is_monitored
GROUP BY verdict_{lang}
ORDER BY assets DESC, verdict

-- name: gap_list
SELECT verdict, asset_{lang} AS asset, kind_{lang} AS kind, district_{lang} AS district, responsible_unit, asset_id
FROM dash.coverage_verdict
WHERE {filter} AND NOT is_monitored
ORDER BY array_position(ARRAY['not-reporting', 'not-passing', 'not-calibrated', 'not-installed'], verdict), asset_id
LIMIT 200
