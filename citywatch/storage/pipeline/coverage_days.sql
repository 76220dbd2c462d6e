-- name: rules
SELECT kind_id, coverage FROM asset_kind WHERE coverage IS NOT NULL ORDER BY kind_id

-- name: first_bucket
-- by datastream, for a roll-up is found by it
SELECT min(bucket)
FROM datastream d
CROSS JOIN LATERAL (
    SELECT bucket FROM rollup_1day r WHERE r.datastream_id = d.datastream_id ORDER BY bucket LIMIT 1) AS r

-- name: spells
-- the first version tells also what was before it; how long an asset was there stands with the asset
SELECT asset_id, district_id, greatest(begin_at, valid_from), least(end_at, valid_until)
FROM (
    SELECT v.asset_id, v.kind_id, v.district_id, a.valid_from, a.valid_until,
           CASE WHEN lag(v.asset_id) OVER w IS NULL THEN a.valid_from ELSE v.valid_from END AS begin_at,
           lead(v.valid_from) OVER w AS end_at
    FROM asset_version v
    JOIN asset a USING (asset_id)
    WINDOW w AS (PARTITION BY v.asset_id ORDER BY v.valid_from)
) AS s
WHERE kind_id = %(kind_id)s
ORDER BY asset_id, begin_at NULLS FIRST

-- name: streams
SELECT d.asset_id, array_position(%(required)s::text[], d.property_id) - 1, d.datastream_id, d.expected_interval,
       s.installed_at, s.removed_at, d.sensor_id
FROM datastream d
JOIN sensor s USING (asset_id, sensor_id)
WHERE d.property_id = ANY (%(required)s::text[])
  AND d.asset_id IN (SELECT asset_id FROM asset_version WHERE kind_id = %(kind_id)s)

-- name: calibrations
SELECT asset_id, sensor_id, calibrated_at, least(valid_until, calibrated_at + %(days)s::float8 * interval '1 day')
FROM calibration
WHERE asset_id IN (SELECT asset_id FROM asset_version WHERE kind_id = %(kind_id)s)

-- name: due_days
-- what was given up cannot be judged anew
SELECT one::date
FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS one
WHERE NOT EXISTS (
        SELECT FROM coverage_run r WHERE r.kind_id = %(kind_id)s AND r.day = one::date AND r.rule = %(rule)s)
  AND NOT EXISTS (
        SELECT FROM asset_kind k JOIN retention_horizon h USING (system_id)
        WHERE k.kind_id = %(kind_id)s AND h.stored_in = 'rollup_1day' AND one AT TIME ZONE %(zone)s < h.horizon)
ORDER BY one

-- name: good_by_day
COPY (
    SELECT datastream_id, bucket, good
    FROM rollup_1day
    WHERE bucket >= %(begin)s AND bucket < %(end)s AND datastream_id IN (
        SELECT d.datastream_id
        FROM datastream d
        JOIN asset_version v USING (asset_id)
        WHERE v.kind_id = ANY (%(kinds)s) AND d.property_id = ANY (%(properties)s))
) TO STDOUT (FORMAT BINARY)

-- name: forget_districts
DELETE FROM coverage_day WHERE kind_id = %(kind_id)s AND day = ANY (%(days)s)

-- name: insert_district
INSERT INTO coverage_day (day, kind_id, district_id, required, installed, reporting, passing, monitored, asset_id,
                          reason, share, property_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::text[], %s::text[], %s::float4[], %s::text[])

-- name: keep_run
INSERT INTO coverage_run (day, kind_id, rule, computed_at)
SELECT day, %(kind_id)s, %(rule)s, %(at)s FROM unnest(%(days)s::date[]) AS day
ON CONFLICT (kind_id, day) DO UPDATE SET rule = excluded.rule, computed_at = excluded.computed_at

-- name: forget_runs
DELETE FROM coverage_run
WHERE (%(kind_id)s::text IS NULL OR kind_id = %(kind_id)s) AND day BETWEEN %(first)s AND %(last)s

