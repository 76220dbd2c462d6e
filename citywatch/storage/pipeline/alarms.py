"""Alarms as analytics changes them; history, outbox and deliveries are written in the same transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from psycopg.types.json import Jsonb

from citywatch.model.alarms import AlarmState, Anomaly, OpenAlarm, Transition
from citywatch.model.identifiers import AlarmId, AssetId, RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Severity
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "alarms.sql")

DETECTOR: Final = "detector"
"""Who changes an alarm when no person does."""


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """An anomaly, what it does to an alarm (None: a new one) and the sentence for operators."""

    alarm: OpenAlarm | None
    transition: Transition
    anomaly: Anomaly
    message: Name


def lock_open_alarms(connection: Connection, assets: Iterable[AssetId]) -> dict[tuple[AssetId, RuleId], OpenAlarm]:
    """Return the open alarms of some assets, locked until the transaction ends."""
    with translated():
        rows = connection.execute(_SQL["open_alarms"], (sorted(set(assets)),)).fetchall()
    alarms = [
        OpenAlarm(AlarmId(row[0]), AssetId(row[1]), RuleId(row[2]), AlarmState(row[3]), Severity(row[4]))
        for row in rows
    ]
    return {(alarm.asset_id, alarm.rule_id): alarm for alarm in alarms}


def _with_time(anomaly: Anomaly) -> dict[str, float | str | None]:
    """Return the evidence with its time: the alarm itself keeps the times at which it was raised."""
    measured_at = anomaly.measured_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {**anomaly.evidence, "measured_at": measured_at}


def write_change(connection: Connection, change: AlarmChange, at: datetime) -> OpenAlarm | None:
    """Make a change durable; return the alarm as it is now, None when it is closed."""
    anomaly, transition = change.anomaly, change.transition
    says_more = anomaly.severity is not None
    values = {
        "asset_id": anomaly.asset_id,
        "rule_id": anomaly.rule_id,
        "datastream_id": anomaly.datastream_id,
        "state": transition.state.value,
        "severity": int(transition.severity),
        "event": transition.event.value,
        "measured_at": anomaly.measured_at,
        "received_at": anomaly.received_at,
        "message_en": change.message.en if says_more else None,
        "message_zh": change.message.zh if says_more else None,
        "evidence": Jsonb(_with_time(anomaly)) if says_more else None,
        "at": at,
        "actor": DETECTOR,
        "note": None,
    }
    with translated():
        if change.alarm is None:
            row = connection.execute(_SQL["insert_alarm"], values).fetchone()
            assert row is not None
            alarm_id = AlarmId(row[0])
        else:
            alarm_id = change.alarm.alarm_id
            connection.execute(_SQL["update_alarm"], {**values, "alarm_id": alarm_id})
        connection.execute(_SQL["record_event"], {**values, "alarm_id": alarm_id})
    if transition.state is AlarmState.NORMAL:
        return None
    return OpenAlarm(alarm_id, anomaly.asset_id, anomaly.rule_id, transition.state, transition.severity)
