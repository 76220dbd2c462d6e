-- name: coverage_figures
SELECT c.at, c.kind_id, k.name_en AS kind_en, k.name_zh AS kind_zh, k.system_id, c.district_id, d.name_en AS district_en,
       d.name_zh AS district_zh, d.district_class, c.required, c.installed, c.reporting, c.monitored
FROM coverage c
JOIN asset_kind k USING (kind_id)
JOIN district d USING (district_id)
WHERE c.at = (SELECT max(at) FROM coverage)
ORDER BY c.kind_id, c.district_id

-- name: coverage_rules
SELECT kind_id, coverage FROM asset_kind WHERE coverage IS NOT NULL ORDER BY kind_id

-- name: coverage_history
SELECT at, sum(required)::int4 AS required, sum(monitored)::int4 AS monitored
FROM coverage
WHERE kind_id = %(kind_id)s AND at >= %(begin)s
GROUP BY at
ORDER BY at

-- name: asset_coverage
SELECT v.asset_id, a.name_en, a.name_zh, a.kind_id, a.district_id, a.origin, v.at, v.monitored, v.reason, v.details
FROM asset_coverage v
JOIN asset a USING (asset_id)
WHERE (%(kind_id)s::text IS NULL OR a.kind_id = %(kind_id)s)
  AND (%(monitored)s::boolean IS NULL OR v.monitored = %(monitored)s)
ORDER BY v.monitored, v.reason, v.asset_id
LIMIT %(limit)s