-- name: forget_touched
-- the days of touched roll-ups that were judged already; those of today never were
WITH judged AS (SELECT (max(day) + 1)::timestamp AT TIME ZONE %(zone)s AS until FROM coverage_run)
DELETE FROM coverage_run r
USING (
    SELECT DISTINCT a.kind_id, day::date AS day
    FROM judged, unnest(%(datastream_id)s::int4[], %(begin)s::timestamptz[], %(end)s::timestamptz[])
             AS t (datastream_id, begin_at, end_at)
    JOIN datastream USING (datastream_id)
    JOIN asset a USING (asset_id)
    CROSS JOIN LATERAL generate_series(
        date_trunc('day', t.begin_at AT TIME ZONE %(zone)s),
        (t.end_at - interval '1 microsecond') AT TIME ZONE %(zone)s, interval '1 day') AS day
    WHERE t.begin_at < judged.until
) AS touched
WHERE r.kind_id = touched.kind_id AND r.day = touched.day

-- name: judged_days
SELECT min(day) AS first, max(day) AS last FROM coverage_run

-- name: day_figures
SELECT c.day, c.kind_id, k.name_en AS kind_en, k.name_zh AS kind_zh, k.system_id, c.district_id,
       d.name_en AS district_en, d.name_zh AS district_zh, d.district_class, c.required, c.installed, c.reporting,
       c.passing, c.monitored
FROM coverage_day c
JOIN asset_kind k USING (kind_id)
JOIN district d USING (district_id)
WHERE c.day = %(day)s
  AND (%(kind)s::text IS NULL OR c.kind_id = %(kind)s)
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(district)s::text IS NULL OR c.district_id = %(district)s)
ORDER BY c.kind_id, c.district_id

-- name: history
SELECT c.day, sum(c.required)::int4 AS required, sum(c.installed)::int4 AS installed,
       sum(c.reporting)::int4 AS reporting, sum(c.passing)::int4 AS passing, sum(c.monitored)::int4 AS monitored
FROM coverage_day c
JOIN asset_kind k USING (kind_id)
WHERE c.day BETWEEN %(first)s AND %(last)s
  AND (%(kind)s::text IS NULL OR c.kind_id = %(kind)s)
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(district)s::text IS NULL OR c.district_id = %(district)s)
GROUP BY c.day
ORDER BY c.day

-- name: street_history
-- counted from the verdicts; the street is that of the record as it was on the day
SELECT c.day, count(*)::int4 AS required,
       (count(*) FILTER (WHERE v.reason <> 'not-installed'))::int4 AS installed,
       (count(*) FILTER (WHERE v.reason NOT IN ('not-installed', 'not-reporting')))::int4 AS reporting,
       (count(*) FILTER (WHERE v.reason IN ('not-calibrated', 'monitored')))::int4 AS passing,
       (count(*) FILTER (WHERE v.reason = 'monitored'))::int4 AS monitored
FROM coverage_day c
JOIN asset_kind k USING (kind_id)
CROSS JOIN LATERAL unnest(c.asset_id, c.reason) AS v (asset_id, reason)
JOIN asset a ON a.asset_id = v.asset_id
LEFT JOIN LATERAL (
    SELECT street FROM asset_version
    WHERE asset_id = v.asset_id AND valid_from <= c.day::timestamp AT TIME ZONE %(zone)s
    ORDER BY valid_from DESC LIMIT 1) AS r ON true
WHERE c.day BETWEEN %(first)s AND %(last)s
  AND (%(kind)s::text IS NULL OR c.kind_id = %(kind)s)
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(district)s::text IS NULL OR c.district_id = %(district)s)
  AND coalesce(r.street, a.street) = %(street)s
GROUP BY c.day
ORDER BY c.day

-- name: gaps
-- unclaimed: sensors that the registry does not know and that sent for the asset within a week before the end of the day
SELECT c.day, c.kind_id, k.name_en AS kind_en, k.name_zh AS kind_zh, k.system_id, c.district_id, v.asset_id, a.name_en,
       a.name_zh, a.street, a.responsible_unit, v.reason, v.share::float8 AS share, v.property_id,
       coalesce(u.sensors, '{}') AS unclaimed
