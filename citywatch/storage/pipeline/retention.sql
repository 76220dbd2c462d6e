-- name: give_up
-- a horizon never goes back: what lies below it is gone, however long it should be kept from now on
INSERT INTO retention_horizon AS h (system_id, stored_in, horizon)
SELECT s.system_id, k.stored_in,
       date_trunc('day', (%(at)s - k.days * interval '1 day') AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s
FROM system s
CROSS JOIN LATERAL (VALUES
    ('observation', (s.retention ->> 'raw')::float8),
    ('rollup_1min', (s.retention ->> 'minutes')::float8),
    ('rollup_1h', (s.retention ->> 'hours')::float8),
    ('rollup_1day', (s.retention ->> 'days')::float8),
    ('waveform_block', (s.retention ->> 'waveforms')::float8)) AS k (stored_in, days)
WHERE k.days IS NOT NULL
ON CONFLICT (system_id, stored_in) DO UPDATE SET horizon = excluded.horizon
WHERE excluded.horizon > h.horizon

-- name: passed_by_all
-- the horizon of the system that keeps its data longest; none while a system keeps them for ever
SELECT min(h.horizon)
FROM (
    SELECT DISTINCT k.system_id
    FROM datastream d
    JOIN asset a USING (asset_id)
    JOIN asset_kind k USING (kind_id)
    WHERE (d.sampling = 'waveform') = (%(stored_in)s = 'waveform_block')
) s
LEFT JOIN retention_horizon h ON h.system_id = s.system_id AND h.stored_in = %(stored_in)s
HAVING bool_and(h.horizon IS NOT NULL)

-- name: be_quick
SET LOCAL lock_timeout = '5s'

-- name: drop
SELECT drop_partitions(%(stored_in)s, %(before)s)

-- name: without_kept_blocks
-- a block that begins in a partition may reach into a window beyond its end
SELECT p.begin_at, p.end_at
FROM (
    SELECT p.begin_at, p.end_at,
           (SELECT max(samples / sampling_rate) * interval '1 second'
            FROM waveform_block
            WHERE start_time >= p.begin_at AND start_time < p.end_at) AS longest
    FROM partitions_of('waveform_block') p
    WHERE p.end_at <= %(before)s
) p
WHERE NOT EXISTS (
    SELECT FROM event_window e
    JOIN datastream d ON d.asset_id = e.asset_id AND coalesce(e.datastream_id, d.datastream_id) = d.datastream_id
    JOIN waveform_block w ON w.datastream_id = d.datastream_id
    WHERE e.ends_at > p.begin_at AND e.begins_at < p.end_at + p.longest
      AND w.start_time >= p.begin_at AND w.start_time < least(p.end_at, e.ends_at)
      AND w.start_time + w.samples / w.sampling_rate * interval '1 second' > e.begins_at)

-- name: drop_between
SELECT drop_partitions_between('waveform_block', %s, %s)

-- name: expired
SELECT system_id, stored_in, horizon, removed_before
FROM retention_horizon
WHERE removed_before IS DISTINCT FROM horizon
ORDER BY system_id, stored_in

-- name: partitions
SELECT begin_at, end_at FROM partitions_of(%s)

-- name: datastreams
SELECT d.datastream_id, d.expected_interval
FROM datastream d
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)
WHERE k.system_id = %(system_id)s AND (d.sampling = 'waveform') = (%(stored_in)s = 'waveform_block')
ORDER BY d.datastream_id

-- name: delete_observation
DELETE FROM observation
WHERE datastream_id = ANY (%(datastreams)s) AND phenomenon_time >= %(begin)s AND phenomenon_time < %(end)s

-- name: delete_rollup_1min
DELETE FROM rollup_1min WHERE datastream_id = ANY (%(datastreams)s) AND bucket >= %(begin)s AND bucket < %(end)s

-- name: delete_rollup_1h
DELETE FROM rollup_1h WHERE datastream_id = ANY (%(datastreams)s) AND bucket >= %(begin)s AND bucket < %(end)s

-- name: delete_rollup_1day
DELETE FROM rollup_1day WHERE datastream_id = ANY (%(datastreams)s) AND bucket >= %(begin)s AND bucket < %(end)s

-- name: delete_waveform_block
DELETE FROM waveform_block w
WHERE w.datastream_id = ANY (%(datastreams)s) AND w.start_time >= %(begin)s AND w.start_time < %(end)s
  AND NOT EXISTS (
      SELECT FROM event_window e
      JOIN datastream d ON d.asset_id = e.asset_id AND coalesce(e.datastream_id, d.datastream_id) = d.datastream_id
      WHERE d.datastream_id = w.datastream_id AND e.ends_at > w.start_time
        AND e.begins_at < w.start_time + w.samples / w.sampling_rate * interval '1 second')

-- name: delete_findings
DELETE FROM quality_finding WHERE datastream_id = ANY (%(datastreams)s) AND phenomenon_time < %(end)s

-- name: removed
UPDATE retention_horizon SET removed_before = %(horizon)s WHERE system_id = %(system_id)s AND stored_in = %(stored_in)s
