-- name: processes
SELECT process, instance, started_at, beat_at, state, details FROM process_health ORDER BY process, instance

-- name: newest_batch
SELECT batch_no, committed_at FROM batch ORDER BY batch_no DESC LIMIT 1
