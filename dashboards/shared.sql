-- What every dashboard asks: its variables and the alarms drawn into its charts.

-- name: systems
SELECT system_{lang} AS __text, system_id AS __value FROM dash.system ORDER BY system_id

-- name: districts
SELECT district_{lang} AS __text, district_id AS __value FROM dash.district ORDER BY district_order

-- name: serious_alarms
SELECT raised_at AS "time", coalesce(closed_at, now()) AS timeend, message_{lang} AS text,
       concat_ws(',', rule_{lang}, district_{lang}) AS tags, alarm_id AS id,
       CASE peak_severity WHEN 4 THEN {critical} ELSE {major} END AS color
FROM dash.alarm
WHERE {filter} AND peak_severity >= 3
  AND raised_at <= $__timeTo() AND (closed_at IS NULL OR closed_at >= $__timeFrom())
ORDER BY raised_at
LIMIT 500
