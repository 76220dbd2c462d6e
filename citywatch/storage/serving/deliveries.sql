-- name: endpoints
SELECT endpoint_id, url, min_severity, enabled, created_at,
       (SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending') AS pending,
       (SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state = 'delivered') AS delivered,
       (SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state = 'failed') AS failed
FROM endpoint e
ORDER BY endpoint_id

-- name: insert_endpoint
INSERT INTO endpoint (url, secret, min_severity) VALUES (%(url)s, %(secret)s, %(min_severity)s)
RETURNING endpoint_id

-- name: delete_endpoint
DELETE FROM endpoint WHERE endpoint_id = %(endpoint_id)s

-- name: claim_due
-- the lease keeps other workers away; after a crash the delivery is due again when it ends
WITH due AS (
    SELECT endpoint_id, outbox_id FROM delivery
    WHERE state = 'pending' AND next_attempt_at <= %(now)s
    ORDER BY next_attempt_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery d SET next_attempt_at = %(now)s + %(lease)s, attempts = d.attempts + 1
FROM due, endpoint e, outbox o
WHERE d.endpoint_id = due.endpoint_id AND d.outbox_id = due.outbox_id
  AND e.endpoint_id = d.endpoint_id AND o.outbox_id = d.outbox_id
RETURNING d.endpoint_id, d.outbox_id, d.attempts, e.url, e.secret, o.type, o.created_at, o.data

-- name: next_due
SELECT min(next_attempt_at) AS at FROM delivery WHERE state = 'pending'

-- name: settle
UPDATE delivery SET
    state = %(state)s,
    next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at),
    finished_at = CASE WHEN %(state)s = 'pending' THEN NULL ELSE %(at)s::timestamptz END
WHERE endpoint_id = %(endpoint_id)s AND outbox_id = %(outbox_id)s

-- name: insert_attempt
INSERT INTO delivery_attempt (endpoint_id, outbox_id, at, duration_ms, status, error)
VALUES (%(endpoint_id)s, %(outbox_id)s, %(at)s, %(duration_ms)s, %(status)s, %(error)s)

-- name: attempts
SELECT a.attempt_id, a.outbox_id, o.type, o.data ->> 'alarm_id' AS alarm_id, a.at, a.duration_ms, a.status, a.error,
       d.state, d.attempts, CASE WHEN d.state = 'pending' THEN d.next_attempt_at END AS next_attempt_at
FROM delivery_attempt a
JOIN delivery d USING (endpoint_id, outbox_id)
JOIN outbox o USING (outbox_id)
WHERE a.endpoint_id = %(endpoint_id)s AND (%(before)s::int8 IS NULL OR a.attempt_id < %(before)s)
ORDER BY a.attempt_id DESC
LIMIT %(limit)s
