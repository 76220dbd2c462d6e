"""A month in the life of the demo city, written straight into the tables: what dashboards are tested and previewed on.

Everything is drawn from one seed and hangs on the clock of the server, because the views ask it what "now" is.

    python -m tests.support.filled_city "dbname=citywatch host=..."      fills a migrated and seeded database
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from psycopg.types.json import Jsonb

from citywatch.model.alarms import AlarmEvent, AlarmState
from citywatch.storage.connection import Connection, connect

DAYS: Final = 30
OUTAGE: Final = ("gas", timedelta(hours=7), timedelta(hours=6))
"""A system from which nothing came, and between which ages of readings."""

_SEED: Final = 20261121
_CLOSED_ALARMS: Final = 420
# rule -> severities of its tiers, message in both languages
_RULES: Final[dict[str, tuple[Sequence[int], str, str]]] = {
    "methane-in-well": ((1, 2, 3, 4), "Methane 34.0 %LEL in {en}", "{zh}甲烷浓度 34.0 %LEL"),
    "ponding-depth": ((1, 2, 3, 4), "Water stands 310 mm deep at {en}", "{zh}积水深度 310 毫米"),
    "cabinet-supply-low": ((1, 3), "Supply voltage 42 V at {en}", "{zh}供电电压 42 V"),
    "pier-tilt": ((2, 4), "Pier of {en} tilts 0.21 deg", "{zh}桥墩倾角 0.21°"),
    "strain-residual": (
        (1, 2),
        "Strain 212 um/m at {en}, usual for this hour is 130",
        "{zh}应变 212 με，该时段通常为 130",
    ),
    "lamp-power-residual": (
        (1,),
        "{en} draws 3 W, usual for this hour is 118 W",
        "{zh}功率 3 W，该时段通常为 118 W",
    ),
}
# what is open now: rule, severity, state, age in minutes
_OPEN: Final = (
    ("methane-in-well", 4, AlarmState.UNACKNOWLEDGED, 12),
    ("methane-in-well", 2, AlarmState.ACKNOWLEDGED, 95),
    ("ponding-depth", 3, AlarmState.UNACKNOWLEDGED, 33),
    ("ponding-depth", 3, AlarmState.ACKNOWLEDGED, 130),
    ("ponding-depth", 1, AlarmState.RETURNED, 400),
    ("cabinet-supply-low", 3, AlarmState.ACKNOWLEDGED, 610),
    ("pier-tilt", 2, AlarmState.UNACKNOWLEDGED, 58),
    ("strain-residual", 2, AlarmState.ACKNOWLEDGED, 2900),
    ("strain-residual", 1, AlarmState.UNACKNOWLEDGED, 75),
    ("lamp-power-residual", 1, AlarmState.UNACKNOWLEDGED, 240),
    ("lamp-power-residual", 1, AlarmState.ACKNOWLEDGED, 1500),
    ("lamp-power-residual", 1, AlarmState.UNACKNOWLEDGED, 31),
)

_PREPARE = "SELECT prepare_observation(ARRAY[now() - interval '1 hour', now()])"

_PREPARE_ROLLUPS = (
    "SELECT prepare_rollups(ARRAY(SELECT now() - n * interval '1 day' FROM generate_series(0, %(days)s) AS n))"
)

# What a property shows at a time, without noise: days and nights, and a storm two hours ago.
_SHAPE: Final = """
CROSS JOIN LATERAL (SELECT extract(epoch FROM now() - {at})::float8 / 3600 AS ago,
                           extract(epoch FROM {at} + interval '8 hours')::int8 % 86400 / 3600.0::float8 AS hour) AS h
CROSS JOIN LATERAL (SELECT exp(greatest(-power((ago - 2) / 1.5, 2), -60)) AS storm, sin((hour - 9) * pi() / 12) AS day,
                           CASE WHEN hour < 6 OR hour > 18 THEN 1.0 ELSE 0.0 END AS night, datastream_id AS place) AS w
