"""Anomalies that detectors find, and the alarms that operators handle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from citywatch.model.identifiers import AlarmId, AssetId, DatastreamId, RuleId
from citywatch.model.rules import Severity

Evidence = Mapping[str, float | str | None]


class AlarmState(StrEnum):
    """ISA-18.2 states of an alarm; a closed alarm is back to normal and only history."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned-unacknowledged"
    NORMAL = "normal"


class AlarmEvent(StrEnum):
    """What happened to an alarm."""

    RAISED = "raised"
    ESCALATED = "escalated"
    EASED = "eased"
    RETURNED = "returned"
    RAISED_AGAIN = "raised-again"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A finding of a detector about one datastream; ``severity`` is None when the trouble is over.

    ``measured_at``, ``received_at`` are the times of the observation that decided; ``detected_at`` is when the batch
    with it was committed.
    """

    rule_id: RuleId
    asset_id: AssetId
    datastream_id: DatastreamId
    severity: Severity | None
    measured_at: datetime
    received_at: datetime
    detected_at: datetime
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Alarm:
    """What an operator handles: one at most is open per asset and rule."""

    alarm_id: AlarmId
    rule_id: RuleId
    asset_id: AssetId
    datastream_id: DatastreamId
    state: AlarmState
    severity: Severity
    peak_severity: Severity
    measured_at: datetime
    received_at: datetime
    detected_at: datetime
    evidence: Evidence
    acknowledged_by: str | None = None
