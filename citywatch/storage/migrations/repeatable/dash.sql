-- Schema dash: the views that dashboards read, and their only contract with the database (docs/how-to/run-with-docker-compose.md).
-- It is dropped and made anew as a whole whenever this file changes; keep nothing else in it.
-- A column name means the same thing in every view; the meanings stand at the end.
DROP SCHEMA IF EXISTS dash CASCADE;
CREATE SCHEMA dash;
COMMENT ON SCHEMA dash IS 'Read-only views for dashboards; the contract is in their comments';

-- States -----------------------------------------------------------------------------------------------------------

-- max(state) would let 5 hide 4, so everything is compared by rank and coloured by state.
CREATE VIEW dash.state AS
SELECT state::int2, rank::int2, state_en, state_zh
FROM (VALUES
    (0, 0, 'normal', '正常'),
    (5, 1, 'no data', '无数据'),
    (1, 2, 'advisory', '提示'),
    (2, 3, 'minor', '次要'),
    (3, 4, 'major', '重要'),
    (4, 5, 'critical', '紧急')) AS s (state, rank, state_en, state_zh);
COMMENT ON VIEW dash.state IS 'The six states of whatever is watched: how they are ordered and named';

-- Registry ---------------------------------------------------------------------------------------------------------

CREATE VIEW dash.city AS
SELECT city_id, name_en AS city_en, name_zh AS city_zh, 'Asia/Shanghai'::text AS time_zone
FROM city;
COMMENT ON VIEW dash.city IS 'The city, one row';

CREATE VIEW dash.system AS
SELECT system_id, name_en AS system_en, name_zh AS system_zh
FROM system;
COMMENT ON VIEW dash.system IS 'The lifelines';

CREATE VIEW dash.district AS
SELECT district_id, name_en AS district_en, name_zh AS district_zh, district_class,
       row_number() OVER (
           ORDER BY array_position(ARRAY['central', 'outer', 'zone'], district_class) NULLS LAST, name_en
       )::int4 AS district_order,
       boundary_source
FROM district;
COMMENT ON VIEW dash.district IS 'Districts and functional zones';

CREATE VIEW dash.asset AS
SELECT a.asset_id, a.name_en AS asset_en, a.name_zh AS asset_zh,
       k.system_id, y.name_en AS system_en, y.name_zh AS system_zh,
       a.kind_id, k.name_en AS kind_en, k.name_zh AS kind_zh,
       a.district_id, d.name_en AS district_en, d.name_zh AS district_zh, d.district_class,
       a.latitude AS lat, a.longitude AS lon, a.responsible_unit, a.origin, a.street, a.parent_id,
       a.valid_from, a.valid_until
FROM asset a
JOIN asset_kind k USING (kind_id)
JOIN system y USING (system_id)
JOIN district d USING (district_id);
COMMENT ON VIEW dash.asset IS
    'Every monitored or still unmonitored thing, also those that are no longer there, with the names a reader needs';

-- Now: datastreams, sensors, assets ----------------------------------------------------------------------------------

