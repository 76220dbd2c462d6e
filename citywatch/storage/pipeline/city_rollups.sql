-- name: forget
DELETE FROM rollup_city_1h WHERE bucket = ANY (%(hours)s)

-- name: due
INSERT INTO rollup_city_due SELECT unnest(%(hours)s::timestamptz[]) ON CONFLICT DO NOTHING

-- name: make
-- the newest first: people look at them most
WITH taken AS (
    DELETE FROM rollup_city_due
    WHERE bucket = ANY (ARRAY(
        SELECT bucket FROM rollup_city_due WHERE bucket <= %(before)s ORDER BY bucket DESC LIMIT %(limit)s))
    RETURNING bucket
), made AS (
    INSERT INTO rollup_city_1h (bucket, property_id, datastreams, n, good, failed, min, max)
    SELECT t.bucket, f.*
    FROM taken t
    CROSS JOIN LATERAL (
        SELECT d.property_id, count(*), sum(r.n), sum(r.good), sum(r.failed), min(r.min), max(r.max)
        FROM rollup_1h r
        JOIN datastream d USING (datastream_id)
        WHERE r.bucket = t.bucket
        GROUP BY d.property_id
    ) f
)
SELECT count(*)::int4 FROM taken
