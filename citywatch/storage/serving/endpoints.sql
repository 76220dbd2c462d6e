-- name: endpoints
SELECT e.endpoint_id, e.url, e.shape, e.min_severity, e.systems, e.districts, e.events, e.description,
       e.enabled, e.disabled_because, e.public_key, e.previous_until, e.created_at, e.failures, e.open_until, e.delivered,
       (SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state IN ('waiting', 'pending'))
       + (SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state = 'queued') AS pending,
       (SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state = 'failed') AS failed
FROM endpoint e
WHERE %(endpoint_id)s::int8 IS NULL OR e.endpoint_id = %(endpoint_id)s
ORDER BY e.endpoint_id

-- name: insert
INSERT INTO endpoint (url, shape, min_severity, systems, districts, events, routing_key, description, enabled, secret,
                      public_key)
VALUES (%(url)s, %(shape)s, %(min_severity)s, %(systems)s, %(districts)s, %(events)s, %(routing_key)s, %(description)s,
        %(enabled)s, %(secret)s, %(public_key)s)
RETURNING endpoint_id

-- name: update
-- whoever changes an endpoint wants it tried: its circuit is closed
UPDATE endpoint SET
    url = %(url)s, shape = %(shape)s, min_severity = %(min_severity)s, systems = %(systems)s, districts = %(districts)s,
    events = %(events)s, routing_key = %(routing_key)s, description = %(description)s, enabled = %(enabled)s,
    disabled_because = CASE WHEN %(enabled)s THEN NULL ELSE 'disabled by a person' END, failures = 0, open_until = NULL
WHERE endpoint_id = %(endpoint_id)s

-- name: hurry
WITH hurried AS (
    UPDATE delivery SET next_attempt_at = now()
    WHERE endpoint_id = %(endpoint_id)s AND state = 'pending' AND next_attempt_at > now() AND taken_until IS NULL
)
SELECT pg_notify('citywatch_delivery', '')

-- name: disable
UPDATE endpoint SET enabled = false WHERE endpoint_id = %(endpoint_id)s

-- name: delete_deliveries
DELETE FROM delivery WHERE endpoint_id = %(endpoint_id)s AND outbox_id IN (
    SELECT outbox_id FROM delivery WHERE endpoint_id = %(endpoint_id)s LIMIT 5000)

-- name: delete
DELETE FROM endpoint WHERE endpoint_id = %(endpoint_id)s

-- name: rotate
UPDATE endpoint SET
    previous_secret = CASE WHEN %(previous_until)s::timestamptz IS NULL THEN NULL ELSE secret END,
    previous_until = %(previous_until)s, secret = %(secret)s, public_key = %(public_key)s
WHERE endpoint_id = %(endpoint_id)s

-- name: unknown
SELECT 'systems' AS field, n AS name FROM unnest(%(systems)s::text[]) n
WHERE NOT EXISTS (SELECT FROM system WHERE system_id = n)
UNION ALL
SELECT 'districts', n FROM unnest(%(districts)s::text[]) n
WHERE NOT EXISTS (SELECT FROM district WHERE district_id = n)
