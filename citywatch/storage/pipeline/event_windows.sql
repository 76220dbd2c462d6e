-- name: keep_around_alarm
-- an asset without waveforms has nothing to keep
INSERT INTO event_window (asset_id, begins_at, ends_at, reason, actor, alarm_id)
SELECT a.asset_id, %(begins_at)s, %(ends_at)s, %(reason)s, %(actor)s, a.alarm_id
FROM alarm a
WHERE a.alarm_id = %(alarm_id)s
  AND EXISTS (SELECT FROM datastream d WHERE d.asset_id = a.asset_id AND d.sampling = 'waveform')

-- name: waveform_datastreams
SELECT datastream_id FROM datastream WHERE asset_id = %(asset_id)s AND sampling = 'waveform'

-- name: keep
INSERT INTO event_window (asset_id, datastream_id, begins_at, ends_at, reason, actor)
VALUES (%(asset_id)s, %(datastream_id)s, %(begins_at)s, %(ends_at)s, %(reason)s, %(actor)s)
RETURNING event_window_id

-- name: windows
SELECT e.event_window_id, e.asset_id, e.datastream_id, e.begins_at, e.ends_at, e.reason, e.actor, e.alarm_id,
       (SELECT count(*)
        FROM datastream d
        JOIN waveform_block w USING (datastream_id)
        WHERE d.asset_id = e.asset_id AND d.sampling = 'waveform'
          AND (e.datastream_id IS NULL OR d.datastream_id = e.datastream_id)
          AND w.start_time >= e.begins_at AND w.start_time < e.ends_at) AS blocks
FROM event_window e
WHERE (%(event_window_id)s::int8 IS NULL OR e.event_window_id = %(event_window_id)s)
  AND (%(asset_id)s::text IS NULL OR e.asset_id = %(asset_id)s)
  AND (%(before)s::int8 IS NULL OR e.event_window_id < %(before)s)
ORDER BY e.event_window_id DESC
LIMIT %(limit)s
