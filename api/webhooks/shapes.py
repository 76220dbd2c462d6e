"""The shapes in which an event of an alarm can be sent: what receivers out there already understand.

The ready shapes carry the state of the alarm, not the change alone: a receiver that knows nothing of citywatch opens,
updates and closes an entry of its own by a key that stays the same.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

JSON: Final = "application/json"
_OVER: Final = frozenset({"returned", "closed"})
_SEVERITIES: Final = {1: "advisory", 2: "minor", 3: "major", 4: "critical"}
_PAGERDUTY_SEVERITIES: Final = {1: "info", 2: "warning", 3: "error", 4: "critical"}
_NEVER: Final = "0001-01-01T00:00:00Z"  # what Alertmanager writes for an end that is not known
_SUMMARY: Final = 1024  # [characters] PagerDuty takes


class Shape(StrEnum):
    """How the body looks."""

    STANDARD = "standard"
    CLOUDEVENTS = "cloudevents"
    CLOUDEVENTS_BINARY = "cloudevents-binary"
    ALERTMANAGER = "alertmanager"
    PAGERDUTY = "pagerduty"


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the outbox as shapes see it; ``id`` is the same at every attempt."""

    id: str
    type: str
    created_at: datetime
    data: Mapping[str, Any]
    city_id: str | None = None
    routing_key: str | None = None

    @property
    def time(self) -> str:
        """Return when it was written (RFC 3339)."""
        return self.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def source(self) -> str:
        """Return who sends: a URI reference."""
        return f"/citywatch/{self.city_id or ''}".rstrip("/")

    @property
    def alarm_key(self) -> str:
        """Return a name of the alarm that no other city's alarm has."""
        return f"{self.source[1:]}/alarms/{self.data['alarm_id']}"


@dataclass(frozen=True, slots=True)
class Message:
    """Body and headers of a request, before it is signed."""

    headers: Mapping[str, str]
    body: bytes


def shaped(shape: Shape, event: Event) -> Message:
    """Return an event in a shape."""
    return _SHAPES[shape](event)


def _standard(event: Event) -> Message:
    """Type, time and data as Standard Webhooks recommends."""
    return _message({"type": event.type, "timestamp": event.time, "data": event.data})


def _attributes(event: Event) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time,
        "subject": f"alarms/{event.data['alarm_id']}",
    }


def _cloudevents(event: Event) -> Message:
    """CloudEvents 1.0, HTTP binding 3.2: attributes and data in the body."""
    content = {**_attributes(event), "datacontenttype": JSON, "data": event.data}
    return _message(content, "application/cloudevents+json; charset=UTF-8")


def _cloudevents_binary(event: Event) -> Message:
    """CloudEvents 1.0, HTTP binding 3.1: attributes in headers, the body is the data."""
    plain = _message(event.data)
    headers = {f"ce-{name}": value for name, value in _attributes(event).items()}
    return Message({**plain.headers, **headers}, plain.body)


def _alertmanager(event: Event) -> Message:
    """Webhook of Prometheus Alertmanager, version 4, with one alert.

    Reference: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.
    """
    data, asset = event.data, event.data["asset"]
    is_over = data["event"] in _OVER
    status = "resolved" if is_over else "firing"
    labels = {
        "alertname": data["rule"],
        "severity": _SEVERITIES[data["severity"]],
        "system": asset["system"],
        "district": asset["district"],
        "kind": asset["kind"],
        "asset": asset["asset_id"],
        "origin": asset["origin"],
    }
    annotations = {"summary": data["message"]["en"], "summary_zh": data["message"]["zh"]}
    if advice := data.get("advice"):
        annotations |= {"description": advice["en"], "description_zh": advice["zh"]}
    group = {"alertname": data["rule"], "asset": asset["asset_id"]}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": data["detected_at"],
        "endsAt": data["at"] if is_over else _NEVER,
        "generatorURL": "",
        # of the alarm, not of the labels: its severity may change
        "fingerprint": hashlib.sha256(event.alarm_key.encode()).hexdigest()[:16],
    }
    content = {
        "version": "4",
        "groupKey": event.alarm_key,
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "citywatch",
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }
    return _message(content)


def _pagerduty(event: Event) -> Message:
    """Events API v2 of PagerDuty: https://developer.pagerduty.com/docs/events-api-v2-overview."""
    data, asset = event.data, event.data["asset"]
    content = {
        "routing_key": event.routing_key,
        "event_action": _pagerduty_action(data["event"]),
        "dedup_key": event.alarm_key,
        "client": "citywatch",
        "payload": {
            "summary": data["message"]["en"][:_SUMMARY],
            "source": asset["asset_id"],
            "severity": _PAGERDUTY_SEVERITIES[data["severity"]],
            "timestamp": data["at"],
            "component": asset["kind"],
            "group": f"{asset['system']}/{asset['district']}",
            "class": data["rule"],
            "custom_details": data,
        },
    }
    return _message(content)


def _pagerduty_action(event: str) -> str:
    if event in _OVER:
        return "resolve"
    return "acknowledge" if event == "acknowledged" else "trigger"


_SHAPES: Final[Mapping[Shape, Callable[[Event], Message]]] = {
    Shape.STANDARD: _standard,
    Shape.CLOUDEVENTS: _cloudevents,
    Shape.CLOUDEVENTS_BINARY: _cloudevents_binary,
    Shape.ALERTMANAGER: _alertmanager,
    Shape.PAGERDUTY: _pagerduty,
}


def _message(content: Any, content_type: str = JSON) -> Message:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Message({"content-type": content_type}, body)


def sample_data(endpoint_id: int, number: str, now: datetime) -> dict[str, Any]:
    """Return the data of a test event: an advisory about no asset, in the form of any other event.

    ``number`` tells tests apart for receivers that open an entry for each.
    """
    at = now.astimezone(UTC).isoformat(timespec="milliseconds")
    return {
        "alarm_id": f"test-{number}",
        "event": "test",
        "at": at,
        "actor": "api",
        "state": "unacknowledged",
        "severity": 1,
        "peak_severity": 1,
        "occurrences": 1,
        "rule": "webhook-test",
        "message": {
            "en": f"Test of webhook endpoint {endpoint_id}: nothing happened",
            "zh": f"Webhook 接收端 {endpoint_id} 的测试：没有发生任何事件",
        },
        "advice": None,
        "asset": {
            "asset_id": "webhook-test",
            "kind": "test",
            "system": "test",
            "district": "test",
            "name": {"en": "Test", "zh": "测试"},
            "latitude": None,
            "longitude": None,
            "origin": "synthetic",
        },
        "measured_at": at,
        "received_at": at,
        "detected_at": at,
        "evidence": {},
    }
