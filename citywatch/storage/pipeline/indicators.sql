-- Each formula gives a district ('' for the city), a numerator and a denominator, or a value and no denominator.
-- begin and end bound the days [begin, end); first and last are their dates.

-- name: coverage
-- assets monitored / assets that should be, on the last day
SELECT coalesce(district_id, ''), sum(monitored)::float8, sum(required)::float8
FROM coverage_day
WHERE day = %(last)s AND kind_id = ANY (%(kinds)s)
GROUP BY GROUPING SETS ((district_id), ())

-- name: registered
-- assets that the registry holds at the end, or the sum of a parameter of theirs
SELECT coalesce(district_id, ''),
       sum(CASE %(parameter)s WHEN '' THEN 1 ELSE (parameters ->> %(parameter)s::text)::float8 END)::float8, NULL::float8
FROM asset
WHERE kind_id = ANY (%(kinds)s) AND (valid_from IS NULL OR valid_from < %(end)s)
  AND (valid_until IS NULL OR valid_until >= %(end)s)
GROUP BY GROUPING SETS ((district_id), ())

-- name: districts_connected
-- districts with any value on the last day / districts with an asset; functional zones are districts
SELECT '', count(*) FILTER (WHERE connected)::float8, count(*)::float8
FROM (
    SELECT d.district_id, EXISTS (
        SELECT FROM asset a
        JOIN datastream s USING (asset_id)
        JOIN rollup_1day r ON r.datastream_id = s.datastream_id AND r.bucket = %(last_begin)s
        WHERE a.district_id = d.district_id AND r.n > 0) AS connected
    FROM district d
    WHERE d.district_class <> 'elsewhere' AND EXISTS (SELECT FROM asset a WHERE a.district_id = d.district_id)
) AS districts

-- name: lamps_lit
-- lamp-nights lit / lamp-nights inspected: lamps with valid power in the night hour; lit above a share of their rating.
-- A cabinet whose lamps are all dark is an outage, not so many lamps: it is left out.
SELECT coalesce(district_id, ''), (count(*) FILTER (WHERE lit))::float8, count(*)::float8
FROM night_lamp(%(begin)s, %(end)s, %(zone)s, %(night_hour)s, %(lit_share)s)
WHERE NOT outage
GROUP BY GROUPING SETS ((district_id), ())

-- name: roads_within_dark_cap
-- road-nights with at most as many dark lamps as the cap / road-nights, of roads under 200 lamps: 4 of 150 to 199 lamps,
-- 3 of 100 to 149, 2 of fewer (Changsha)
SELECT coalesce(district_id, ''),
       (count(*) FILTER (WHERE dark <= CASE WHEN lamps >= 150 THEN 4 WHEN lamps >= 100 THEN 3 ELSE 2 END))::float8,
       count(*)::float8
FROM (
    SELECT district_id, street, night, count(*) AS lamps, count(*) FILTER (WHERE NOT lit) AS dark
    FROM night_lamp(%(begin)s, %(end)s, %(zone)s, %(night_hour)s, %(lit_share)s)
    WHERE street <> '' AND NOT outage
    GROUP BY district_id, street, night
) AS roads
WHERE lamps < 200
GROUP BY GROUPING SETS ((district_id), ())

-- name: lamps_installed
-- lamps in the registry / places the cabinets were designed for (parameter lamps); no cabinet counts more than it was
SELECT coalesce(district_id, ''), sum(least(installed, designed))::float8, sum(designed)::float8
FROM (
    SELECT c.district_id, (c.parameters ->> 'lamps')::float8 AS designed, (
        SELECT count(*) FROM asset l
        WHERE l.parent_id = c.asset_id AND l.kind_id = 'lamp' AND (l.valid_from IS NULL OR l.valid_from < %(end)s)
          AND (l.valid_until IS NULL OR l.valid_until >= %(end)s)) AS installed
    FROM asset c
    WHERE c.kind_id = 'lighting-cabinet' AND c.parameters ->> 'lamps' IS NOT NULL
      AND (c.valid_from IS NULL OR c.valid_from < %(end)s) AND (c.valid_until IS NULL OR c.valid_until >= %(end)s)
) AS cabinets
GROUP BY GROUPING SETS ((district_id), ())

-- name: facilities_intact
-- facilities without an open alarm at the end / facilities with a sensor
SELECT coalesce(district_id, ''), (count(*) FILTER (WHERE NOT EXISTS (
           SELECT FROM alarm l WHERE l.asset_id = a.asset_id AND l.raised_at < %(end)s
             AND (l.closed_at IS NULL OR l.closed_at >= %(end)s))))::float8,
       count(*)::float8