-- Silence is judged here by the clock as well: while analytics is away nobody opens gaps, and a dashboard must not
-- call a silent city normal.
CREATE VIEW dash.datastream_state AS
SELECT j.*, CASE j.state WHEN 0 THEN 0 WHEN 5 THEN 1 ELSE j.state + 1 END::int2 AS rank
FROM (
    SELECT h.datastream_id, h.asset_id, h.sensor_id, h.ts, h.received_at, h.value, h.quality, h.is_reporting,
           coalesce(al.severity, 0)::int2 AS severity, al.alarm_id,
           CASE WHEN al.severity IS NOT NULL THEN al.severity
                WHEN h.is_reporting AND h.quality < 4 THEN 0
                ELSE 5 END::int2 AS state,
           CASE WHEN al.severity IS NOT NULL THEN al.raised_at
                WHEN NOT h.is_reporting THEN h.received_at END AS state_since
    FROM (
        SELECT d.datastream_id, d.asset_id, d.sensor_id, l.phenomenon_time AS ts, l.received_time AS received_at,
               l.result AS value, l.quality,
               g.datastream_id IS NULL AND coalesce(l.received_time > now() - interval '1 second' * greatest(
                   d.expected_interval * coalesce((d.limits ->> 'gap_factor')::float8, 5), 30), false) AS is_reporting
        FROM datastream d
        JOIN sensor s USING (asset_id, sensor_id)
        LEFT JOIN latest l USING (datastream_id)
        LEFT JOIN gap g ON g.datastream_id = d.datastream_id AND g.ended_at IS NULL
        WHERE s.removed_at IS NULL OR s.removed_at > now()
    ) h
    LEFT JOIN (
        SELECT DISTINCT ON (datastream_id) datastream_id, alarm_id, severity, raised_at
        FROM alarm
        WHERE closed_at IS NULL AND state <> 'returned-unacknowledged'
        ORDER BY datastream_id, severity DESC, raised_at
    ) al USING (datastream_id)
) j;
COMMENT ON VIEW dash.datastream_state IS
    'How every datastream of an installed sensor is now, without names: the base of the views with names';

CREATE VIEW dash.sensor_state AS
SELECT n.datastream_id, n.sensor_id, n.asset_id, a.asset_en, a.asset_zh, a.system_id, a.system_en, a.system_zh,
       a.kind_id, a.kind_en, a.kind_zh, a.district_id, a.district_en, a.district_zh, a.lat, a.lon,
       d.property_id, p.name_en AS property_en, p.name_zh AS property_zh, d.unit, p.decimals, d.expected_interval,
       nullif(d.plausible_low, '-Infinity') AS plausible_low, nullif(d.plausible_high, 'Infinity') AS plausible_high,
       n.ts, n.received_at, extract(epoch FROM now() - n.ts)::float8 AS age_s, n.value, n.quality, n.is_reporting,
       n.severity, n.alarm_id, n.state, n.rank, w.state_en, w.state_zh, n.state_since
FROM dash.datastream_state n
JOIN datastream d USING (datastream_id)
JOIN observed_property p USING (property_id)
JOIN dash.asset a ON a.asset_id = n.asset_id
JOIN dash.state w ON w.state = n.state;
COMMENT ON VIEW dash.sensor_state IS 'How every datastream of an installed sensor is now, one row each';

CREATE VIEW dash.asset_state AS
SELECT a.asset_id, a.asset_en, a.asset_zh, a.system_id, a.system_en, a.system_zh, a.kind_id, a.kind_en, a.kind_zh,
       a.district_id, a.district_en, a.district_zh, a.district_class, a.lat, a.lon, a.origin,
       j.datastreams, j.datastreams_silent, j.open_alarms, j.unacknowledged, j.severity, j.alarm_id,
       w.state, j.rank, w.state_en, w.state_zh, j.state_since,
       CASE WHEN j.severity > 0 THEN j.message_en
            WHEN j.datastreams = 0 THEN 'no sensor installed'
            WHEN j.rank > 0 THEN format('%s of %s datastreams without valid data', j.datastreams_silent, j.datastreams)
            ELSE '' END AS what_en,
       CASE WHEN j.severity > 0 THEN j.message_zh
            WHEN j.datastreams = 0 THEN '未安装传感器'
            WHEN j.rank > 0 THEN format('%s/%s 个数据流无有效数据', j.datastreams_silent, j.datastreams)
            ELSE '' END AS what_zh
