-- name: letters
-- newest first
SELECT dead_letter_id, received_at, topic, content_type, reason, detail, readings, indices, payload_size,
       payload_sha256, octet_length(payload) AS kept, state, state_at
FROM dead_letter
WHERE (%(ids)s::int8[] IS NULL OR dead_letter_id = ANY(%(ids)s))
  AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(topic)s::text IS NULL OR topic ~ %(topic)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(before)s::int8 IS NULL OR dead_letter_id < %(before)s)
ORDER BY dead_letter_id DESC
LIMIT %(limit)s

-- name: letters_upwards
SELECT dead_letter_id, received_at, topic, content_type, reason, detail, readings, indices, payload_size,
       payload_sha256, octet_length(payload) AS kept, state, state_at
FROM dead_letter
WHERE (%(ids)s::int8[] IS NULL OR dead_letter_id = ANY(%(ids)s))
  AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(topic)s::text IS NULL OR topic ~ %(topic)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND dead_letter_id > %(after)s AND dead_letter_id <= %(last)s
ORDER BY dead_letter_id
LIMIT %(limit)s

-- name: payload
SELECT payload FROM dead_letter WHERE dead_letter_id = %(dead_letter_id)s

-- name: events
SELECT at, event, actor FROM dead_letter_event WHERE dead_letter_id = %(dead_letter_id)s ORDER BY event_id

-- name: later_letters
-- the same bytes, rejected again after they were re-driven
SELECT n.dead_letter_id
FROM dead_letter d
JOIN dead_letter n ON n.received_at > d.received_at AND n.topic = d.topic AND n.payload_sha256 = d.payload_sha256
WHERE d.dead_letter_id = %(dead_letter_id)s
  AND n.received_at >= (SELECT min(at) FROM dead_letter_event e WHERE e.dead_letter_id = d.dead_letter_id)
ORDER BY n.dead_letter_id
LIMIT 100

-- name: mark_redriven
-- with every letter of the same messages, for a message goes as a whole
WITH message AS (
    SELECT DISTINCT received_at, topic, payload_sha256 FROM dead_letter WHERE dead_letter_id = ANY(%(ids)s)
), marked AS (
    UPDATE dead_letter d SET state = 'redriven', state_at = %(at)s
    FROM message m
    WHERE d.received_at = m.received_at AND d.topic = m.topic AND d.payload_sha256 = m.payload_sha256
      AND d.state <> 'expired'
    RETURNING d.dead_letter_id
)
INSERT INTO dead_letter_event (dead_letter_id, at, event, actor)
SELECT dead_letter_id, %(at)s, 'redriven', %(actor)s FROM marked

-- name: count_older
SELECT count(*) FROM dead_letter WHERE received_at < %(before)s AND state <> 'expired'

-- name: expire
WITH chosen AS (
    SELECT dead_letter_id FROM dead_letter
    WHERE received_at < %(before)s AND state <> 'expired'
    ORDER BY received_at
    LIMIT %(limit)s
    FOR UPDATE
), dropped AS (
    UPDATE dead_letter d SET state = 'expired', state_at = %(at)s, payload = ''
    FROM chosen c
    WHERE d.dead_letter_id = c.dead_letter_id
    RETURNING d.dead_letter_id
)
INSERT INTO dead_letter_event (dead_letter_id, at, event, actor)
SELECT dead_letter_id, %(at)s, 'expired', %(actor)s FROM dropped
