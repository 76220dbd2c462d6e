-- name: totals
SELECT source, sum(messages)::int8, sum(received)::int8, sum(stored)::int8, sum(duplicate)::int8,
       sum(conflict)::int8, sum(rejected)::int8
FROM ledger
GROUP BY source
ORDER BY source

-- name: newest_letter
SELECT coalesce(max(dead_letter_id), 0)::int8 FROM dead_letter

-- name: rejections
SELECT topic, reason, (count(*) FILTER (WHERE indices IS NULL))::int8, sum(readings)::int8
FROM dead_letter
WHERE dead_letter_id > %s
GROUP BY topic, reason
ORDER BY topic, reason

-- name: last_batch
SELECT batch_no, messages FROM batch ORDER BY batch_no DESC LIMIT 1