FROM dash.asset a
JOIN (
    SELECT a.asset_id, coalesce(n.datastreams, 0)::int4 AS datastreams, coalesce(n.silent, 0)::int4 AS datastreams_silent,
           coalesce(al.open_alarms, 0)::int4 AS open_alarms, coalesce(al.unacknowledged, 0)::int4 AS unacknowledged,
           coalesce(worst.severity, 0)::int2 AS severity, worst.alarm_id, worst.message_en, worst.message_zh,
           CASE WHEN worst.severity > 0 THEN worst.severity + 1
                WHEN a.kind_id <> 'platform' AND n.datastreams IS NULL OR n.silent > 0 THEN 1
                ELSE 0 END::int2 AS rank,
           coalesce(worst.raised_at, n.silent_since) AS state_since
    FROM asset a
    LEFT JOIN (
        SELECT asset_id, count(*) AS datastreams, count(*) FILTER (WHERE state = 5) AS silent,
               max(state_since) FILTER (WHERE state = 5) AS silent_since
        FROM dash.datastream_state
        GROUP BY asset_id
    ) n USING (asset_id)
    LEFT JOIN (
        SELECT asset_id, count(*) AS open_alarms, count(*) FILTER (WHERE state <> 'acknowledged') AS unacknowledged
        FROM alarm
        WHERE closed_at IS NULL
        GROUP BY asset_id
    ) al USING (asset_id)
    LEFT JOIN (
        SELECT DISTINCT ON (asset_id) asset_id, alarm_id, severity, raised_at, message_en, message_zh
        FROM alarm
        WHERE closed_at IS NULL AND state <> 'returned-unacknowledged'
        ORDER BY asset_id, severity DESC, raised_at
    ) worst USING (asset_id)
    WHERE (a.valid_from IS NULL OR a.valid_from <= now()) AND (a.valid_until IS NULL OR a.valid_until > now())
) j USING (asset_id)
JOIN dash.state w ON w.rank = j.rank;
COMMENT ON VIEW dash.asset_state IS 'How every asset that is there is now: the worst of its alarms, then of its datastreams';

CREATE VIEW dash.reporting AS
SELECT a.system_id, a.district_id,
       count(*)::int4 AS sensors, count(*) FILTER (WHERE s.is_reporting)::int4 AS sensors_reporting,
       sum(s.datastreams)::int4 AS datastreams, sum(s.silent)::int4 AS datastreams_silent
FROM (
    SELECT asset_id, sensor_id, bool_and(is_reporting) AS is_reporting, count(*) AS datastreams,
           count(*) FILTER (WHERE state = 5) AS silent
    FROM dash.datastream_state
    GROUP BY asset_id, sensor_id
) s
JOIN dash.asset a USING (asset_id)
GROUP BY a.system_id, a.district_id;
COMMENT ON VIEW dash.reporting IS 'How many installed sensors report now, by system and district';

-- Liveness ---------------------------------------------------------------------------------------------------------

-- Whether a device is there: judged by arrivals, whatever their values, and by what device and broker say. All instants
-- are times of reception. A last will counts until the device is heard again, a birth as being heard.
CREATE FUNCTION dash.judge_liveness(
    heard_at timestamptz, said text, said_at timestamptz, late_s float8, offline_s float8, moment timestamptz,
    OUT liveness text, OUT liveness_since timestamptz)
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN last IS NULL THEN 'offline'
                WHEN is_gone OR moment - last > interval '1 second' * offline_s THEN 'offline'
                WHEN moment - last > interval '1 second' * late_s THEN 'late'
                ELSE 'online' END,
           CASE WHEN is_gone THEN said_at
                WHEN moment - last > interval '1 second' * offline_s THEN last + interval '1 second' * offline_s
                WHEN moment - last > interval '1 second' * late_s THEN last + interval '1 second' * late_s
                WHEN said = 'online' THEN said_at END
    FROM (
        SELECT greatest(heard_at, said_at) AS last,  -- a will is a sign of life, if the last one
               coalesce(said = 'offline' AND (heard_at IS NULL OR heard_at <= said_at), false) AS is_gone
    ) j;
$$;

