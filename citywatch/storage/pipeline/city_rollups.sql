-- name: forget
DELETE FROM rollup_city_1h WHERE bucket = ANY (%(hours)s)

-- name: due
INSERT INTO rollup_city_due SELECT unnest(%(hours)s::timestamptz[]) ON CONFLICT DO NOTHING

-- name: take
-- the newest first: people look at them most
DELETE FROM rollup_city_due
WHERE bucket = ANY (ARRAY(SELECT bucket FROM rollup_city_due WHERE bucket <= %(before)s ORDER BY bucket DESC LIMIT %(limit)s))
RETURNING bucket

-- name: make
INSERT INTO rollup_city_1h (bucket, property_id, datastreams, n, good, failed, min, max)
SELECT r.bucket, d.property_id, count(*), sum(r.n), sum(r.good), sum(r.failed), min(r.min), max(r.max)
FROM rollup_1h r
JOIN datastream d USING (datastream_id)
WHERE r.bucket = ANY (%(hours)s::timestamptz[]) AND r.bucket >= %(first)s AND r.bucket <= %(last)s
GROUP BY r.bucket, d.property_id
