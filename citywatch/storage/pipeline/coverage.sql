-- name: good_counts
SELECT datastream_id, count(*)
FROM observation
WHERE phenomenon_time > %(until)s - %(window)s AND phenomenon_time <= %(until)s
  AND datastream_id = ANY(%(datastreams)s) AND quality <= 2
GROUP BY datastream_id

-- name: insert_figures
INSERT INTO coverage (at, kind_id, district_id, required, installed, reporting, monitored)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::int4[], %s::int4[], %s::int4[], %s::int4[])
ON CONFLICT DO NOTHING

-- name: upsert_verdicts
INSERT INTO asset_coverage (asset_id, at, monitored, reason, details)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (asset_id) DO UPDATE SET
    at = excluded.at, monitored = excluded.monitored, reason = excluded.reason, details = excluded.details