-- A value arrives in latest at once, everything else in device_state within seconds.
CREATE VIEW dash.sensor_liveness AS
SELECT j.asset_id, a.asset_en, a.asset_zh, a.system_id, a.system_en, a.system_zh, a.kind_id, a.district_id,
       a.district_en, a.district_zh, j.sensor_id, v.liveness, v.liveness_since, j.heard_at, j.said, j.said_at,
       j.expected_interval, j.late_s, j.offline_s
FROM (
    SELECT s.asset_id, s.sensor_id, greatest(m.heard_at, d.heard_at) AS heard_at, st.state AS said,
           coalesce(st.received_at, st.changed_at) AS said_at, m.expected_interval,
           greatest(m.late_s, 30) AS late_s, greatest(m.offline_s, m.late_s, 60) AS offline_s
    FROM sensor s
    JOIN (
        SELECT d.asset_id, d.sensor_id, max(l.received_time) AS heard_at, min(d.expected_interval) AS expected_interval,
               min(d.expected_interval * coalesce((d.limits ->> 'late_factor')::float8, 3)) AS late_s,
               min(d.expected_interval * coalesce((d.limits ->> 'offline_factor')::float8, 10)) AS offline_s
        FROM datastream d
        LEFT JOIN latest l USING (datastream_id)
        GROUP BY d.asset_id, d.sensor_id
    ) m USING (asset_id, sensor_id)
    LEFT JOIN device_state d USING (asset_id, sensor_id)
    LEFT JOIN sensor_status st USING (asset_id, sensor_id)
    WHERE s.removed_at IS NULL OR s.removed_at > now()
) j
JOIN dash.asset a USING (asset_id)
CROSS JOIN LATERAL dash.judge_liveness(j.heard_at, j.said, j.said_at, j.late_s, j.offline_s, now()) v;
COMMENT ON VIEW dash.sensor_liveness IS
    'Whether every installed sensor is online, late or offline now; a value that does not change is a sign of life too';

CREATE VIEW dash.liveness AS
SELECT system_id, district_id, count(*)::int4 AS sensors,
       count(*) FILTER (WHERE liveness = 'online')::int4 AS sensors_online,
       count(*) FILTER (WHERE liveness = 'late')::int4 AS sensors_late,
       count(*) FILTER (WHERE liveness = 'offline')::int4 AS sensors_offline,
       100.0 * count(*) FILTER (WHERE liveness = 'online') / count(*)::float8 AS online_pct
FROM dash.sensor_liveness
GROUP BY system_id, district_id;
COMMENT ON VIEW dash.liveness IS 'How many installed sensors are online, late and offline now, by system and district';

-- Alarms -----------------------------------------------------------------------------------------------------------

CREATE VIEW dash.alarm AS
SELECT al.alarm_id, al.asset_id, a.asset_en, a.asset_zh, a.system_id, a.system_en, a.system_zh,
       a.kind_id, a.kind_en, a.kind_zh, a.district_id, a.district_en, a.district_zh, a.lat, a.lon, a.origin,
       al.datastream_id, d.sensor_id, d.property_id,
       al.rule_id, r.definition #>> '{name,en}' AS rule_en, r.definition #>> '{name,zh}' AS rule_zh,
       al.severity, al.peak_severity, al.occurrences, al.state AS alarm_state,
       al.closed_at IS NULL AS is_open,
       al.closed_at IS NULL AND al.state <> 'returned-unacknowledged' AS is_active,
       al.closed_at IS NULL AND al.state <> 'acknowledged' AS is_unacknowledged,
       al.measured_at, al.detected_at, al.raised_at, al.acknowledged_at, al.acknowledged_by, al.returned_at, al.closed_at,
       extract(epoch FROM coalesce(al.closed_at, now()) - al.raised_at)::float8 AS open_s,
       extract(epoch FROM al.acknowledged_at - al.raised_at)::float8 AS acknowledged_after_s,
       al.message_en, al.message_zh, r.definition #>> '{advice,en}' AS advice_en, r.definition #>> '{advice,zh}' AS advice_zh
