-- name: insert_findings
INSERT INTO quality_finding AS q (datastream_id, phenomenon_time, tests, flag)
SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::int4[], %s::int2[])
ON CONFLICT (datastream_id, phenomenon_time) DO UPDATE SET
    tests = q.tests | excluded.tests, flag = greatest(q.flag, excluded.flag)

-- name: flag_observations
-- the roll-ups of what is flagged have to be made anew
WITH flagged AS (
    UPDATE observation o SET quality = f.flag
    FROM unnest(%s::int4[], %s::timestamptz[], %s::int2[]) AS f (datastream_id, phenomenon_time, flag)
    WHERE o.datastream_id = f.datastream_id AND o.phenomenon_time = f.phenomenon_time AND o.quality < f.flag
      AND o.phenomenon_time BETWEEN %s AND %s
    RETURNING o.datastream_id, o.phenomenon_time
)
INSERT INTO rollup_due (datastream_id, first_at, last_at)
SELECT datastream_id, phenomenon_time, phenomenon_time FROM flagged

-- name: flag_latest
UPDATE latest l SET quality = f.flag
FROM unnest(%s::int4[], %s::timestamptz[], %s::int2[]) AS f (datastream_id, phenomenon_time, flag)
WHERE l.datastream_id = f.datastream_id AND l.phenomenon_time = f.phenomenon_time AND l.quality < f.flag

-- name: begin_gaps
INSERT INTO gap (datastream_id, began_at)
SELECT * FROM unnest(%s::int4[], %s::timestamptz[])
ON CONFLICT DO NOTHING

-- name: end_gaps
UPDATE gap SET ended_at = %s WHERE ended_at IS NULL AND datastream_id = ANY(%s)

-- name: upsert_baselines
INSERT INTO baseline (datastream_id, learned_slots, total_slots, expected, scale, updated_at)
SELECT datastream_id, learned_slots, 24, expected, scale, %s
FROM unnest(%s::int4[], %s::int2[], %s::float8[], %s::float8[]) AS b (datastream_id, learned_slots, expected, scale)
ON CONFLICT (datastream_id) DO UPDATE SET
    learned_slots = excluded.learned_slots, expected = excluded.expected, scale = excluded.scale,
    updated_at = excluded.updated_at
