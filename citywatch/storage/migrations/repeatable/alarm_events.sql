-- Whether an endpoint wants an event of an alarm, as it stands in the outbox.
CREATE OR REPLACE FUNCTION endpoint_wants(e endpoint, data jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (data ->> 'severity')::int2 >= e.min_severity
        AND (e.systems IS NULL OR data #>> '{asset,system}' = ANY (e.systems))
        AND (e.districts IS NULL OR data #>> '{asset,district}' = ANY (e.districts))
        AND (e.events IS NULL OR data ->> 'event' = ANY (e.events))
$$;

-- Everything that happens to an alarm goes through here: history, outbox and the deliveries of every endpoint that wants
-- it, in the transaction of the change. The API acknowledges through the same door as analytics raises.
CREATE OR REPLACE FUNCTION record_alarm_event(
    alarm int8, what text, how_bad int2, moment timestamptz, who text, remark text) RETURNS int8
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    new_event  int8;
    new_outbox int8;
BEGIN
    INSERT INTO alarm_event (alarm_id, at, event, severity, actor, note)
    VALUES (alarm, moment, what, how_bad, who, remark)
    RETURNING event_id INTO new_event;

    INSERT INTO outbox (event_id, type, data)
    SELECT new_event, 'citywatch.alarm.' || what, jsonb_build_object(
        'alarm_id', a.alarm_id, 'event', what, 'at', moment, 'actor', who,
        'state', a.state, 'severity', how_bad, 'peak_severity', a.peak_severity, 'occurrences', a.occurrences,
        'rule', a.rule_id, 'message', jsonb_build_object('en', a.message_en, 'zh', a.message_zh),
        'advice', r.definition -> 'advice',
        'asset', jsonb_build_object(
            'asset_id', s.asset_id, 'kind', s.kind_id, 'system', k.system_id, 'district', s.district_id,
            'name', jsonb_build_object('en', s.name_en, 'zh', s.name_zh),
            'latitude', s.latitude, 'longitude', s.longitude, 'origin', s.origin),
        'measured_at', a.measured_at, 'received_at', a.received_at, 'detected_at', a.detected_at,
        'evidence', a.evidence)
    FROM alarm a
    JOIN asset s USING (asset_id)
    JOIN asset_kind k USING (kind_id)
    JOIN rule r USING (rule_id)
    WHERE a.alarm_id = alarm
    RETURNING outbox_id INTO new_outbox;

    INSERT INTO delivery (endpoint_id, outbox_id, lane)
    SELECT e.endpoint_id, o.outbox_id, alarm
    FROM outbox o, endpoint e
    WHERE o.outbox_id = new_outbox AND e.enabled AND endpoint_wants(e, o.data);

    PERFORM pg_notify('citywatch_alarm', new_event::text);
    RETURN new_event;
END $$;