FROM alarm al
JOIN dash.asset a USING (asset_id)
JOIN rule r USING (rule_id)
LEFT JOIN datastream d ON d.datastream_id = al.datastream_id;
COMMENT ON VIEW dash.alarm IS 'Every alarm, open and closed';

-- The bounds of the alarm itself stand beside those of the span, so that a time range finds the alarms by index.
CREATE VIEW dash.alarm_span AS
SELECT al.alarm_id, al.asset_id, a.system_id, a.district_id, al.raised_at, al.closed_at, e.severity, e.began_at, e.ended_at
FROM alarm al
JOIN dash.asset a USING (asset_id)
CROSS JOIN LATERAL (
    SELECT event, severity, at AS began_at, lead(at) OVER (ORDER BY event_id) AS ended_at
    FROM alarm_event
    WHERE alarm_id = al.alarm_id
) e
WHERE e.event NOT IN ('returned', 'closed');
COMMENT ON VIEW dash.alarm_span IS
    'Stretches of time in which an alarm held one severity; none while its condition had returned to normal';

-- Coverage ---------------------------------------------------------------------------------------------------------

CREATE VIEW dash.coverage_now AS
SELECT c.at, k.system_id, c.kind_id, k.name_en AS kind_en, k.name_zh AS kind_zh,
       c.district_id, d.name_en AS district_en, d.name_zh AS district_zh, d.district_class,
       c.required, c.installed, c.reporting, c.monitored, 100.0 * c.monitored / nullif(c.required, 0)::float8 AS pct,
       CASE c.kind_id WHEN 'bridge' THEN 100.0::float8 END AS target_pct
FROM coverage c
JOIN asset_kind k USING (kind_id)
JOIN district d USING (district_id)
WHERE c.at = (SELECT max(at) FROM coverage);
COMMENT ON VIEW dash.coverage_now IS 'The newest coverage figures, by kind of asset and district';

-- Days are local. One look into the index finds the last figure of a day, so a year costs no more than its days.
CREATE VIEW dash.coverage AS
SELECT l.day, c.at, k.system_id, c.kind_id, k.name_en AS kind_en, k.name_zh AS kind_zh,
       c.district_id, d.name_en AS district_en, d.name_zh AS district_zh, d.district_class,
       c.required, c.installed, c.reporting, c.monitored, 100.0 * c.monitored / nullif(c.required, 0)::float8 AS pct,
       CASE c.kind_id WHEN 'bridge' THEN 100.0::float8 END AS target_pct
FROM (
    SELECT g.day AT TIME ZONE z.time_zone AS day, (g.day + interval '1 day') AT TIME ZONE z.time_zone AS next_day
    FROM dash.city z
    CROSS JOIN LATERAL (
        SELECT date_trunc('day', min(at) AT TIME ZONE z.time_zone) AS first, max(at) AT TIME ZONE z.time_zone AS last
        FROM coverage
    ) b
    CROSS JOIN LATERAL generate_series(b.first, b.last, interval '1 day') AS g (day)
) l
CROSS JOIN LATERAL (SELECT max(at) AS at FROM coverage WHERE at >= l.day AND at < l.next_day) n
JOIN coverage c ON c.at = n.at
JOIN asset_kind k USING (kind_id)
JOIN district d USING (district_id);
COMMENT ON VIEW dash.coverage IS 'The last coverage figures of every day, by kind of asset and district';

-- Platform ---------------------------------------------------------------------------------------------------------

CREATE VIEW dash.ledger_1m AS
SELECT minute AS bucket, source, nullif(split_part(source, '/', 2), '') AS system_id,
       CASE WHEN source LIKE '%/%' THEN split_part(source, '/', 1) END AS district_id,
       messages, received, stored, duplicate, conflict, rejected,
       received - stored - duplicate - conflict - rejected AS unaccounted
FROM ledger;
COMMENT ON VIEW dash.ledger_1m IS 'What became of the readings received, by minute of reception and source';

