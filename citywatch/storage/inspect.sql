-- name: server
SELECT current_setting('server_version'),
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
       current_setting('timescaledb.license', true),
       current_setting('timescaledb.max_background_workers', true)::int4

-- name: partitions
SELECT count(*)::int4, min(begin_at), max(end_at) FROM partitions_of(%s)

-- name: size_postgresql
SELECT pg_total_relation_size(%(table)s::regclass) + coalesce(sum(pg_total_relation_size(relid)), 0)::int8
FROM pg_partition_tree(%(table)s::regclass)
WHERE level > 0

-- name: size_timescaledb
SELECT coalesce(hypertable_size(%(table)s::regclass), pg_total_relation_size(%(table)s::regclass))::int8

-- name: uncompressed
SELECT count(*) FILTER (WHERE is_compressed)::int4,
       count(*) FILTER (WHERE NOT is_compressed AND range_end < %(before)s)::int4
FROM timescaledb_information.chunks
WHERE hypertable_schema = 'citywatch' AND hypertable_name = %(table)s

-- name: followers
SELECT f.follower, f.outputs_to, n.newest,
       (SELECT min(committed_at) FROM batch WHERE batch_no > f.outputs_to AND batch_no <= n.newest)
FROM follower f, (SELECT coalesce(max(batch_no), 0) AS newest FROM batch) n
ORDER BY f.follower

-- name: due
SELECT count(*)::int8 FROM rollup_due

-- name: retention
SELECT s.system_id, k.stored_in, k.days, h.horizon, h.removed_before
FROM system s
CROSS JOIN LATERAL (VALUES
    ('observation', (s.retention ->> 'raw')::float8),
    ('rollup_1min', (s.retention ->> 'minutes')::float8),
    ('rollup_1h', (s.retention ->> 'hours')::float8),
    ('rollup_1day', (s.retention ->> 'days')::float8),
    ('waveform_block', (s.retention ->> 'waveforms')::float8)) AS k (stored_in, days)
LEFT JOIN retention_horizon h ON h.system_id = s.system_id AND h.stored_in = k.stored_in
ORDER BY 1, 2
