-- name: ledger
SELECT minute, source, messages, received, stored, duplicate, conflict, rejected
FROM ledger
WHERE minute >= %(begin)s
ORDER BY minute DESC, source
LIMIT %(limit)s

-- name: ledger_total
SELECT coalesce(sum(messages), 0)::int8 AS messages, coalesce(sum(received), 0)::int8 AS received,
       coalesce(sum(stored), 0)::int8 AS stored, coalesce(sum(duplicate), 0)::int8 AS duplicate,
       coalesce(sum(conflict), 0)::int8 AS conflict, coalesce(sum(rejected), 0)::int8 AS rejected
FROM ledger
WHERE minute >= %(begin)s