CROSS JOIN LATERAL (SELECT (1 + place % 10 * 0.012) * CASE property_id
    WHEN 'methane' THEN 1 + place % 7 * 0.3
                        + CASE WHEN place % 11 = 3 THEN 34 * exp(greatest(-abs(ago - 1) / 2, -60)) ELSE 0 END
    WHEN 'water_depth' THEN storm * (40 + place % 9 * 60)
    WHEN 'rain_rate' THEN exp(greatest(-power((ago - 2.5) / 1.5, 2), -60)) * (20 + place % 6 * 4)
    WHEN 'distance' THEN 2000 - storm * (40 + place % 9 * 60)
    WHEN 'strain' THEN 60 + place % 8 * 10 + day * 25
    WHEN 'joint_displacement' THEN 12 - day * 8
    WHEN 'tilt' THEN 0.02 + day * 0.01 + CASE WHEN place % 23 = 2 AND ago < 2 THEN 0.16 ELSE 0 END
    WHEN 'acceleration_rms' THEN 0.02 + 0.01 * (1 - night) + place % 5 * 0.003
    WHEN 'structure_temperature' THEN 17 + day * 8
    WHEN 'air_temperature' THEN 16 + day * 6
    WHEN 'well_temperature' THEN 15 + day
    WHEN 'wind_speed' THEN 2 + storm * 9
    WHEN 'gas_pressure' THEN 210 + place % 4 * 50 - (1 - night) * 12
    WHEN 'battery_voltage' THEN 3.5 + place % 6 * 0.1
    WHEN 'supply_voltage' THEN 226 - night * 4 - place % 5
    WHEN 'active_power' THEN 3 + night * (110 + place % 4 * 8)
    WHEN 'current' THEN 0.02 + night * 0.5
    WHEN 'power_factor' THEN 0.5 + night * 0.45
    ELSE 1 END AS value) AS v
"""

_OBSERVATIONS = """
INSERT INTO observation (phenomenon_time, received_time, result, datastream_id, quality)
SELECT t, t + interval '1 second', value, datastream_id, 1
FROM datastream
CROSS JOIN generate_series(0, 59) AS n
CROSS JOIN LATERAL (SELECT now() - n * interval '1 minute' AS t) AS m
""" + _SHAPE.format(at="t")

# minutes of a day, hours of three days, and every sixth before; the whole days
_ROLLUPS = """
INSERT INTO {table} (bucket, datastream_id, n, good, failed, min, max, sum, last, last_at)
SELECT bucket, datastream_id, 6, CASE WHEN datastream_id % 17 = 3 THEN 5 ELSE 6 END,
       CASE WHEN datastream_id % 29 = 4 THEN 1 ELSE 0 END, value - 0.02 * abs(value), value + 0.02 * abs(value),
       6 * value, value, bucket
FROM datastream
CROSS JOIN generate_series(
    date_bin('{every}', now() - interval '{first} hours', '2000-01-02T16:00Z'), now() - interval '{last} hours',
    '{every}') AS bucket
""" + _SHAPE.format(at="bucket")

# table, distance of buckets, from and to how many hours ago
_ROLLED_UP: Final = (
    ("rollup_1min", "5 minutes", 25, 0),
    ("rollup_1h", "1 hour", 72, 0),
    ("rollup_1h", "6 hours", 24 * DAYS, 73),
    ("rollup_1day", "1 day", 24 * DAYS, 0),
)

_BASELINES = """
INSERT INTO baseline (datastream_id, learned_slots, total_slots, expected, scale, updated_at)
SELECT datastream_id, 48, 48, result - (datastream_id % 13 - 6) * 0.02 * abs(result), 0.02 * abs(result) + 0.1, now()
FROM latest JOIN datastream USING (datastream_id)
WHERE property_id IN ('strain', 'active_power')
"""

_VERDICTS = """
INSERT INTO asset_coverage (asset_id, at, monitored, reason, details)
SELECT asset_id, now(), verdict = 'monitored', verdict, '{}'
FROM asset a
JOIN asset_kind k USING (kind_id)
CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT EXISTS (SELECT FROM sensor s WHERE s.asset_id = a.asset_id) THEN 'not-installed'
                WHEN abs(hashtext(asset_id)) % 9 = 0 THEN 'not-reporting'
                WHEN abs(hashtext(asset_id)) % 9 = 1 THEN 'not-passing'
                ELSE 'monitored' END AS verdict
) v
WHERE k.coverage IS NOT NULL
"""

_DEVICE_LEDGER = """
INSERT INTO device_ledger (asset_id, sensor_id, hour, messages, readings, repeated, skipped, out_of_order, restarts,
                           skew_messages, skew_min, skew_median, skew_max, skew_counts, lateness_rows, lateness_sum,
                           lateness_max, lateness_p95, lateness_counts)
