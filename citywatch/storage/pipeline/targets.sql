-- name: upsert_indicator
INSERT INTO indicator (indicator_id, place, definition) VALUES (%s, %s, %s)
ON CONFLICT (indicator_id) DO UPDATE SET place = excluded.place, definition = excluded.definition

-- name: keep_indicators
DELETE FROM indicator WHERE indicator_id <> ALL (%s)

-- name: upsert_target
INSERT INTO target (target_id, place, definition) VALUES (%s, %s, %s)
ON CONFLICT (target_id) DO UPDATE SET place = excluded.place, definition = excluded.definition

-- name: keep_targets
-- entries stay: what somebody has signed is not removed with the line it belongs to
DELETE FROM target WHERE target_id <> ALL (%s)

-- name: targets
SELECT definition FROM target ORDER BY place

-- name: coverage_target
SELECT t.definition
FROM target t
JOIN indicator i ON i.indicator_id = t.definition ->> 'indicator_id'
WHERE i.definition ->> 'formula' = 'coverage' AND i.definition #> '{parameters,kinds}' = jsonb_build_array(%(kind_id)s::text)
ORDER BY t.place
LIMIT 1

-- name: newest_entries
SELECT DISTINCT ON (target_id) target_id, day, value, author, note, entered_at
FROM target_entry
WHERE day <= %(day)s
ORDER BY target_id, day DESC, entry_id DESC

-- name: entries
SELECT target_id, day, value, author, note, entered_at FROM target_entry WHERE target_id = %(target_id)s ORDER BY entry_id

-- name: newest_figures
SELECT DISTINCT ON (indicator_id) indicator_id, day, value
FROM indicator_day
WHERE district_id = '' AND day <= %(day)s AND value IS NOT NULL
ORDER BY indicator_id, day DESC

-- name: enter
INSERT INTO target_entry (target_id, day, value, author, note, entered_at)
VALUES (%(target_id)s, %(day)s, %(value)s, %(author)s, %(note)s, %(entered_at)s)
