-- name: copy_observations
COPY observation (phenomenon_time, received_time, result, datastream_id, quality) FROM STDIN (FORMAT BINARY)

-- name: prepare
SELECT prepare_observation(%s::timestamptz[])

-- name: make_staging
CREATE TEMPORARY TABLE IF NOT EXISTS staging (
    phenomenon_time timestamptz NOT NULL,
    received_time   timestamptz NOT NULL,
    result          float8 NOT NULL,
    datastream_id   int4 NOT NULL,
    quality         int2 NOT NULL
) ON COMMIT DELETE ROWS

-- name: copy_staging
COPY staging (phenomenon_time, received_time, result, datastream_id, quality) FROM STDIN (FORMAT BINARY)

-- name: insert_from_staging
-- one value of keys in binary: rows would cost the client as much as the insert costs the server
WITH stored AS (
    INSERT INTO observation (phenomenon_time, received_time, result, datastream_id, quality)
    SELECT phenomenon_time, received_time, result, datastream_id, quality
    FROM staging
    ORDER BY datastream_id, phenomenon_time
    ON CONFLICT DO NOTHING
    RETURNING datastream_id, phenomenon_time
)
SELECT string_agg(int4send(datastream_id) || timestamptz_send(phenomenon_time), '') FROM stored

-- name: existing
SELECT string_agg(int4send(s.datastream_id) || timestamptz_send(s.phenomenon_time) || float8send(o.result), '')
FROM staging s
JOIN observation o ON o.datastream_id = s.datastream_id AND o.phenomenon_time = s.phenomenon_time
WHERE o.phenomenon_time BETWEEN (SELECT min(phenomenon_time) FROM staging) AND (SELECT max(phenomenon_time) FROM staging)

-- name: upsert_latest
INSERT INTO latest (datastream_id, phenomenon_time, received_time, result, quality)
SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::int2[])
ON CONFLICT (datastream_id) DO UPDATE SET
    phenomenon_time = excluded.phenomenon_time,
    received_time = excluded.received_time,
    result = excluded.result,
    quality = excluded.quality
WHERE latest.phenomenon_time < excluded.phenomenon_time

-- name: insert_conflicts
INSERT INTO conflict (datastream_id, phenomenon_time, kept, refused, received_time, batch_no)
SELECT *, %s FROM unnest(%s::int4[], %s::timestamptz[], %s::float8[], %s::float8[], %s::timestamptz[])

-- name: upsert_ledger
INSERT INTO ledger AS l (minute, source, messages, received, stored, duplicate, conflict, rejected)
SELECT * FROM unnest(
    %s::timestamptz[], %s::text[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[])
ON CONFLICT (minute, source) DO UPDATE SET
    messages = l.messages + excluded.messages,
    received = l.received + excluded.received,
    stored = l.stored + excluded.stored,
    duplicate = l.duplicate + excluded.duplicate,
    conflict = l.conflict + excluded.conflict,
    rejected = l.rejected + excluded.rejected

-- name: insert_dead_letters
INSERT INTO dead_letter (received_at, topic, content_type, reason, detail, readings, indices,
                         payload, payload_size, payload_sha256)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: upsert_status
INSERT INTO sensor_status AS s (asset_id, sensor_id, state, changed_at, received_at)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (asset_id, sensor_id) DO UPDATE SET
    state = excluded.state, changed_at = excluded.changed_at, received_at = excluded.received_at
WHERE s.state <> excluded.state

-- name: lock_batch_numbers
SELECT pg_advisory_xact_lock(hashtext('citywatch.batch'))

-- name: insert_batch
WITH inserted AS (
    INSERT INTO batch (batch_no, committed_at, ingester, messages, rows, blocks, columns)
    SELECT coalesce(max(batch_no), 0) + 1, clock_timestamp(), %s, %s, %s, %s, %s FROM batch
    RETURNING batch_no, committed_at
), devices AS (
    INSERT INTO batch_devices (batch_no, messages)
    SELECT batch_no, messages FROM inserted, (VALUES (%s::bytea)) AS d (messages) WHERE octet_length(messages) > 0
)
SELECT batch_no, committed_at, pg_notify('citywatch_batch', batch_no::text) FROM inserted

-- name: newest_batch_no
SELECT coalesce(max(batch_no), 0) FROM batch

-- name: read_commits
SELECT committed_at, rows + blocks FROM batch WHERE batch_no > %s ORDER BY batch_no

-- name: read_batches
SELECT batch_no, committed_at, columns
FROM batch
WHERE batch_no > %s
ORDER BY batch_no
LIMIT %s

-- name: prune_columns
UPDATE batch SET columns = NULL
WHERE columns IS NOT NULL AND committed_at < %s
  AND batch_no < (SELECT max(batch_no) FROM batch) AND batch_no <= (SELECT min(checkpoint_at) FROM follower)
  AND batch_no < coalesce((SELECT min(batch_no) FROM batch_devices), batch_no + 1)
