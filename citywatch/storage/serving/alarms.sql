-- name: alarms
SELECT a.alarm_id, a.asset_id, s.name_en AS asset_en, s.name_zh AS asset_zh, k.system_id, s.kind_id, s.district_id,
       s.origin, a.rule_id, r.definition #>> '{name,en}' AS rule_en, r.definition #>> '{name,zh}' AS rule_zh,
       r.definition #>> '{advice,en}' AS advice_en, r.definition #>> '{advice,zh}' AS advice_zh,
       a.datastream_id, a.state, a.severity, a.peak_severity, a.occurrences, a.measured_at, a.received_at,
       a.detected_at, a.acknowledged_at, a.acknowledged_by, a.returned_at, a.closed_at, a.message_en, a.message_zh,
       a.evidence
FROM alarm a
JOIN asset s USING (asset_id)
JOIN asset_kind k USING (kind_id)
JOIN rule r USING (rule_id)
WHERE (%(alarm_id)s::int8 IS NULL OR a.alarm_id = %(alarm_id)s)
  AND (%(open)s::boolean IS NULL OR (a.closed_at IS NULL) = %(open)s)
  AND (%(asset_id)s::text IS NULL OR a.asset_id = %(asset_id)s)
  AND (%(system)s::text IS NULL OR k.system_id = %(system)s)
  AND (%(district)s::text IS NULL OR s.district_id = %(district)s)
  AND a.severity >= %(min_severity)s
  AND (%(before)s::int8 IS NULL OR a.alarm_id < %(before)s)
ORDER BY a.alarm_id DESC
LIMIT %(limit)s

-- name: events
SELECT event_id, at, event, severity, actor, note FROM alarm_event WHERE alarm_id = %(alarm_id)s ORDER BY event_id

-- name: lock_alarm
SELECT alarm_id, asset_id, rule_id, state, severity FROM alarm WHERE alarm_id = %(alarm_id)s FOR UPDATE

-- name: acknowledge
UPDATE alarm SET
    state = %(state)s, acknowledged_at = %(at)s, acknowledged_by = %(actor)s,
    closed_at = CASE WHEN %(event)s = 'closed' THEN %(at)s::timestamptz END
WHERE alarm_id = %(alarm_id)s

-- name: record_event
SELECT record_alarm_event(%(alarm_id)s, %(event)s, %(severity)s::int2, %(at)s, %(actor)s, %(note)s)

-- name: changes
SELECT o.event_id, o.type, o.data FROM outbox o WHERE o.event_id > %(after)s ORDER BY o.event_id LIMIT %(limit)s

-- name: newest_event
SELECT coalesce(max(event_id), 0) AS event_id FROM alarm_event

-- name: open_counts
SELECT s.system_id, v.severity, count(o.alarm_id) AS alarms
FROM system s
CROSS JOIN generate_series(1, 4) AS v(severity)
LEFT JOIN (
    SELECT a.alarm_id, a.severity, k.system_id
    FROM alarm a
    JOIN asset USING (asset_id)
    JOIN asset_kind k USING (kind_id)
    WHERE a.closed_at IS NULL
) o USING (system_id, severity)
GROUP BY s.system_id, v.severity
ORDER BY s.system_id, v.severity
