"""From anomalies to alarms: one open alarm at most per asset and rule, whoever found the anomaly."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from analytics.messages import message
from citywatch.logs import logger
from citywatch.model.alarms import AlarmEvent, Anomaly, OpenAlarm, Transition, on_severity
from citywatch.model.event_windows import Surroundings
from citywatch.model.identifiers import AssetId, RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Rule
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.alarms import DETECTOR, AlarmChange, lock_open_alarms, write_change
from citywatch.storage.pipeline.event_windows import keep_around_alarm

_WORSE: Final = (AlarmEvent.RAISED, AlarmEvent.RAISED_AGAIN, AlarmEvent.ESCALATED)


def write_anomalies(
    connection: Connection,
    anomalies: Sequence[Anomaly],
    *,
    rules: Mapping[RuleId, Rule],
    assets: Mapping[AssetId, Name],
    at: Callable[[], datetime],
    kept: Surroundings | None = None,
) -> int:
    """Raise, change and return alarms in the caller's transaction; return how many changes that were.

    Parameters
    ----------
    at
        Tells the time of detection.
    kept
        What of the asset's waveforms is kept around an alarm, None: nothing.
    """
    if not anomalies:
        return 0
    alarms = lock_open_alarms(connection, [anomaly.asset_id for anomaly in anomalies])
    changes = 0
    for anomaly in anomalies:
        key = (anomaly.asset_id, anomaly.rule_id)
        alarm = alarms.get(key)
        transition = on_severity(alarm, anomaly.severity)
        if transition is None:
            continue
        text = message(rules[anomaly.rule_id], anomaly, assets)
        now = write_change(connection, AlarmChange(alarm, transition, anomaly, text), at())
        logger().info("alarm", change=transition.event.value, message=text.en, severity=int(transition.severity))
        changes += 1
        if kept is not None and now is not None:
            _keep(connection, now, transition, anomaly, rules[anomaly.rule_id], kept)
        if now is None:
            del alarms[key]
        else:
            alarms[key] = now
    return changes


def _keep(
    connection: Connection, alarm: OpenAlarm, transition: Transition, anomaly: Anomaly, rule: Rule, kept: Surroundings
) -> None:
    if transition.event in _WORSE and transition.severity >= kept.severity:
        keep_around_alarm(
            connection,
            alarm.alarm_id,
            begins_at=anomaly.measured_at - kept.before,
            ends_at=anomaly.measured_at + kept.after,
            reason=rule.name.en,
            actor=DETECTOR,
        )