SELECT asset_id, sensor_id, hour, 60, 120, h % 7 / 5, h % 11 / 9, h % 13 / 12, 0, 60, -0.2, 0.1, 0.4 + h % 5, '{}',
       120, 60, 3 + h % 9, 0.8 + h % 4 * 0.2, '{}'
FROM sensor
CROSS JOIN generate_series(date_trunc('hour', now()) - interval '30 days', now(), interval '3 hours') AS hour
CROSS JOIN LATERAL (SELECT abs(hashtext(asset_id || sensor_id || hour)) AS h) AS j
"""

_PLATFORM = """
INSERT INTO process_health (process, instance, started_at, beat_at, state, details) VALUES
    ('ingest', 'ingest-1', now() - interval '9 days', now() + interval '1 hour', 'ok', '{}'),
    ('analytics', 'analytics-1', now() - interval '9 days', now() + interval '1 hour', 'ok', '{}'),
    ('upkeep', 'upkeep-1', now() - interval '2 days', now() - interval '3 minutes', 'ok', '{}'),
    ('webhooks', 'webhooks-1', now() - interval '9 days', now() + interval '1 hour', 'ok', '{}');
INSERT INTO batch (batch_no, committed_at, ingester, messages, rows)
SELECT n, now() - (200 - n) * interval '1 second', 'ingest-1', 90, 120 FROM generate_series(1, 200) AS n;
INSERT INTO follower (follower, outputs_to, checkpoint_at) VALUES ('analytics', 199, 190);
UPDATE follower SET outputs_to = 120, checkpoint_at = 120 WHERE follower = 'rollups';
INSERT INTO dead_letter (received_at, topic, reason, detail, readings, payload, payload_size, payload_sha256)
SELECT now() - n * interval '40 minutes', 'citywatch/v1/jianghan/gas/gw-1/methane-1/senml',
       (ARRAY['unit_mismatch', 'not_decodable', 'time_in_future', 'unknown_datastream'])[1 + n % 4 * (n % 3) % 4],
       'as it is', 1 + n % 3, 'x', 1, 'x'
FROM generate_series(1, 60) AS n;
INSERT INTO endpoint (url, secret) VALUES
    ('https://duty.example.org/alarms?key=1', 'whsec_x'), ('https://user:pass@works.example.org:8443/hook', 'whsec_y');
"""

_DELIVERIES = """
WITH put AS (
    INSERT INTO outbox (event_id, created_at, type, data)
    SELECT event_id, at, 'citywatch.alarm.' || event, jsonb_build_object('alarm_id', alarm_id)
    FROM alarm_event
    RETURNING outbox_id, created_at
), made AS (
    INSERT INTO delivery (endpoint_id, outbox_id, state, attempts, finished_at)
    SELECT endpoint_id, outbox_id, CASE WHEN outbox_id % 97 = 5 THEN 'failed' WHEN outbox_id % 301 = 9 THEN 'pending'
                                        ELSE 'delivered' END, 1, put.created_at + interval '1 second'
    FROM put CROSS JOIN endpoint
    RETURNING endpoint_id, outbox_id, state, finished_at
)
INSERT INTO delivery_attempt (endpoint_id, outbox_id, at, duration_ms, status, error)
SELECT endpoint_id, outbox_id, finished_at, 40 + outbox_id % 50 * endpoint_id,
       CASE state WHEN 'failed' THEN 503 WHEN 'delivered' THEN 204 END, NULL
FROM made
"""

_DELIVERED = """
UPDATE endpoint e SET delivered = (
    SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state = 'delivered')
