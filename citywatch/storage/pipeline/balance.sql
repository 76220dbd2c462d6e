-- name: unbalanced
SELECT minute, source, received, stored, duplicate, conflict, rejected
FROM ledger
WHERE minute >= %(since)s AND received <> stored + duplicate + conflict + rejected
ORDER BY minute DESC, source
LIMIT %(limit)s

-- name: imbalance
-- an alarm that is open goes back as far as its evidence, so that time alone does not end it
SELECT count(*) OVER ()::int8, sum(abs(received - stored - duplicate - conflict - rejected)) OVER ()::int8,
       minute, source, received, stored, duplicate, conflict, rejected
FROM ledger
WHERE minute >= least(%(since)s::timestamptz, (
          SELECT min((evidence ->> 'minute')::timestamptz)
          FROM alarm
          WHERE rule_id = 'ledger-balance' AND state <> 'returned-unacknowledged' AND closed_at IS NULL))
  AND received <> stored + duplicate + conflict + rejected
ORDER BY minute, source
LIMIT 1

-- name: sums
SELECT coalesce(sum(messages), 0)::int8, coalesce(sum(received), 0)::int8, coalesce(sum(stored), 0)::int8,
       coalesce(sum(duplicate), 0)::int8, coalesce(sum(conflict), 0)::int8, coalesce(sum(rejected), 0)::int8
FROM ledger
WHERE minute >= %(since)s

-- name: stored_totals
SELECT (SELECT coalesce(sum(stored), 0)::int8 FROM ledger), (SELECT coalesce(sum(rows + blocks), 0)::int8 FROM batch)

-- name: stored_by_minute
SELECT minute, source, stored FROM ledger WHERE minute >= %(begin)s AND minute < %(end)s AND stored <> 0

-- name: sources
SELECT d.datastream_id, a.district_id || '/' || k.system_id
FROM datastream d
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)

-- name: batches_since
SELECT batch_no FROM batch WHERE committed_at >= %(begin)s AND rows > 0 ORDER BY batch_no

-- name: batch_columns
SELECT columns FROM batch WHERE batch_no = %(batch_no)s

-- name: blocks
SELECT date_trunc('minute', received_time), datastream_id, count(*)
FROM waveform_block
WHERE received_time >= %(begin)s AND received_time < %(end)s
GROUP BY 1, 2

-- name: lacking
-- places of rows that a batch stored and that are not there
SELECT k.place::int4 - 1
FROM unnest(%(streams)s::int4[], %(times)s::timestamptz[]) WITH ORDINALITY AS k (datastream_id, phenomenon_time, place)
WHERE NOT EXISTS (
    SELECT FROM observation o
    WHERE o.datastream_id = k.datastream_id AND o.phenomenon_time = k.phenomenon_time
      AND o.phenomenon_time BETWEEN %(first)s AND %(last)s)

-- name: open_letters
SELECT reason, count(*)::int8, min(received_at), max(received_at) FROM dead_letter WHERE state = 'open'
GROUP BY reason ORDER BY 2 DESC, 1

-- name: conflicts
SELECT d.asset_id, d.sensor_id, d.property_id, count(*)::int8
FROM conflict c
JOIN datastream d USING (datastream_id)
WHERE c.received_time >= %(since)s
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT %(limit)s

-- name: waiting_devices
SELECT count(*)::int8 FROM batch_devices

-- name: liveness
SELECT coalesce(sum(sensors_online), 0)::int8, coalesce(sum(sensors_late), 0)::int8,
       coalesce(sum(sensors_offline), 0)::int8
FROM dash.liveness

-- name: missing
SELECT asset_id, sensor_id, sum(skipped - out_of_order)::int8
FROM device_ledger
WHERE hour >= %(since)s
GROUP BY 1, 2
HAVING sum(skipped - out_of_order) > 0
ORDER BY 3 DESC, 1, 2
LIMIT %(limit)s
