-- name: datastreams
SELECT d.datastream_id, d.asset_id, d.sensor_id, d.property_id, p.name_en AS property_en, p.name_zh AS property_zh,
       d.unit, p.decimals, d.expected_interval AS expected_interval_s, s.model_name_en, s.model_name_zh,
       s.calibrated_at,
       nullif(d.plausible_low, '-Infinity') AS plausible_low, nullif(d.plausible_high, 'Infinity') AS plausible_high,
       l.phenomenon_time, l.received_time, l.result, l.quality,
       g.began_at AS silent_since, st.state AS presence,
       b.learned_slots, b.total_slots, b.expected, b.scale
FROM datastream d
JOIN observed_property p USING (property_id)
JOIN sensor s ON s.asset_id = d.asset_id AND s.sensor_id = d.sensor_id
LEFT JOIN latest l USING (datastream_id)
LEFT JOIN gap g ON g.datastream_id = d.datastream_id AND g.ended_at IS NULL
LEFT JOIN sensor_status st ON st.asset_id = d.asset_id AND st.sensor_id = d.sensor_id
LEFT JOIN baseline b ON b.datastream_id = d.datastream_id
WHERE (%(asset_id)s::text IS NULL OR d.asset_id = %(asset_id)s)
  AND (%(property_id)s::text IS NULL OR d.property_id = %(property_id)s)
  AND (%(datastream_id)s::int4 IS NULL OR d.datastream_id = %(datastream_id)s)
  AND d.datastream_id > %(after)s
  AND (s.removed_at IS NULL OR s.removed_at > now())
ORDER BY d.datastream_id
LIMIT %(limit)s

-- name: waveforms
SELECT start_time, received_time, sampling_rate, quality, values
FROM waveform_block
WHERE datastream_id = %(datastream_id)s AND start_time >= %(begin)s AND start_time < %(end)s
ORDER BY start_time
LIMIT %(limit)s

-- name: observations
SELECT o.phenomenon_time, o.received_time, o.result, o.quality, q.tests
FROM observation o
LEFT JOIN quality_finding q
       ON q.datastream_id = o.datastream_id AND q.phenomenon_time = o.phenomenon_time
WHERE o.datastream_id = %(datastream_id)s AND o.phenomenon_time >= %(begin)s AND o.phenomenon_time < %(end)s
ORDER BY o.phenomenon_time
LIMIT %(limit)s
