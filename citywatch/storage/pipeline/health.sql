-- name: beat
INSERT INTO process_health (process, instance, started_at, beat_at, state, details)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (process, instance) DO UPDATE SET
    started_at = excluded.started_at, beat_at = excluded.beat_at, state = excluded.state, details = excluded.details

-- name: beats
SELECT process, instance, beat_at, state, coalesce(details ->> 'outage', details ->> 'imbalance'),
       coalesce((details ->> 'pending')::int8, 0)
FROM process_health
WHERE %(process)s::text IS NULL OR process = %(process)s
ORDER BY process, instance
