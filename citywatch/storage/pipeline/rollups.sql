-- name: snapshot
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ

-- name: read_columns
SELECT batch_no, columns
FROM (
    SELECT batch_no, columns, sum(rows) OVER (ORDER BY batch_no) - rows AS rows_before
    FROM (SELECT batch_no, rows, columns FROM batch WHERE batch_no > %s ORDER BY batch_no LIMIT 20000) AS next
) AS counted
WHERE rows_before < %s
ORDER BY batch_no

-- name: take_due
DELETE FROM rollup_due
WHERE ctid = ANY (ARRAY(SELECT ctid FROM rollup_due LIMIT %s))
RETURNING datastream_id, first_at, last_at

-- name: prepare
SELECT prepare_rollups(%s::timestamptz[])

-- name: refresh_1min
-- A flag of 4 keeps a value out, one of 3 does not: what looks wrong to a test may be the very event people look for.
-- Values are added up in the order of time, so that the same values give the same sum to the last bit; beyond 1e290 they
-- count as that much, because two of them would overflow it.
INSERT INTO rollup_1min (datastream_id, bucket, n, good, failed, min, max, sum, last, last_at)
SELECT s.datastream_id, f.*
FROM unnest(%(datastream_id)s::int4[], %(begin)s::timestamptz[], %(end)s::timestamptz[])
    AS s (datastream_id, begin_at, end_at)
CROSS JOIN LATERAL (
    SELECT date_bin('1 minute', o.phenomenon_time, '2000-01-01T00:00Z'),
           count(*) FILTER (WHERE quality < 4), count(*) FILTER (WHERE quality < 3), count(*) FILTER (WHERE quality >= 4),
           min(result) FILTER (WHERE quality < 4), max(result) FILTER (WHERE quality < 4),
           sum(least(greatest(result, -1e290), 1e290) ORDER BY phenomenon_time) FILTER (WHERE quality < 4),
           (array_agg(result ORDER BY phenomenon_time DESC) FILTER (WHERE quality < 4))[1],
           max(phenomenon_time) FILTER (WHERE quality < 4)
    FROM observation o
    WHERE o.datastream_id = s.datastream_id AND o.phenomenon_time >= s.begin_at AND o.phenomenon_time < s.end_at
      AND o.phenomenon_time >= %(first)s AND o.phenomenon_time < %(after)s
    GROUP BY 1
) f

-- name: refresh_1h
INSERT INTO rollup_1h (datastream_id, bucket, n, good, failed, min, max, sum, last, last_at)
SELECT s.datastream_id, f.*
FROM unnest(%(datastream_id)s::int4[], %(begin)s::timestamptz[], %(end)s::timestamptz[])
    AS s (datastream_id, begin_at, end_at)
CROSS JOIN LATERAL (
    SELECT date_bin('1 hour', m.bucket, '2000-01-01T00:00Z'), sum(n), sum(good), sum(failed), min(min), max(max),
           sum(sum ORDER BY bucket), (array_agg(last ORDER BY bucket DESC) FILTER (WHERE n > 0))[1], max(last_at)
    FROM rollup_1min m
    WHERE m.datastream_id = s.datastream_id AND m.bucket >= s.begin_at AND m.bucket < s.end_at
      AND m.bucket >= %(first)s AND m.bucket < %(after)s
    GROUP BY 1
) f

-- name: refresh_1day
INSERT INTO rollup_1day (datastream_id, bucket, n, good, failed, min, max, sum, last, last_at)
SELECT d.datastream_id, d.begin_at, f.*
FROM (
    SELECT DISTINCT s.datastream_id, g.day AT TIME ZONE %(zone)s AS begin_at,
           (g.day + interval '1 day') AT TIME ZONE %(zone)s AS end_at
    FROM unnest(%(datastream_id)s::int4[], %(begin)s::timestamptz[], %(end)s::timestamptz[])
        AS s (datastream_id, begin_at, end_at),
    generate_series(date_trunc('day', s.begin_at AT TIME ZONE %(zone)s),
                    (s.end_at - interval '1 microsecond') AT TIME ZONE %(zone)s, interval '1 day') AS g (day)
) d
CROSS JOIN LATERAL (
    SELECT sum(n), sum(good), sum(failed), min(min), max(max),
           sum(sum ORDER BY bucket), (array_agg(last ORDER BY bucket DESC) FILTER (WHERE n > 0))[1], max(last_at)
    FROM rollup_1h h
    WHERE h.datastream_id = d.datastream_id AND h.bucket >= d.begin_at AND h.bucket < d.end_at
      AND h.bucket >= %(first)s::timestamptz - interval '25 hours'
      AND h.bucket < %(after)s::timestamptz + interval '25 hours'
    HAVING count(*) > 0
) f

