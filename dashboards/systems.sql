-- What the dashboards about one system ask beyond the shared statements.

-- name: rain
SELECT date_bin('$__interval', r.bucket, {midnight}) AS "time", {label} AS metric, -avg(r.mean) AS value
FROM (
    SELECT datastream_id
    FROM dash.datastream
    WHERE {filter} AND property_id = 'rain_rate'
    ORDER BY datastream_id
    LIMIT 200
) d
JOIN dash.rollup r USING (datastream_id)
WHERE r.step = dash.step('$__interval') AND r.n > 0 AND $__timeFilter(r.bucket)
GROUP BY 1
ORDER BY 1

-- name: deviations
SELECT s.state, s.asset_{lang} AS asset, s.sensor_id, s.value, b.expected,
       abs(s.value - b.expected) / nullif(b.scale, 0) AS deviation, s.asset_id, s.datastream_id
FROM dash.sensor_state s
JOIN dash.baseline b USING (datastream_id)
WHERE {filter} AND s.property_id = {property} AND s.is_reporting AND s.quality < 4
ORDER BY deviation DESC NULLS LAST, s.datastream_id
LIMIT 15

-- name: shortfalls
SELECT s.state, s.asset_{lang} AS asset, s.value, b.expected,
       (b.expected - s.value) / nullif(b.scale, 0) AS shortfall, s.asset_id, s.datastream_id
FROM dash.sensor_state s
JOIN dash.baseline b USING (datastream_id)
WHERE {filter} AND s.property_id = {property} AND s.kind_id = 'lamp' AND s.is_reporting AND s.quality < 4
  AND s.value < b.expected
ORDER BY shortfall DESC NULLS LAST, s.datastream_id
LIMIT 15

-- name: strain_over_temperature
-- one gauge with a thermometer of its own: the one with the worst state
WITH one AS MATERIALIZED (
    SELECT s.datastream_id AS strain, t.datastream_id AS temperature
    FROM dash.sensor_state s
    JOIN dash.datastream t ON t.asset_id = s.asset_id AND t.sensor_id = s.sensor_id
                          AND t.property_id = 'structure_temperature'
    WHERE s.system_id = {system} AND s.district_id IN (${district:sqlstring})
      AND ('*' IN (${asset:sqlstring}) OR s.asset_id IN (${asset:sqlstring})) AND s.property_id = 'strain'
    ORDER BY s.rank DESC, s.datastream_id
    LIMIT 1
)
SELECT t.mean AS x, r.mean AS y
FROM one
JOIN dash.rollup r ON r.datastream_id = one.strain
JOIN dash.rollup t ON t.datastream_id = one.temperature AND t.bucket = r.bucket
WHERE r.step = dash.step('$__interval') AND t.step = dash.step('$__interval') AND r.n > 0 AND t.n > 0
  AND $__timeFilter(r.bucket) AND $__timeFilter(t.bucket)
ORDER BY r.bucket
LIMIT 3000

-- name: good_share
SELECT p.property_{lang} AS property, 100.0 * sum(r.good) / nullif(sum(r.n + r.failed), 0) AS share
FROM (
    SELECT datastream_id, property_{lang}
    FROM dash.datastream
    WHERE {filter} AND sampling = 'scalar'
    ORDER BY hashint4(datastream_id)
    LIMIT 1000
) p
JOIN dash.rollup r USING (datastream_id)
WHERE r.step = dash.step(greatest('$__interval'::interval, '1 hour')) AND $__timeFilter(r.bucket)
GROUP BY 1
ORDER BY share, property

-- name: lamps_on
SELECT 100.0 * lit / nullif(lamps, 0) AS pct, format({share}, lit, lamps) AS share
FROM (
    SELECT count(*) FILTER (WHERE value > 10) AS lit, count(*) AS lamps
    FROM dash.sensor_state
    WHERE {filter} AND kind_id = 'lamp' AND property_id = 'active_power' AND is_reporting AND quality < 4
) s

-- name: cabinet_power
SELECT date_bin('$__interval', bucket, {midnight}) AS "time", avg(power) AS power
FROM (
    SELECT r.bucket, sum(r.mean) AS power
    FROM dash.datastream d
    JOIN dash.rollup r USING (datastream_id)
    WHERE {filter} AND d.kind_id = 'lighting-cabinet' AND d.property_id = 'active_power'
      AND r.step = dash.step(greatest('$__interval'::interval, '1 hour')) AND $__timeFilter(r.bucket)
    GROUP BY r.bucket
) s
GROUP BY 1
ORDER BY 1

-- name: energy_by_day
-- a day that is not over has had fewer hours
SELECT r.bucket AS "time",
       sum(r.mean * extract(epoch FROM least(now(), r.bucket + interval '1 day') - r.bucket)::float8 / 3600000) AS energy
FROM dash.datastream d
JOIN dash.rollup r USING (datastream_id)
WHERE {filter} AND d.kind_id = 'lighting-cabinet' AND d.property_id = 'active_power' AND r.step = 'day' AND r.n > 0
  AND r.bucket BETWEEN $__timeFrom()::timestamptz - interval '1 day' AND $__timeTo()
GROUP BY r.bucket
ORDER BY r.bucket

-- name: energy_of_month
SELECT sum(r.mean * extract(epoch FROM least(now(), r.bucket + interval '1 day') - r.bucket)::float8 / 3600000) AS energy
FROM dash.city c
CROSS JOIN dash.datastream d
JOIN dash.rollup r USING (datastream_id)
WHERE {filter} AND d.kind_id = 'lighting-cabinet' AND d.property_id = 'active_power' AND r.step = 'day' AND r.n > 0
  AND r.bucket >= date_trunc('month', now() AT TIME ZONE c.time_zone) AT TIME ZONE c.time_zone