FROM coverage_day c
JOIN asset_kind k USING (kind_id)
CROSS JOIN LATERAL unnest(c.asset_id, c.reason, c.share, c.property_id) AS v (asset_id, reason, share, property_id)
JOIN asset a ON a.asset_id = v.asset_id
LEFT JOIN (
    SELECT split_part(topic, '/', 5) AS asset_id, array_agg(DISTINCT split_part(topic, '/', 6)) AS sensors
    FROM dead_letter
    WHERE reason = 'unknown_datastream' AND topic LIKE 'citywatch/v1/%%'
      AND received_at >= (%(day)s::date - 6)::timestamp AT TIME ZONE %(zone)s
      AND received_at < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1
) AS u ON u.asset_id = v.asset_id
WHERE c.day = %(day)s AND v.reason <> 'monitored'
  AND (%(kind)s::text IS NULL OR c.kind_id = %(kind)s)
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(district)s::text IS NULL OR c.district_id = %(district)s)
  AND (%(street)s::text IS NULL OR a.street = %(street)s)
ORDER BY v.reason, v.share DESC, v.asset_id
LIMIT %(limit)s

-- name: verdicts
SELECT v.asset_id, v.reason
FROM coverage_day c
JOIN asset_kind k USING (kind_id)
CROSS JOIN LATERAL unnest(c.asset_id, c.reason) AS v (asset_id, reason)
WHERE c.day = %(day)s
  AND (%(kind)s::text IS NULL OR c.kind_id = %(kind)s)
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(district)s::text IS NULL OR c.district_id = %(district)s)

-- name: unclaimed
SELECT DISTINCT split_part(topic, '/', 6)
FROM dead_letter
WHERE reason = 'unknown_datastream' AND topic LIKE 'citywatch/v1/%%' AND split_part(topic, '/', 5) = %(asset_id)s
  AND received_at >= %(end)s - interval '7 days' AND received_at < %(end)s

-- name: asset_record
SELECT a.asset_id, a.name_en, a.name_zh, a.kind_id, k.system_id, a.district_id, a.street, a.responsible_unit, a.origin,
       a.valid_from, a.valid_until, k.coverage AS rule
FROM asset a
JOIN asset_kind k USING (kind_id)
WHERE a.asset_id = %(asset_id)s

-- name: asset_verdict
SELECT c.kind_id, c.district_id, v.reason, v.share::float8 AS share, v.property_id
FROM coverage_day c
CROSS JOIN LATERAL unnest(c.asset_id, c.reason, c.share, c.property_id) AS v (asset_id, reason, share, property_id)
WHERE c.day = %(day)s AND v.asset_id = %(asset_id)s

-- name: asset_evidence
SELECT d.property_id, d.sensor_id, d.expected_interval, s.installed_at, s.removed_at,
       coalesce(r.good, 0) AS good, coalesce(r.n + r.failed, 0) AS received, c.calibrated_at, c.valid_until AS calibrated_until
FROM datastream d
JOIN sensor s USING (asset_id, sensor_id)
LEFT JOIN rollup_1day r ON r.datastream_id = d.datastream_id AND r.bucket = %(begin)s
LEFT JOIN LATERAL (
    SELECT calibrated_at, valid_until FROM calibration
    WHERE asset_id = d.asset_id AND sensor_id = d.sensor_id AND calibrated_at < %(end)s
    ORDER BY calibrated_at DESC LIMIT 1) AS c ON true
WHERE d.asset_id = %(asset_id)s AND d.property_id = ANY (%(required)s::text[])
ORDER BY array_position(%(required)s::text[], d.property_id), d.sensor_id

-- name: asset_past
-- stretches of days with one reason, newest first; a day on which it did not count ends a stretch
SELECT reason, min(day) AS first, max(day) AS last
FROM (
    SELECT day, reason, day - (row_number() OVER (PARTITION BY reason ORDER BY day))::int4 AS island
    FROM (
        SELECT c.day, v.reason
        FROM coverage_day c
        CROSS JOIN LATERAL unnest(c.asset_id, c.reason) AS v (asset_id, reason)
        WHERE v.asset_id = %(asset_id)s AND c.day <= %(day)s
          AND (c.kind_id, c.district_id) IN (
              SELECT kind_id, district_id FROM asset_version WHERE asset_id = %(asset_id)s)
    ) AS verdicts
) AS islands
GROUP BY reason, island
ORDER BY first DESC
LIMIT 50
