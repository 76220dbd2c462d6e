"""Examples of parameters for the OpenAPI document: a word means one thing everywhere, its example stands here once."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI

EXAMPLES: Final[Mapping[str, Any]] = {
    "asset_id": "yangtze-1",
    "sensor_id": "strain-1",
    "datastream_id": 1,
    "property_id": "strain",
    "alarm_id": 17,
    "dead_letter_id": 1,
    "endpoint_id": 1,
    "system": "bridge",
    "district": "hanyang",
    "kind": "bridge",
    "parent": "cabinet-001",
    "ended": False,
    "text": "Yangtze",
    "liveness": "offline",
    "state": "all",
    "monitored": False,
    "min_severity": 2,
    "resolution": "1h",
    "points": 800,
    "begin": "2026-11-20T00:00:00+08:00",
    "end": "2026-11-21T00:00:00+08:00",
    "since": "2026-11-20T00:00:00+08:00",
    "until": "2026-11-21T00:00:00+08:00",
    "minutes": 60,
    "hours": 24,
    "source": "hanyang/bridge",
    "unbalanced": True,
    "reason": "unknown_datastream",
    "topic": "citywatch/v1/hanyang/+/#",
    "limit": 100,
    "last-event-id": "4711",
    "day": "2026-11-20",
    "by": "2026-12-31",
    "street": "Yingwu Avenue",
    "asset": ["yangtze-2"],
    "cheapest": 10,
    "target_id": "bridge-coverage",
    "indicator_id": "bridge-coverage",
    "report_id": 1,
    "language": "en",
    "format": "html",
}
"""Cursors have none: what `next` of a page says is not for people."""


def describe_examples(app: FastAPI) -> None:
    """Add examples to what an app says of its parameters; those that have one of their own keep it."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            for methods in plain()["paths"].values():
                for operation in methods.values():
                    for parameter in operation.get("parameters", ()):
                        _describe(parameter)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # the way FastAPI documents


def _describe(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    if parameter["name"] in EXAMPLES and "examples" not in schema:
        schema["examples"] = [EXAMPLES[parameter["name"]]]
