"""Shapes of events, read by the published CloudEvents library and checked against the published contracts."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft202012Validator

from api.webhooks.shapes import Event, Message, Shape, sample_data, shaped
from citywatch.model.alarms import AlarmEvent

AT = datetime(2026, 11, 21, 3, 12, 9, 481000, tzinfo=UTC)

# Fields and types of https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4.
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
STATUS = {"enum": ["firing", "resolved"]}
ALERTMANAGER = {
    "type": "object",
    "required": [
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    ],
    "properties": {
        "version": {"const": "4"},
        "groupKey": {"type": "string"},
        "truncatedAlerts": {"type": "integer"},
        "status": STATUS,
        "receiver": {"type": "string"},
        "groupLabels": TEXTS,
        "commonLabels": TEXTS,
        "commonAnnotations": TEXTS,
        "externalURL": {"type": "string"},
        "alerts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"],
                "properties": {
                    "status": STATUS, "labels": TEXTS, "annotations": TEXTS, "startsAt": TIME, "endsAt": TIME,
                    "generatorURL": {"type": "string"}, "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}  # fmt: skip
# https://developer.pagerduty.com/docs/send-alert-event
PAGERDUTY = {
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key", "payload"],
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "maxLength": 255},
        "client": {"type": "string"},
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "properties": {
                "summary": {"type": "string", "maxLength": 1024},
                "source": {"type": "string"},
                "severity": {"enum": ["critical", "warning", "error", "info"]},
                "timestamp": TIME,
                "component": {"type": "string"},
                "group": {"type": "string"},
                "class": {"type": "string"},
                "custom_details": {"type": "object"},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


def event(what: str = "raised", severity: int = 3, alarm_id: int = 17) -> Event:
    data = {**sample_data(1, "x", AT), "event": what, "severity": severity, "alarm_id": alarm_id}
    data["message"] = {"en": "Methane 21.4 %LEL; " + "x" * 2000, "zh": "甲烷 21.4 %LEL"}
    data["advice"] = {"en": "Ventilate", "zh": "通风"}
    return Event(f"evt_{alarm_id}", f"citywatch.alarm.{what}", AT, data, "wuhan", "R" * 32)


def content(message: Message) -> Any:
    return json.loads(message.body)


@pytest.mark.parametrize("shape", [Shape.CLOUDEVENTS, Shape.CLOUDEVENTS_BINARY])
def test_the_published_library_reads_both_kinds_of_cloudevents(shape: Shape) -> None:
    message = shaped(shape, event())
    read = from_http_event(HTTPMessage(dict(message.headers), message.body))
    assert isinstance(read, CloudEvent)
    assert (read.get_id(), read.get_source(), read.get_type()) == (
        "evt_17",
        "/citywatch/wuhan",
        "citywatch.alarm.raised",
    )
    assert read.get_time() == AT
    assert read.get_subject() == "alarms/17"
    assert read.get_data() == event().data


def test_the_standard_shape_is_type_time_and_data() -> None:
    assert content(shaped(Shape.STANDARD, event())) == {
        "type": "citywatch.alarm.raised",
        "timestamp": "2026-11-21T03:12:09.481Z",
        "data": event().data,
    }


@pytest.mark.parametrize("what", [*AlarmEvent, "test"])
@pytest.mark.parametrize("severity", [1, 2, 3, 4])
@pytest.mark.parametrize(("shape", "contract"), [(Shape.ALERTMANAGER, ALERTMANAGER), (Shape.PAGERDUTY, PAGERDUTY)])
def test_every_event_keeps_the_contract(shape: Shape, contract: dict[str, Any], severity: int, what: str) -> None:
    Draft202012Validator(contract).validate(content(shaped(shape, event(what, severity))))


def test_alertmanager_sees_one_alert_that_fires_and_is_resolved() -> None:
    raised, worse, over = (
        content(shaped(Shape.ALERTMANAGER, event(what, severity)))
        for what, severity in (("raised", 2), ("escalated", 4), ("closed", 4))
    )
    assert [one["status"] for one in (raised, worse, over)] == ["firing", "firing", "resolved"]
    assert len({one["alerts"][0]["fingerprint"] for one in (raised, worse, over)}) == 1
    assert raised["alerts"][0]["endsAt"].startswith("0001")
    assert over["alerts"][0]["endsAt"] == event().data["at"]
    other = content(shaped(Shape.ALERTMANAGER, event(alarm_id=18)))
    assert other["alerts"][0]["fingerprint"] != raised["alerts"][0]["fingerprint"]


def test_pagerduty_opens_acknowledges_and_resolves_one_incident() -> None:
    sent = [content(shaped(Shape.PAGERDUTY, event(what))) for what in AlarmEvent]
    assert len({one["dedup_key"] for one in sent}) == 1
    assert {what.value: one["event_action"] for what, one in zip(AlarmEvent, sent, strict=True)} == {
        "raised": "trigger",
        "escalated": "trigger",
        "eased": "trigger",
        "returned": "resolve",
        "raised-again": "trigger",
        "acknowledged": "acknowledge",
        "closed": "resolve",
    }
