-- name: begin_turn
-- workers take turns; one that stops in the middle of its turn loses it
SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
       pg_advisory_xact_lock(hashtextextended('citywatch.deliveries', 0))

-- name: circuits
SELECT endpoint_id, failures, open_until FROM endpoint
WHERE endpoint_id = ANY (%(endpoints)s)
ORDER BY endpoint_id
FOR NO KEY UPDATE

-- name: settle
-- an outcome counts only for the attempt that it belongs to, and once
WITH outcome AS (
    SELECT * FROM unnest(
        %(endpoint_id)s::int8[], %(outbox_id)s::int8[], %(attempts)s::int4[], %(state)s::text[],
        %(next_attempt_at)s::timestamptz[], %(at)s::timestamptz[], %(duration_ms)s::float8[], %(status)s::int4[],
        %(error)s::text[], %(answer)s::text[]
    ) AS o(endpoint_id, outbox_id, attempts, state, next_attempt_at, at, duration_ms, status, error, answer)
),
settled AS (
    UPDATE delivery d SET
        state = o.state,
        failures = d.failures + (o.state <> 'delivered')::int4,
        next_attempt_at = coalesce(o.next_attempt_at, d.next_attempt_at),
        taken_until = NULL,
        finished_at = CASE WHEN o.state <> 'pending' THEN o.at END
    FROM outcome o
    WHERE d.endpoint_id = o.endpoint_id AND d.outbox_id = o.outbox_id AND d.state = 'pending'
      AND d.attempts = o.attempts AND d.taken_until IS NOT NULL
    RETURNING d.endpoint_id, d.outbox_id, d.lane, d.state
),
logged AS (
    INSERT INTO delivery_attempt (endpoint_id, outbox_id, at, duration_ms, status, error, answer)
    SELECT o.endpoint_id, o.outbox_id, o.at, o.duration_ms, o.status, o.error, o.answer
    FROM outcome o
    JOIN settled USING (endpoint_id, outbox_id)
),
counted AS (
    UPDATE endpoint e SET delivered = e.delivered + s.count
    FROM (SELECT endpoint_id, count(*) FROM settled WHERE state = 'delivered' GROUP BY endpoint_id) s
    WHERE e.endpoint_id = s.endpoint_id
)
SELECT endpoint_id, lane FROM settled WHERE state <> 'pending'

-- name: write_circuits
UPDATE endpoint e SET
    failures = c.failures,
    open_until = c.open_until,
    enabled = e.enabled AND c.gone IS NULL,
    disabled_because = coalesce(c.gone, e.disabled_because)
FROM unnest(
    %(endpoint_id)s::int8[], %(failures)s::int4[], %(open_until)s::timestamptz[], %(gone)s::text[]
) AS c(endpoint_id, failures, open_until, gone)
WHERE e.endpoint_id = c.endpoint_id

-- name: hurry
UPDATE delivery SET next_attempt_at = %(now)s
WHERE endpoint_id = ANY (%(endpoints)s) AND state = 'pending' AND next_attempt_at > %(now)s AND taken_until IS NULL

-- name: give_up
-- what a disabled endpoint does not get any more, and what an endpoint that is left alone could not be sent for too long
WITH hopeless AS (
    SELECT u.endpoint_id, u.outbox_id
    FROM endpoint e
    CROSS JOIN LATERAL (
        SELECT endpoint_id, outbox_id FROM delivery d
        WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending'
          AND (d.taken_until IS NULL OR d.taken_until <= %(now)s)
          AND d.next_attempt_at < CASE WHEN e.enabled THEN %(overdue)s::timestamptz ELSE 'infinity' END
        ORDER BY d.next_attempt_at
        LIMIT %(limit)s
    ) u
    UNION ALL
    SELECT w.endpoint_id, w.outbox_id
    FROM endpoint e
    CROSS JOIN LATERAL (
        SELECT endpoint_id, outbox_id FROM delivery d
        WHERE d.endpoint_id = e.endpoint_id AND d.state = 'waiting'
        LIMIT %(limit)s
    ) w
    WHERE NOT e.enabled
)
UPDATE delivery d SET state = 'failed', finished_at = %(now)s
FROM hopeless h
WHERE d.endpoint_id = h.endpoint_id AND d.outbox_id = h.outbox_id
RETURNING d.endpoint_id, d.lane

