-- name: observations
SELECT o.received_time, a.district_id, k.system_id, d.asset_id, d.sensor_id, d.property_id, d.unit,
       o.phenomenon_time, o.result
FROM observation o
JOIN datastream d USING (datastream_id)
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)
WHERE o.phenomenon_time >= %(begin)s AND o.phenomenon_time < %(end)s
ORDER BY o.received_time, d.asset_id, d.sensor_id, o.phenomenon_time, d.property_id

-- name: waveforms
SELECT w.received_time, a.district_id, k.system_id, d.asset_id, d.sensor_id, d.property_id, d.unit,
       w.start_time, w.sampling_rate, w.values
FROM waveform_block w
JOIN datastream d USING (datastream_id)
JOIN asset a USING (asset_id)
JOIN asset_kind k USING (kind_id)
WHERE w.start_time >= %(begin)s AND w.start_time < %(end)s
ORDER BY w.received_time, d.asset_id, d.sensor_id, w.start_time

-- name: results
SELECT d.asset_id, d.sensor_id, d.property_id, o.phenomenon_time, o.result, o.quality
FROM observation o
JOIN datastream d USING (datastream_id)
WHERE o.phenomenon_time >= %(begin)s AND o.phenomenon_time < %(end)s
ORDER BY d.asset_id COLLATE "C", d.sensor_id COLLATE "C", d.property_id COLLATE "C", o.phenomenon_time

-- name: alarms
SELECT al.asset_id, al.rule_id, coalesce(d.sensor_id || '/' || d.property_id, ''), al.measured_at, al.peak_severity
FROM alarm al
LEFT JOIN datastream d USING (datastream_id)
WHERE al.measured_at >= %(begin)s AND al.measured_at < %(end)s
ORDER BY al.asset_id COLLATE "C", al.rule_id COLLATE "C", al.measured_at, al.alarm_id