FROM asset a
JOIN asset_kind k USING (kind_id)
WHERE k.system_id = %(system)s AND (a.valid_from IS NULL OR a.valid_from < %(end)s)
  AND (a.valid_until IS NULL OR a.valid_until >= %(end)s)
  AND EXISTS (SELECT FROM sensor s WHERE s.asset_id = a.asset_id)
GROUP BY GROUPING SETS ((district_id), ())

-- name: handled_in_time
-- alarms acknowledged within the limit / alarms whose limit ran out in the span; what nobody acknowledged stays in
SELECT coalesce(district_id, ''),
       (count(*) FILTER (WHERE acknowledged <= limit_at))::float8, count(*)::float8
FROM (
    SELECT a.district_id, l.raised_at + %(limit_s)s * interval '1 second' AS limit_at,
           (SELECT min(e.at) FROM alarm_event e WHERE e.alarm_id = l.alarm_id AND e.event = 'acknowledged') AS acknowledged
    FROM alarm l
    JOIN asset a USING (asset_id)
    JOIN asset_kind k USING (kind_id)
    WHERE k.system_id = %(system)s AND l.peak_severity >= %(min_severity)s
) AS emergencies
WHERE limit_at >= %(begin)s AND limit_at < %(end)s
GROUP BY GROUPING SETS ((district_id), ())

-- name: without_severe_alarm
-- assets without an alarm of the severity in the span / assets
SELECT coalesce(district_id, ''), (count(*) FILTER (WHERE NOT EXISTS (
           SELECT FROM alarm l WHERE l.asset_id = a.asset_id AND l.peak_severity >= %(min_severity)s
             AND l.raised_at < %(end)s AND coalesce(l.returned_at, l.closed_at, 'infinity') >= %(begin)s)))::float8,
       count(*)::float8
FROM asset a
WHERE a.kind_id = ANY (%(kinds)s) AND (a.valid_from IS NULL OR a.valid_from < %(end)s)
  AND (a.valid_until IS NULL OR a.valid_until >= %(end)s)
GROUP BY GROUPING SETS ((district_id), ())

-- name: points_remedied
-- assets that were there for so many days before the end and had no alarm of the severity in them
SELECT coalesce(district_id, ''), count(*)::float8, NULL::float8
FROM asset a
WHERE a.kind_id = ANY (%(kinds)s) AND (a.valid_from IS NULL OR a.valid_from <= %(end)s - %(days)s * interval '1 day')
  AND (a.valid_until IS NULL OR a.valid_until >= %(end)s)
  AND NOT EXISTS (
      SELECT FROM alarm l
      WHERE l.asset_id = a.asset_id AND l.peak_severity >= %(min_severity)s AND l.raised_at < %(end)s
        AND coalesce(l.returned_at, l.closed_at, 'infinity') >= %(end)s - %(days)s * interval '1 day')
GROUP BY GROUPING SETS ((district_id), ())

-- name: cleared_in_time
-- alarms of a rule that returned within the limit / alarms whose limit ran out in the span; what lasts stays in
SELECT coalesce(district_id, ''),
       (count(*) FILTER (WHERE coalesce(returned_at, closed_at) <= limit_at))::float8, count(*)::float8
FROM (
    SELECT a.district_id, l.returned_at, l.closed_at, l.measured_at + %(limit_s)s * interval '1 second' AS limit_at
    FROM alarm l
    JOIN asset a USING (asset_id)
    WHERE l.rule_id = %(rule)s
) AS pondings
WHERE limit_at >= %(begin)s AND limit_at < %(end)s
GROUP BY GROUPING SETS ((district_id), ())

-- name: devices_online
-- hours in which a sensor sent anything / hours in which it was on its asset
SELECT coalesce(district_id, ''), sum(heard)::float8, sum(hours)::float8
FROM (
    SELECT a.district_id,
           extract(epoch FROM least(coalesce(s.removed_at, %(end)s), %(end)s)
                              - greatest(coalesce(s.installed_at, %(begin)s), %(begin)s)) / 3600 AS hours,
           least(coalesce(h.heard, 0), extract(epoch FROM least(coalesce(s.removed_at, %(end)s), %(end)s)
                              - greatest(coalesce(s.installed_at, %(begin)s), %(begin)s)) / 3600) AS heard
    FROM sensor s
    JOIN asset a USING (asset_id)
    LEFT JOIN (
        SELECT d.asset_id, d.sensor_id, count(DISTINCT r.bucket) AS heard
        FROM rollup_1h r
        JOIN datastream d USING (datastream_id)
        WHERE r.bucket >= %(begin)s AND r.bucket < %(end)s AND r.n + r.failed > 0
        GROUP BY d.asset_id, d.sensor_id
    ) AS h ON h.asset_id = s.asset_id AND h.sensor_id = s.sensor_id
    WHERE (s.installed_at IS NULL OR s.installed_at < %(end)s) AND (s.removed_at IS NULL OR s.removed_at > %(begin)s)
) AS sensors
GROUP BY GROUPING SETS ((district_id), ())