CREATE VIEW dash.ledger_balance AS
SELECT source, system_id, district_id, sum(messages)::int8 AS messages, sum(received)::int8 AS received,
       sum(stored)::int8 AS stored, sum(duplicate)::int8 AS duplicate, sum(conflict)::int8 AS conflict,
       sum(rejected)::int8 AS rejected, sum(unaccounted)::int8 AS unaccounted,
       count(*) FILTER (WHERE unaccounted <> 0)::int4 AS unbalanced_minutes,
       max(bucket) FILTER (WHERE unaccounted <> 0) AS last_unbalanced_at
FROM dash.ledger_1m
WHERE bucket > now() - interval '1 day'
GROUP BY source, system_id, district_id;
COMMENT ON VIEW dash.ledger_balance IS
    'Whether the readings of the last 24 hours are accounted for, by source; balanced while unbalanced_minutes is 0';

CREATE VIEW dash.dead_letter AS
SELECT reason, count(*)::int8 AS letters, sum(readings)::int8 AS rejected,
       min(received_at) AS first_received_at, max(received_at) AS last_received_at
FROM dead_letter
WHERE state = 'open'
GROUP BY reason;
COMMENT ON VIEW dash.dead_letter IS 'Dead letters that nobody has driven again and that have not expired, by reason';

CREATE VIEW dash.device_ledger AS
SELECT h.hour, h.asset_id, a.asset_en, a.asset_zh, a.system_id, a.district_id, h.sensor_id, h.messages,
       h.readings AS received, h.repeated, h.skipped, h.out_of_order, h.restarts,
       h.skew_min AS skew_min_s, h.skew_median AS skew_median_s, h.skew_max AS skew_max_s,
       h.lateness_rows AS stored, h.lateness_sum / nullif(h.lateness_rows, 0) AS lateness_mean_s,
       h.lateness_p95 AS lateness_p95_s, h.lateness_max AS lateness_max_s
FROM device_ledger h
JOIN dash.asset a USING (asset_id);
COMMENT ON VIEW dash.device_ledger IS
    'Messages, gaps in their numbers, clock skew and lateness of every sensor, by hour of reception';

