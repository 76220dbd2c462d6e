-- name: open_alarms
SELECT alarm_id, asset_id, rule_id, state, severity
FROM alarm
WHERE closed_at IS NULL AND asset_id = ANY(%s)
ORDER BY alarm_id
FOR UPDATE

-- name: insert_alarm
INSERT INTO alarm (asset_id, rule_id, datastream_id, state, severity, peak_severity, measured_at, received_at,
                   detected_at, message_en, message_zh, evidence)
VALUES (%(asset_id)s, %(rule_id)s, %(datastream_id)s, %(state)s, %(severity)s, %(severity)s, %(measured_at)s,
        %(received_at)s, %(at)s, %(message_en)s, %(message_zh)s, %(evidence)s)
RETURNING alarm_id

-- name: update_alarm
UPDATE alarm SET
    state = %(state)s,
    severity = %(severity)s,
    peak_severity = greatest(peak_severity, %(severity)s),
    occurrences = occurrences + (%(event)s = 'raised-again')::int,
    returned_at = CASE WHEN %(event)s IN ('returned', 'closed') THEN %(at)s::timestamptz
                       WHEN %(event)s = 'raised-again' THEN NULL ELSE returned_at END,
    closed_at = CASE WHEN %(event)s = 'closed' THEN %(at)s::timestamptz END,
    message_en = coalesce(%(message_en)s, message_en),
    message_zh = coalesce(%(message_zh)s, message_zh),
    evidence = coalesce(%(evidence)s::jsonb, evidence)
WHERE alarm_id = %(alarm_id)s

-- name: record_event
SELECT record_alarm_event(%(alarm_id)s, %(event)s, %(severity)s::int2, %(at)s, %(actor)s, %(note)s)
