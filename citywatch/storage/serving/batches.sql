-- name: batches
SELECT batch_no, committed_at, columns FROM batch WHERE batch_no > %(after)s ORDER BY batch_no LIMIT %(limit)s