-- What the columns mean; the same name means the same everywhere -----------------------------------------------------
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT c.relname AS view, a.attname AS name, m.meaning
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN (VALUES
            ('acknowledged_after_s', 'time from raising to the last acknowledgement [s]; NULL: never acknowledged'),
            ('acknowledged_at', 'when a person last acknowledged the alarm'),
            ('acknowledged_by', 'who acknowledged it last'),
            ('advice_en', 'what to do, English'),
            ('advice_zh', 'what to do, Chinese'),
            ('age_s', 'time since the newest value was measured [s]'),
            ('alarm_id', 'number of the alarm; beside a state: of the worst active one, NULL when there is none'),
            ('alarm_state', 'ISA-18.2: unacknowledged, acknowledged, returned-unacknowledged, normal'),
            ('asset_en', 'English name of the asset'),
            ('asset_id', 'identifier of the asset, a level of its topics'),
            ('asset_zh', 'Chinese name of the asset'),
            ('at', 'instant of the figures'),
            ('began_at', 'begin of the stretch'),
            ('boundary_source', 'where the outline of the district comes from'),
            ('bucket', 'begin of the minute of reception'),
            ('city_en', 'English name of the city'),
            ('city_id', 'identifier of the city'),
            ('city_zh', 'Chinese name of the city'),
            ('closed_at', 'when the alarm was over and acknowledged; NULL: open'),
            ('conflict', 'readings whose time had another value already'),
            ('datastream_id', 'number of the datastream'),
            ('datastreams', 'number of datastreams of installed sensors'),
            ('datastreams_silent', 'number of them that are in state 5: silent, or the newest value failed its tests'),
            ('day', 'begin of the day in the time zone of the city'),
            ('decimals', 'decimals that people see'),
            ('detected_at', 'when the detector decided'),
            ('district_class', 'central, outer, zone or elsewhere; central and outer districts are ranked apart'),
            ('district_en', 'English name of the district'),
            ('district_id', 'identifier of the district, a level of topics'),
            ('district_order', 'place in lists: central, outer, zones, each by name'),
            ('district_zh', 'Chinese name of the district'),
            ('duplicate', 'readings that were stored already'),
            ('ended_at', 'end of the stretch; NULL: it lasts'),
            ('expected_interval', 'expected time between two values [s]'),
            ('first_received_at', 'when the oldest of them was received'),
            ('heard_at', 'when anything last came from the sensor, accepted or not; NULL: never'),
            ('hour', 'begin of the hour of reception'),
            ('installed', 'number of assets with every property its rule requires'),
            ('is_active', 'open, and the condition holds'),
            ('is_open', 'not closed'),
            ('is_reporting', 'a value was received within the patience of the datastream (gap_factor expected intervals, at least 30 s) and no gap is open'),
            ('is_unacknowledged', 'open, and nobody has acknowledged what it is now'),
            ('kind_en', 'English name of the kind of asset'),
            ('kind_id', 'identifier of the kind of asset'),
            ('kind_zh', 'Chinese name of the kind of asset'),
            ('last_received_at', 'when the newest of them was received'),
            ('last_unbalanced_at', 'the newest minute that does not balance; NULL: all do'),
            ('lat', 'latitude, WGS 84 [degrees]'),
            ('late_s', 'silence after which the sensor is late [s]: late_factor expected intervals, at least 30 s'),
            ('lateness_max_s', 'longest time from measuring to reception of a reading [s]'),
            ('lateness_mean_s', 'mean time from measuring to reception of a reading [s]'),
            ('lateness_p95_s', '95 % of the readings were received within this time of measuring [s], from a histogram'),
            ('letters', 'number of dead letters'),
            ('liveness', 'online, late or offline'),
            ('liveness_since', 'since when, as far as it is known; NULL: it is not'),
            ('lon', 'longitude, WGS 84 [degrees]'),
            ('measured_at', 'phenomenon time of the observation that decided'),
            ('message_en', 'what happened, English'),
            ('message_zh', 'what happened, Chinese'),
            ('messages', 'number of messages'),
            ('monitored', 'number of assets for which the coverage rule of the kind holds'),
            ('occurrences', 'how often the condition came back before the alarm was closed, the first time included'),
            ('offline_s', 'silence after which the sensor is offline [s]: offline_factor expected intervals, at least 60 s'),
            ('online_pct', 'sensors_online / sensors [%]'),
            ('open_alarms', 'number of alarms that are not closed'),
            ('open_s', 'time from raising to closing, or to now [s]'),
            ('origin', 'where the record of the asset comes from: public, synthetic, recorded, imported'),
            ('out_of_order', 'messages that arrived behind a higher sequence number; missing = skipped - out_of_order'),
            ('parent_id', 'identifier of the asset it is part of; NULL: of none'),
            ('pct', 'monitored / required [%]'),
            ('peak_severity', 'highest severity the alarm has had'),
            ('plausible_high', 'highest value the site can show, in unit; NULL: no limit'),
            ('plausible_low', 'lowest value the site can show, in unit; NULL: no limit'),
            ('property_en', 'English name of the observed property'),
            ('property_id', 'identifier of the observed property'),
            ('property_zh', 'Chinese name of the observed property'),
            ('quality', 'QARTOD flag of the newest value: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing'),
            ('raised_at', 'when the alarm was raised'),
            ('rank', 'order of the states: 0 normal, 1 no data, 2 advisory, 3 minor, 4 major, 5 critical; compare and sort by it'),
            ('reason', 'reason code of the rejection'),
            ('received', 'readings received = stored + duplicate + conflict + rejected'),
            ('received_at', 'when the newest value was received; NULL: never'),
            ('rejected', 'readings in the dead letters'),
            ('repeated', 'messages with nothing new in them: delivered again'),
            ('reporting', 'number of assets with every required property reporting within the window of the rule'),
            ('required', 'number of assets that should be monitored: the denominator'),
            ('responsible_unit', 'who answers for the asset'),
            ('restarts', 'how often the sequence numbers began anew'),
            ('returned_at', 'when the condition last went away'),
            ('rule_en', 'English name of the alarm rule'),
            ('rule_id', 'identifier of the alarm rule'),
            ('rule_zh', 'Chinese name of the alarm rule'),
            ('said', 'what device and broker last said: online (birth), offline (last will or good-bye); NULL: nothing'),
            ('said_at', 'when that was received'),
            ('sensor_id', 'identifier of the sensor, unique within its asset'),
            ('sensors', 'number of installed sensors'),
            ('sensors_late', 'number of them of which nothing has come for late_s'),
            ('sensors_offline', 'number of them that are gone by their last will, silent for offline_s, or were never heard'),
            ('sensors_online', 'number of them that are there'),
            ('sensors_reporting', 'number of them of which every datastream reports'),
            ('severity', '1 advisory, 2 minor, 3 major, 4 critical; beside a state: of the worst active alarm, 0 when there is none'),
            ('skew_max_s', 'highest time of reception - send time [s]'),
            ('skew_median_s', 'median of time of reception - send time [s], from a histogram: the error of the clock plus the way'),
            ('skew_min_s', 'lowest time of reception - send time [s]; negative: the clock of the device is ahead'),
            ('skipped', 'sequence numbers jumped over when a message arrived'),
            ('source', 'district/system of the topic, ? when the topic has none'),
            ('state', '0 normal, 1 advisory, 2 minor, 3 major, 4 critical, 5 no valid data; colour by it, never aggregate it'),
            ('state_en', 'English word for the state'),
            ('state_since', 'since when: raising of the worst alarm, or the last reception before the silence'),
            ('state_zh', 'Chinese word for the state'),
            ('stored', 'readings stored'),
            ('street', 'street of the asset; empty: not known'),
            ('system_en', 'English name of the system'),
            ('system_id', 'identifier of the system, a level of topics'),
            ('system_zh', 'Chinese name of the system'),
            ('target_pct', 'what pct must reach; bridges 100 % (Wuhan, 14th five-year plan of urban management); NULL: no target'),
            ('time_zone', 'IANA time zone whose days the views use'),
            ('ts', 'when the newest value was measured; NULL: never heard'),
            ('unaccounted', 'readings received whose fate the ledger does not know; anything but 0 is a fault'),
            ('unacknowledged', 'number of open alarms that nobody has acknowledged'),
            ('unbalanced_minutes', 'number of minutes whose readings are not accounted for'),
            ('unit', 'unit of the value, UCUM'),
            ('valid_from', 'since when the asset is there; NULL: since ever'),
            ('valid_until', 'until before when it is there; NULL: until further notice'),
            ('value', 'newest value'),
            ('what_en', 'why the asset is in its state, English; empty when it is normal'),
            ('what_zh', 'why the asset is in its state, Chinese; empty when it is normal')
        ) AS m (name, meaning) ON m.name = a.attname
        WHERE c.relnamespace = 'dash'::regnamespace
    LOOP
        IF one.meaning IS NULL THEN
            RAISE EXCEPTION 'dash.%.% has no meaning: say in dash.sql what it is', one.view, one.name;
        END IF;
        EXECUTE format('COMMENT ON COLUMN dash.%I.%I IS %L', one.view, one.name, one.meaning);
    END LOOP;
END $$;

-- The rights went with the schema. On a new server the role does not exist yet; roles.sql, which runs next, grants then.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'citywatch_dash') THEN
        GRANT USAGE ON SCHEMA dash TO citywatch_dash;
        GRANT SELECT ON ALL TABLES IN SCHEMA dash TO citywatch_dash;
    END IF;
END $$;