-- name: replace
ON CONFLICT (datastream_id, bucket) DO UPDATE SET
    n = excluded.n, good = excluded.good, failed = excluded.failed, min = excluded.min, max = excluded.max,
    sum = excluded.sum, last = excluded.last, last_at = excluded.last_at

-- name: horizons
SELECT d.datastream_id,
       max(h.horizon) FILTER (WHERE stored_in = 'observation'), max(h.horizon) FILTER (WHERE stored_in = 'rollup_1min'),
       max(h.horizon) FILTER (WHERE stored_in = 'rollup_1h'), max(h.horizon) FILTER (WHERE stored_in = 'rollup_1day')
FROM datastream d
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)
JOIN retention_horizon h USING (system_id)
WHERE d.datastream_id = ANY (%s)
GROUP BY d.datastream_id

-- name: fold_1min
INSERT INTO rollup_1min AS r (bucket, datastream_id, n, good, failed, min, max, sum, last, last_at)
SELECT date_bin('1 minute', phenomenon_time, '2000-01-01T00:00Z'),

-- name: fold_1h
INSERT INTO rollup_1h AS r (bucket, datastream_id, n, good, failed, min, max, sum, last, last_at)
SELECT date_bin('1 hour', phenomenon_time, '2000-01-01T00:00Z'),

-- name: fold_1day
INSERT INTO rollup_1day AS r (bucket, datastream_id, n, good, failed, min, max, sum, last, last_at)
SELECT date_trunc('day', phenomenon_time AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s,

-- name: fold
       datastream_id, count(*) FILTER (WHERE quality < 4), count(*) FILTER (WHERE quality < 3),
       count(*) FILTER (WHERE quality >= 4),
       min(result) FILTER (WHERE quality < 4), max(result) FILTER (WHERE quality < 4),
       sum(least(greatest(result, -1e290), 1e290) ORDER BY phenomenon_time) FILTER (WHERE quality < 4),
       (array_agg(result ORDER BY phenomenon_time DESC) FILTER (WHERE quality < 4))[1],
       max(phenomenon_time) FILTER (WHERE quality < 4)
FROM unnest(%(datastream_id)s::int4[], %(phenomenon_time)s::timestamptz[], %(result)s::float8[], %(quality)s::int2[])
    AS late (datastream_id, phenomenon_time, result, quality)
GROUP BY 1, 2
ON CONFLICT (datastream_id, bucket) DO UPDATE SET
    n = r.n + excluded.n, good = r.good + excluded.good, failed = r.failed + excluded.failed,
    min = least(r.min, excluded.min), max = greatest(r.max, excluded.max),
    sum = coalesce(r.sum + excluded.sum, r.sum, excluded.sum),
    last = CASE WHEN r.last_at > excluded.last_at THEN r.last ELSE coalesce(excluded.last, r.last) END,
    last_at = greatest(r.last_at, excluded.last_at)

-- name: remove_late
DELETE FROM observation o
USING unnest(%(datastream_id)s::int4[], %(phenomenon_time)s::timestamptz[]) AS late (datastream_id, phenomenon_time)
WHERE o.datastream_id = late.datastream_id AND o.phenomenon_time = late.phenomenon_time
  AND o.phenomenon_time BETWEEN %(first)s AND %(last)s

-- name: zone
SELECT state FROM follower WHERE follower = 'rollups'

-- name: keep_zone
UPDATE follower SET state = %s WHERE follower = 'rollups'

-- name: forget_days
DELETE FROM rollup_1day d
WHERE d.bucket > (SELECT min(h.bucket) - interval '1 day' FROM rollup_1h h WHERE h.datastream_id = d.datastream_id)

-- name: forget_coverage
-- coverage by day is of the days that were
DELETE FROM coverage_run

-- name: hours_present
SELECT datastream_id, min(bucket), max(bucket) FROM rollup_1h GROUP BY datastream_id

-- name: advance
UPDATE follower SET outputs_to = %(batch_no)s, checkpoint_at = %(batch_no)s WHERE follower = 'rollups'
