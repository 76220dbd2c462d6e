-- name: ledger
SELECT minute, source, messages, received, stored, duplicate, conflict, rejected
FROM ledger
WHERE minute >= %(begin)s AND (%(end)s::timestamptz IS NULL OR minute < %(end)s)
  AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(district)s::text IS NULL OR split_part(source, '/', 1) = %(district)s)
  AND (%(system)s::text IS NULL OR split_part(source, '/', 2) = %(system)s)
  AND (NOT %(unbalanced)s OR received <> stored + duplicate + conflict + rejected)
ORDER BY minute DESC, source
LIMIT %(limit)s

-- name: ledger_total
SELECT coalesce(sum(messages), 0)::int8 AS messages, coalesce(sum(received), 0)::int8 AS received,
       coalesce(sum(stored), 0)::int8 AS stored, coalesce(sum(duplicate), 0)::int8 AS duplicate,
       coalesce(sum(conflict), 0)::int8 AS conflict, coalesce(sum(rejected), 0)::int8 AS rejected,
       count(*) FILTER (WHERE received <> stored + duplicate + conflict + rejected) AS unbalanced
FROM ledger
WHERE minute >= %(begin)s AND (%(end)s::timestamptz IS NULL OR minute < %(end)s)
  AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(district)s::text IS NULL OR split_part(source, '/', 1) = %(district)s)
  AND (%(system)s::text IS NULL OR split_part(source, '/', 2) = %(system)s)

-- name: devices
SELECT h.asset_id, h.sensor_id, sum(h.messages)::int8 AS messages, sum(h.readings)::int8 AS readings,
       sum(h.repeated)::int8 AS repeated,
       greatest(sum(h.skipped) - sum(h.out_of_order), 0)::int8 AS missing, sum(h.out_of_order)::int8 AS out_of_order,
       sum(h.restarts)::int8 AS restarts, min(h.skew_min) AS skew_min_s, max(h.skew_max) AS skew_max_s,
       (array_agg(h.skew_median ORDER BY h.hour DESC) FILTER (WHERE h.skew_median IS NOT NULL))[1] AS skew_median_s,
       sum(h.lateness_sum) / nullif(sum(h.lateness_rows), 0)::float8 AS lateness_mean_s,
       max(h.lateness_p95) AS lateness_p95_s, max(h.lateness_max) AS lateness_max_s
FROM device_ledger h
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)
WHERE h.hour >= %(begin)s
  AND (%(asset_id)s::text IS NULL OR h.asset_id = %(asset_id)s)
  AND (%(district)s::text IS NULL OR a.district_id = %(district)s)
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (h.asset_id, h.sensor_id) > (%(after_asset)s, %(after_sensor)s)
GROUP BY h.asset_id, h.sensor_id
ORDER BY h.asset_id, h.sensor_id
LIMIT %(limit)s

-- name: device_hours
SELECT hour, messages, readings, repeated, greatest(skipped - out_of_order, 0) AS missing, out_of_order,
       restarts, skew_min AS skew_min_s, skew_median AS skew_median_s, skew_max AS skew_max_s,
       lateness_sum / nullif(lateness_rows, 0) AS lateness_mean_s, lateness_p95 AS lateness_p95_s,
       lateness_max AS lateness_max_s
FROM device_ledger
WHERE asset_id = %(asset_id)s AND sensor_id = %(sensor_id)s AND hour >= %(begin)s
ORDER BY hour DESC