-- name: data_complete
-- observations stored / observations expected, each datastream and day at most in full
SELECT coalesce(district_id, ''), sum(least(received, expected))::float8, sum(expected)::float8
FROM (
    SELECT a.district_id, greatest(days.seconds / d.expected_interval, 1) AS expected,
           coalesce(r.n + r.failed, 0) AS received
    FROM (
        SELECT (one AT TIME ZONE %(zone)s) AS bucket,
               extract(epoch FROM (one + interval '1 day') AT TIME ZONE %(zone)s - one AT TIME ZONE %(zone)s) AS seconds
        FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS one
    ) AS days
    JOIN sensor s ON (s.installed_at IS NULL OR s.installed_at <= days.bucket)
                 AND (s.removed_at IS NULL OR s.removed_at > days.bucket)
    JOIN datastream d ON d.asset_id = s.asset_id AND d.sensor_id = s.sensor_id AND d.sampling = 'scalar'
    JOIN asset a ON a.asset_id = s.asset_id
    LEFT JOIN rollup_1day r ON r.datastream_id = d.datastream_id AND r.bucket = days.bucket
) AS streams
GROUP BY GROUPING SETS ((district_id), ())

-- name: response_median
-- median time from detection to the first acknowledgement of the alarms raised in the span [s]; what nobody has
-- acknowledged counts as longer than any other
SELECT coalesce(district_id, ''),
       nullif(percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds), 'infinity'), NULL::float8
FROM (
    SELECT a.district_id, coalesce(extract(epoch FROM (
               SELECT min(e.at) FROM alarm_event e WHERE e.alarm_id = l.alarm_id AND e.event = 'acknowledged')
               - l.detected_at), 'infinity')::float8 AS seconds
    FROM alarm l
    JOIN asset a USING (asset_id)
    WHERE l.raised_at >= %(begin)s AND l.raised_at < %(end)s
) AS alarms
GROUP BY GROUPING SETS ((district_id), ())

-- name: closed_in_time
-- alarms closed within the limit / alarms whose limit ran out in the span; open and overdue ones stay in
SELECT coalesce(district_id, ''), (count(*) FILTER (WHERE closed_at <= limit_at))::float8, count(*)::float8
FROM (
    SELECT a.district_id, l.closed_at, l.raised_at + %(limit_s)s * interval '1 second' AS limit_at
    FROM alarm l
    JOIN asset a USING (asset_id)
) AS alarms
WHERE limit_at >= %(begin)s AND limit_at < %(end)s
GROUP BY GROUPING SETS ((district_id), ())

-- name: definitions
SELECT definition FROM indicator ORDER BY place

-- name: replace_figures
INSERT INTO indicator_day (day, indicator_id, district_id, value, numerator, denominator, computed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (indicator_id, day, district_id) DO UPDATE SET
    value = excluded.value, numerator = excluded.numerator, denominator = excluded.denominator,
    computed_at = excluded.computed_at

-- name: due_days
-- days without figures, and days that were computed at once when they were over and are a day older now: late data and
-- late acknowledgements are in then. The newest first.
SELECT one::date
FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS one
LEFT JOIN (SELECT day, min(computed_at) AS computed_at FROM indicator_day GROUP BY day) AS f ON f.day = one::date
WHERE f.day IS NULL
   OR (f.computed_at < (one + interval '2 days') AT TIME ZONE %(zone)s
       AND %(at)s >= (one + interval '2 days') AT TIME ZONE %(zone)s)
ORDER BY one DESC

-- name: day_figures
SELECT indicator_id, district_id, day AS first, day AS last, value, numerator, denominator, computed_at
FROM indicator_day
WHERE day = %(day)s AND (%(district)s::text IS NULL OR district_id = %(district)s)
ORDER BY indicator_id, district_id

-- name: history
SELECT indicator_id, district_id, day AS first, day AS last, value, numerator, denominator, computed_at
FROM indicator_day
WHERE indicator_id = %(indicator_id)s AND district_id = %(district)s AND day BETWEEN %(first)s AND %(last)s
ORDER BY day

-- name: newest_day
SELECT max(day) FROM indicator_day
