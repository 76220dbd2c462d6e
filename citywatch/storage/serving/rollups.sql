-- name: of_datastream_1min
SELECT bucket, n, min, max, rollup_mean(sum, n) AS mean, last, last_at, good::float8 / (n + failed) AS good_share
FROM rollup_1min
WHERE datastream_id = %(datastream_id)s AND bucket >= %(begin)s AND bucket < %(end)s
ORDER BY bucket
LIMIT %(limit)s

-- name: of_datastream_1h
SELECT bucket, n, min, max, rollup_mean(sum, n) AS mean, last, last_at, good::float8 / (n + failed) AS good_share
FROM rollup_1h
WHERE datastream_id = %(datastream_id)s AND bucket >= %(begin)s AND bucket < %(end)s
ORDER BY bucket
LIMIT %(limit)s

-- name: of_datastream_1day
SELECT bucket, n, min, max, rollup_mean(sum, n) AS mean, last, last_at, good::float8 / (n + failed) AS good_share
FROM rollup_1day
WHERE datastream_id = %(datastream_id)s AND bucket >= %(begin)s AND bucket < %(end)s
ORDER BY bucket
LIMIT %(limit)s

-- name: snapshot
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: due_of_city
SELECT bucket FROM rollup_city_due WHERE bucket >= %(begin)s AND bucket < %(end)s

-- name: of_city_1h
-- hours that are due, the present one at least, are added up here
SELECT bucket, property_id, datastreams, n, min, max, good::float8 / (n + failed) AS good_share
FROM rollup_city_1h
WHERE bucket >= %(begin)s AND bucket < %(end)s
UNION ALL
SELECT r.bucket, d.property_id, count(*), sum(r.n)::int8, min(r.min), max(r.max),
       sum(r.good)::float8 / sum(r.n + r.failed)
FROM rollup_1h r
JOIN datastream d USING (datastream_id)
WHERE r.bucket = ANY (%(due)s::timestamptz[]) AND r.bucket >= %(begin)s AND r.bucket < %(end)s
GROUP BY r.bucket, d.property_id
ORDER BY bucket, property_id

-- name: of_city_1day
SELECT r.bucket, d.property_id, count(*) AS datastreams, sum(r.n) AS n, min(r.min) AS min, max(r.max) AS max,
       sum(r.good)::float8 / sum(r.n + r.failed) AS good_share
FROM rollup_1day r
JOIN datastream d USING (datastream_id)
WHERE r.bucket >= %(begin)s AND r.bucket < %(end)s
GROUP BY r.bucket, d.property_id
ORDER BY r.bucket, d.property_id