"""

# The city must stay awake while a test takes its time, so it is heard an hour ahead.
_LATEST = """
INSERT INTO latest (datastream_id, phenomenon_time, received_time, result, quality)
SELECT datastream_id, phenomenon_time, now() + interval '1 hour', result, quality
FROM observation
WHERE phenomenon_time = now()
"""

_SILENCE = """
WITH silent AS (
    UPDATE latest SET phenomenon_time = now() - interval '26 minutes', received_time = now() - interval '26 minutes'
    WHERE datastream_id % 71 = 5
    RETURNING datastream_id, phenomenon_time
)
INSERT INTO gap (datastream_id, began_at) SELECT datastream_id, phenomenon_time FROM silent
"""

_FAILED = "UPDATE latest SET quality = 4 WHERE datastream_id % 113 = 7"

_GAPS = """
INSERT INTO gap (datastream_id, began_at, ended_at)
SELECT datastream_id, began_at, began_at + interval '20 minutes'
FROM datastream, LATERAL (SELECT now() - (1 + datastream_id % 29) * interval '1 day' AS began_at) AS g
WHERE datastream_id % 3 = 0
"""

_COVERAGE = """
INSERT INTO coverage (at, kind_id, district_id, required, installed, reporting, monitored)
SELECT at, kind_id, district_id, count(*),
       count(*) FILTER (WHERE equipped), count(*) FILTER (WHERE equipped AND abs(hashtext(asset_id)) %% 9 > 0),
       count(*) FILTER (WHERE equipped AND abs(hashtext(asset_id)) %% 9 > 1 AND age < 5 + abs(hashtext(asset_id)) %% 30)
FROM (
    SELECT asset_id, kind_id, district_id, EXISTS (SELECT FROM sensor s WHERE s.asset_id = a.asset_id) AS equipped
    FROM asset a JOIN asset_kind k USING (kind_id)
    WHERE k.coverage IS NOT NULL
) a, generate_series(0, %(days)s * 96) AS n,
LATERAL (SELECT now() - n * interval '15 minutes' AS at, n / 96.0 AS age) AS t
GROUP BY at, kind_id, district_id
"""

# every minute of the last two days, every tenth before
_LEDGER = """
INSERT INTO ledger (minute, source, messages, received, stored, duplicate, conflict, rejected)
SELECT minute, source, readings, readings, readings - readings / 50 - readings / 100, readings / 50, 0, readings / 100
FROM (
    SELECT district_id || '/' || system_id AS source, system_id, sum(60 / expected_interval)::int8 AS readings
    FROM datastream JOIN asset USING (asset_id) JOIN asset_kind USING (kind_id)
    GROUP BY 1, 2
) s, generate_series(date_trunc('minute', now()) - %(days)s * interval '1 day', now(), interval '1 minute') AS minute
WHERE (minute > now() - interval '2 days' OR extract(minute FROM minute)::int %% 10 = 0)
  AND NOT (system_id = %(system)s AND minute BETWEEN now() - %(begin)s AND now() - %(end)s)
"""

_CANDIDATES = """
SELECT DISTINCT ON (r.rule_id, a.asset_id) r.rule_id, a.asset_id, d.datastream_id, a.name_en, a.name_zh
FROM rule r
JOIN asset a ON a.kind_id = r.definition ->> 'kind_id'
JOIN datastream d ON d.asset_id = a.asset_id AND d.property_id = r.definition ->> 'property_id'
ORDER BY r.rule_id, a.asset_id, d.datastream_id
"""

_ALARM = """
INSERT INTO alarm (asset_id, rule_id, datastream_id, state, severity, peak_severity, measured_at, received_at,
                   detected_at, raised_at, acknowledged_at, acknowledged_by, returned_at, closed_at, message_en,
                   message_zh, evidence)
VALUES (%(asset_id)s, %(rule_id)s, %(datastream_id)s, %(state)s, %(severity)s, %(severity)s, %(raised_at)s,
        %(raised_at)s, %(raised_at)s, %(raised_at)s, %(acknowledged_at)s, %(acknowledged_by)s, %(returned_at)s,
        %(closed_at)s, %(message_en)s, %(message_zh)s, %(evidence)s)
