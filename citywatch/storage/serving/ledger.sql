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

-- name: dead_letters
SELECT dead_letter_id, received_at, topic, content_type, reason, detail, readings, indices, payload_size,
       encode(substring(payload FOR 2000), 'escape') AS payload_text
FROM dead_letter
WHERE (%(before)s::int8 IS NULL OR dead_letter_id < %(before)s)
ORDER BY dead_letter_id DESC
LIMIT %(limit)s
