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
    """A finding of a detector; ``severity`` is None when the trouble is over.

    ``datastream_id`` is None when it is about the platform itself, which has none. ``measured_at`` and
    ``received_at`` are the times of the observation that decided.
    """

    rule_id: RuleId
    asset_id: AssetId
    datastream_id: DatastreamId | None
    severity: Severity | None
    measured_at: datetime
    received_at: datetime
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that is not closed: one at most per asset and rule."""

    alarm_id: AlarmId
    asset_id: AssetId
    rule_id: RuleId
    state: AlarmState
    severity: Severity


@dataclass(frozen=True, slots=True)
class Transition:
    """What happens to an alarm: the event, and the state and severity that follow."""

    event: AlarmEvent
    state: AlarmState
    severity: Severity


def on_severity(alarm: OpenAlarm | None, severity: Severity | None) -> Transition | None:
    """Return what a change of severity does to the open alarm of its asset and rule, None when nothing.

    Transitions of ISA-18.2-2016 figure 2, without shelving and suppression. An acknowledged alarm that gets worse
    wants to be acknowledged again.
    """
    if alarm is None:
        return None if severity is None else Transition(AlarmEvent.RAISED, AlarmState.UNACKNOWLEDGED, severity)
    if severity is None:
        return _on_return(alarm)
    if alarm.state is AlarmState.RETURNED:
        return Transition(AlarmEvent.RAISED_AGAIN, AlarmState.UNACKNOWLEDGED, severity)
    if severity > alarm.severity:
        return Transition(AlarmEvent.ESCALATED, AlarmState.UNACKNOWLEDGED, severity)
    return Transition(AlarmEvent.EASED, alarm.state, severity) if severity < alarm.severity else None


def _on_return(alarm: OpenAlarm) -> Transition | None:
    match alarm.state:
        case AlarmState.ACKNOWLEDGED:
            return Transition(AlarmEvent.CLOSED, AlarmState.NORMAL, alarm.severity)
        case AlarmState.UNACKNOWLEDGED:
            return Transition(AlarmEvent.RETURNED, AlarmState.RETURNED, alarm.severity)
        case _:
            return None


def on_acknowledge(alarm: OpenAlarm) -> Transition | None:
    """Return what the acknowledgement of a person does, None when the alarm is acknowledged already."""
    if alarm.state is AlarmState.UNACKNOWLEDGED:
        return Transition(AlarmEvent.ACKNOWLEDGED, AlarmState.ACKNOWLEDGED, alarm.severity)
    if alarm.state is AlarmState.RETURNED:
        return Transition(AlarmEvent.CLOSED, AlarmState.NORMAL, alarm.severity)
    return None