RETURNING alarm_id
"""

_EVENT = "INSERT INTO alarm_event (alarm_id, at, event, severity, actor) VALUES (%s, %s, %s, %s, %s)"


@dataclass(frozen=True)
class Candidate:
    """A place where a rule may strike."""

    rule_id: str
    asset_id: str
    datastream_id: int
    name_en: str
    name_zh: str


@dataclass(frozen=True)
class PastAlarm:
    """An alarm to write, with the instants of its life that have happened."""

    place: Candidate
    state: AlarmState
    severity: int
    raised_at: datetime
    acknowledged_at: datetime | None
    returned_at: datetime | None

    @property
    def closed_at(self) -> datetime | None:
        return self.returned_at if self.state is AlarmState.NORMAL else None

    def events(self) -> Iterator[tuple[datetime, AlarmEvent, int, str]]:
        """Yield instant, event, severity and actor."""
        first = max(1, self.severity - 1)
        yield self.raised_at, AlarmEvent.RAISED, first, "detector"
        if first < self.severity:
            yield self.raised_at + timedelta(minutes=2), AlarmEvent.ESCALATED, self.severity, "detector"
        if self.acknowledged_at is not None:
            yield self.acknowledged_at, AlarmEvent.ACKNOWLEDGED, self.severity, "operator"
        if self.returned_at is not None:
            event = AlarmEvent.RETURNED if self.closed_at is None else AlarmEvent.CLOSED
            yield self.returned_at, event, self.severity, "detector"


def fill_city(database: str) -> None:
    """Fill a migrated database that holds the demo city and nothing else."""
    system, begin, end = OUTAGE
    spans = {"days": DAYS, "system": system, "begin": begin, "end": end}
    with connect(database, process="fill") as connection:
        with connection.transaction():  # which gives all statements the same now()
            connection.execute(_PREPARE_ROLLUPS.encode(), spans)
            for statement in (_PREPARE, _OBSERVATIONS, _LATEST, _BASELINES, _SILENCE, _FAILED, _GAPS):
                connection.execute(statement.encode())
            for table, every, first, last in _ROLLED_UP:
                connection.execute(_ROLLUPS.format(table=table, every=every, first=first, last=last).encode())
            for statement in (_COVERAGE, _LEDGER):
                connection.execute(statement.encode(), spans)
            for alarm in _alarms(connection, np.random.default_rng(_SEED)):
                _write(connection, alarm)
            for statement in (_VERDICTS, _DEVICE_LEDGER, _PLATFORM, _DELIVERIES, _DELIVERED):
                connection.execute(statement.encode())
        connection.execute("ANALYZE")


def _alarms(connection: Connection, random: np.random.Generator) -> Iterator[PastAlarm]:
    places: dict[str, list[Candidate]] = {}
    for row in connection.execute(_CANDIDATES.encode()):
        places.setdefault(row[0], []).append(Candidate(*row))
    found = connection.execute("SELECT now()").fetchone()
    assert found is not None
    now: datetime = found[0]

    for rule_id, severity, state, minutes in _OPEN:
        # taken from the list, for one alarm may be open per asset and rule
        place = places[rule_id].pop(int(random.integers(len(places[rule_id]))))
        raised = now - timedelta(minutes=minutes)
        acknowledged = raised + timedelta(minutes=6) if state is AlarmState.ACKNOWLEDGED else None
        returned = raised + timedelta(minutes=25) if state is AlarmState.RETURNED else None
        yield PastAlarm(place, state, severity, raised, acknowledged, returned)

    rules = sorted(places)
    for age in np.sort(random.uniform(0.2, DAYS, _CLOSED_ALARMS))[::-1]:
        rule_id = rules[int(random.integers(len(rules)))]
        place = places[rule_id][int(random.integers(len(places[rule_id])))]
        tiers = _RULES[rule_id][0]
        severity = tiers[min(int(random.geometric(0.6)) - 1, len(tiers) - 1)]
        raised = now - timedelta(days=float(age))
        lasted = timedelta(minutes=5 + float(random.exponential(45)))
        yield PastAlarm(place, AlarmState.NORMAL, severity, raised, raised + lasted / 4, raised + lasted)


def _write(connection: Connection, alarm: PastAlarm) -> None:
    place = alarm.place
    _, english, chinese = _RULES[place.rule_id]
    row = connection.execute(
        _ALARM.encode(),
        {
            "asset_id": place.asset_id,
            "rule_id": place.rule_id,
            "datastream_id": place.datastream_id,
            "state": alarm.state.value,
            "severity": alarm.severity,
            "raised_at": alarm.raised_at,
            "acknowledged_at": alarm.acknowledged_at,
            "acknowledged_by": None if alarm.acknowledged_at is None else "operator",
            "returned_at": alarm.returned_at,
            "closed_at": alarm.closed_at,
            "message_en": english.format(en=place.name_en),
            "message_zh": chinese.format(zh=place.name_zh),
            "evidence": Jsonb({"value": 1.0}),
        },
    ).fetchone()
    assert row is not None
    for at, event, severity, actor in alarm.events():
        connection.execute(_EVENT.encode(), (row[0], at, event.value, severity, actor))


if __name__ == "__main__":
    fill_city(sys.argv[1])
