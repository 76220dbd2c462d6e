"""From anomalies to alarms: one open alarm at most per asset and rule, whoever found the anomaly."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from analytics.messages import message
from citywatch.logs import logger
from citywatch.model.alarms import Anomaly, on_severity
from citywatch.model.identifiers import AssetId, RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Rule
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.alarms import AlarmChange, lock_open_alarms, write_change


def write_anomalies(
    connection: Connection,
    anomalies: Sequence[Anomaly],
    *,
    rules: Mapping[RuleId, Rule],
    assets: Mapping[AssetId, Name],
    at: Callable[[], datetime],
) -> int:
    """Raise, change and return alarms in the caller's transaction; return how many changes that were.

    ``at`` tells the time of detection.
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
        if now is None:
            del alarms[key]
        else:
            alarms[key] = now
    return changes
