-- name: history
-- events of the past, delivered to the first endpoint; their alarms are no alarms of the registry
WITH past AS (
    INSERT INTO outbox (type, data, created_at)
    SELECT 'citywatch.alarm.raised',
           jsonb_build_object('alarm_id', -n, 'event', 'raised', 'severity', 2, 'evidence', jsonb_build_object('value', n)),
           now() - make_interval(secs => n)
    FROM generate_series(1, %(rows)s) AS n
    RETURNING outbox_id
)
INSERT INTO delivery (endpoint_id, outbox_id, lane, state, attempts, finished_at)
SELECT %(endpoint)s, outbox_id, -outbox_id, 'delivered', 1, now() FROM past

-- name: backlog
-- events that wait for an endpoint that does not answer
INSERT INTO delivery (endpoint_id, outbox_id, lane, state)
SELECT %(endpoint)s, outbox_id, -outbox_id, 'pending' FROM outbox ORDER BY outbox_id LIMIT %(rows)s

-- name: newest
SELECT coalesce(max(outbox_id), 0) FROM outbox

