-- name: city
SELECT name_en, name_zh FROM city

-- name: data_to
SELECT max(committed_at) FROM batch

-- name: alarms
SELECT s::int4 AS severity,
       (count(*) FILTER (WHERE raised_at >= %(begin)s AND raised_at < %(end)s))::int4 AS raised,
       (count(*) FILTER (WHERE closed_at >= %(begin)s AND closed_at < %(end)s))::int4 AS closed,
       (count(*) FILTER (WHERE raised_at < %(end)s AND (closed_at IS NULL OR closed_at >= %(end)s)))::int4 AS open
FROM generate_series(1, 4) AS s
LEFT JOIN alarm ON peak_severity = s
GROUP BY s
ORDER BY s DESC

-- name: insert
INSERT INTO report (kind, first_day, last_day, due_day, made_at, data_to)
VALUES (%(kind)s, %(first)s, %(last)s, %(due)s, %(made_at)s, %(data_to)s)
RETURNING report_id

-- name: insert_file
INSERT INTO report_file (report_id, language, format, content) VALUES (%s, %s, %s, %s)

-- name: is_issued
SELECT EXISTS (SELECT FROM report WHERE kind = %(kind)s AND first_day = %(first)s)

-- name: list
SELECT report_id, kind, first_day, last_day, due_day, made_at, data_to
FROM report
WHERE %(kind)s::text IS NULL OR kind = %(kind)s
ORDER BY last_day DESC, report_id DESC
LIMIT %(limit)s

-- name: file
SELECT content FROM report_file WHERE report_id = %(report_id)s AND language = %(language)s AND format = %(format)s