-- name: admit
WITH fresh AS (
    SELECT endpoint_id, outbox_id FROM delivery WHERE state = 'queued'
    ORDER BY outbox_id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery d SET state = 'waiting'
FROM fresh f
WHERE d.endpoint_id = f.endpoint_id AND d.outbox_id = f.outbox_id
RETURNING d.endpoint_id, d.lane

-- name: promote
-- the earliest of each lane of which none is under way
UPDATE delivery d SET state = 'pending', next_attempt_at = %(now)s
FROM (
    SELECT DISTINCT endpoint_id, lane FROM unnest(%(endpoints)s::int8[], %(lanes)s::int8[]) AS l(endpoint_id, lane)
) l
CROSS JOIN LATERAL (
    SELECT w.outbox_id FROM delivery w
    WHERE w.endpoint_id = l.endpoint_id AND w.lane = l.lane AND w.state = 'waiting'
    ORDER BY w.outbox_id
    LIMIT 1
) first
WHERE d.endpoint_id = l.endpoint_id AND d.outbox_id = first.outbox_id
  AND NOT EXISTS (
      SELECT FROM delivery p WHERE p.endpoint_id = l.endpoint_id AND p.lane = l.lane AND p.state = 'pending')

-- name: claim
-- each endpoint has places of its own; one that fails has one; the lease keeps other workers away, after a crash it ends
WITH room AS (
    SELECT e.endpoint_id, CASE WHEN e.failures > 0 THEN 1 ELSE %(places)s::int4 END - coalesce(b.busy, 0) AS places
    FROM endpoint e
    LEFT JOIN unnest(%(endpoints)s::int8[], %(busy)s::int4[]) AS b(endpoint_id, busy) USING (endpoint_id)
    WHERE e.enabled AND (e.open_until IS NULL OR e.open_until <= %(now)s)
),
due AS (
    SELECT d.endpoint_id, d.outbox_id
    FROM room r
    CROSS JOIN LATERAL (
        SELECT p.endpoint_id, p.outbox_id, p.next_attempt_at FROM delivery p
        WHERE p.endpoint_id = r.endpoint_id AND p.state = 'pending' AND p.next_attempt_at <= %(now)s
          AND (p.taken_until IS NULL OR p.taken_until <= %(now)s)
        ORDER BY p.next_attempt_at, p.outbox_id
        LIMIT greatest(r.places, 0)
    ) d
    ORDER BY d.next_attempt_at, d.outbox_id
    LIMIT %(limit)s
)
UPDATE delivery d SET taken_until = %(now)s + %(lease)s, attempts = d.attempts + 1
FROM due, endpoint e, outbox o
WHERE d.endpoint_id = due.endpoint_id AND d.outbox_id = due.outbox_id
  AND e.endpoint_id = d.endpoint_id AND o.outbox_id = d.outbox_id
RETURNING d.endpoint_id, d.outbox_id, d.lane, d.attempts, d.failures, e.url, e.shape, e.routing_key,
          array_remove(ARRAY[e.secret, CASE WHEN e.previous_until > %(now)s THEN e.previous_secret END], NULL) AS secrets,
          (SELECT city_id FROM city) AS city_id, o.type, o.created_at, o.data

-- name: attempts
SELECT a.attempt_id, a.outbox_id, o.type, nullif(d.lane, 0) AS alarm_id, a.at, a.duration_ms,
       extract(epoch FROM a.at - o.created_at)::float8 * 1000 + a.duration_ms AS latency_ms,
       a.status, a.error, a.answer, d.state, d.attempts,
       CASE WHEN d.state = 'pending' THEN d.next_attempt_at END AS next_attempt_at
FROM delivery_attempt a
JOIN delivery d USING (endpoint_id, outbox_id)
JOIN outbox o USING (outbox_id)
WHERE a.endpoint_id = %(endpoint_id)s AND (%(before)s::int8 IS NULL OR a.attempt_id < %(before)s)
ORDER BY a.attempt_id DESC
LIMIT %(limit)s

-- name: deliveries
SELECT d.outbox_id, o.type, nullif(d.lane, 0) AS alarm_id, o.created_at, d.state, d.attempts, d.failures,
       CASE WHEN d.state = 'pending' THEN d.next_attempt_at END AS next_attempt_at, d.finished_at,
       (SELECT a.error FROM delivery_attempt a WHERE a.endpoint_id = d.endpoint_id AND a.outbox_id = d.outbox_id
        ORDER BY a.attempt_id DESC LIMIT 1) AS error
FROM delivery d
JOIN outbox o USING (outbox_id)
WHERE d.endpoint_id = %(endpoint_id)s AND (%(state)s::text IS NULL OR d.state = %(state)s)
  AND (%(before)s::int8 IS NULL OR d.outbox_id < %(before)s)
ORDER BY d.outbox_id DESC
LIMIT %(limit)s

-- name: redeliver_failed
WITH chosen AS (
    SELECT d.outbox_id FROM delivery d
    JOIN outbox o USING (outbox_id)
    WHERE d.endpoint_id = %(endpoint_id)s AND d.state = 'failed' AND d.outbox_id > %(after)s
      AND (%(since)s::timestamptz IS NULL OR o.created_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR o.created_at < %(until)s)
    ORDER BY d.outbox_id
    LIMIT %(limit)s
)
UPDATE delivery d SET state = 'queued', failures = 0, finished_at = NULL
FROM chosen c
WHERE d.endpoint_id = %(endpoint_id)s AND d.outbox_id = c.outbox_id AND d.state = 'failed'
RETURNING d.outbox_id

-- name: redeliver_all
-- every event of the span that the endpoint wants, whether it got it or not; what is on its way stays on its way
WITH chosen AS (
    SELECT o.outbox_id, (o.data ->> 'alarm_id')::int8 AS lane
    FROM outbox o
    JOIN endpoint e ON e.endpoint_id = %(endpoint_id)s AND endpoint_wants(e, o.data)
    WHERE o.event_id IS NOT NULL AND o.outbox_id > %(after)s
      AND (%(since)s::timestamptz IS NULL OR o.created_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR o.created_at < %(until)s)
      AND NOT EXISTS (
          SELECT FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.outbox_id = o.outbox_id
            AND d.state IN ('queued', 'waiting', 'pending'))
    ORDER BY o.outbox_id
    LIMIT %(limit)s
)
INSERT INTO delivery AS d (endpoint_id, outbox_id, lane)
SELECT %(endpoint_id)s, outbox_id, lane FROM chosen
ON CONFLICT (endpoint_id, outbox_id) DO UPDATE SET state = 'queued', failures = 0, finished_at = NULL
WHERE d.state IN ('delivered', 'failed')
RETURNING d.outbox_id

-- name: redeliver_named
UPDATE delivery SET state = 'queued', failures = 0, finished_at = NULL
WHERE endpoint_id = %(endpoint_id)s AND outbox_id = ANY (%(outbox_ids)s) AND state IN ('delivered', 'failed')
RETURNING outbox_id

-- name: states
SELECT outbox_id, state FROM delivery WHERE endpoint_id = %(endpoint_id)s AND outbox_id = ANY (%(outbox_ids)s)

-- name: insert_test
WITH event AS (
    INSERT INTO outbox (type, data) VALUES ('citywatch.test', %(data)s) RETURNING outbox_id
)
INSERT INTO delivery (endpoint_id, outbox_id) SELECT %(endpoint_id)s, outbox_id FROM event RETURNING outbox_id

-- name: announce
SELECT pg_notify('citywatch_delivery', '')

