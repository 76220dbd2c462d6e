-- name: read_device_batches
SELECT d.batch_no, d.messages, b.columns
FROM batch_devices d
JOIN batch b USING (batch_no)
ORDER BY d.batch_no
LIMIT %s
FOR UPDATE OF d

-- name: forget_device_batches
DELETE FROM batch_devices WHERE batch_no <= %s

-- name: read_states
SELECT s.asset_id, s.sensor_id, s.heard_at, s.seq, s.seen, s.sent_at
FROM unnest(%s::text[], %s::text[]) AS k (asset_id, sensor_id)
JOIN device_state s USING (asset_id, sensor_id)

-- name: upsert_states
INSERT INTO device_state AS s (asset_id, sensor_id, heard_at, seq, seen, sent_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int8[], %s::int8[], %s::timestamptz[])
ON CONFLICT (asset_id, sensor_id) DO UPDATE SET
    heard_at = greatest(s.heard_at, excluded.heard_at), seq = excluded.seq, seen = excluded.seen,
    sent_at = excluded.sent_at

-- name: read_hours
SELECT h.asset_id, h.sensor_id, h.hour, h.messages, h.readings, h.repeated, h.skipped,
       h.out_of_order, h.restarts, h.skew_messages, h.skew_min, h.skew_median, h.skew_max, h.skew_counts,
       h.lateness_rows, h.lateness_sum, h.lateness_max, h.lateness_p95, h.lateness_counts
FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS k (asset_id, sensor_id, hour)
JOIN device_ledger h USING (asset_id, sensor_id, hour)

-- name: upsert_hours
INSERT INTO device_ledger (
    asset_id, sensor_id, hour, messages, readings, repeated, skipped, out_of_order, restarts,
    skew_messages, skew_min, skew_median, skew_max, skew_counts,
    lateness_rows, lateness_sum, lateness_max, lateness_p95, lateness_counts)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (asset_id, sensor_id, hour) DO UPDATE SET
    messages = excluded.messages, readings = excluded.readings, repeated = excluded.repeated,
    skipped = excluded.skipped, out_of_order = excluded.out_of_order,
    restarts = excluded.restarts, skew_messages = excluded.skew_messages, skew_min = excluded.skew_min,
    skew_median = excluded.skew_median, skew_max = excluded.skew_max, skew_counts = excluded.skew_counts,
    lateness_rows = excluded.lateness_rows, lateness_sum = excluded.lateness_sum, lateness_max = excluded.lateness_max,
    lateness_p95 = excluded.lateness_p95, lateness_counts = excluded.lateness_counts
