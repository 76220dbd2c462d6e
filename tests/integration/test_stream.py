"""The live stream over a real HTTP server: what happens arrives, and nothing of alarms is missed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from api.context import Context
from api.live import Live
from api.main import create_app
from citywatch.clock import SystemClock, to_micros
from citywatch.model.alarms import Anomaly, OpenAlarm, on_severity
from citywatch.model.identifiers import AssetId, DatastreamId, RuleId
from citywatch.model.names import Name
from citywatch.model.observations import Account, Batch, Observations
from citywatch.model.rules import Severity
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.alarms import AlarmChange, write_change
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.serving.database import Database
from cli.embedded.ports import free_port
from tests.support.waiting import wait_until

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(plain_database: str) -> Iterator[Connection]:
    with connect(plain_database, process="test") as opened:
        yield opened


@pytest.fixture
def address(plain_database: str) -> Iterator[str]:
    """An API that really listens."""
    database = Database(plain_database, process="test api", connections=4)
    port = free_port()
    app = create_app(Context(database, SystemClock(), Live(database)))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, what="the API")
    yield f"http://127.0.0.1:{port}/api/v1"
    server.should_exit = True
    thread.join(30)


Message = dict[str, str]


@contextmanager
def listening(address: str, last_event_id: str | None = None) -> Iterator[Iterator[Message]]:
    """Yield the messages of the stream; the first one, hello, has been read."""
    headers = {} if last_event_id is None else {"last-event-id": last_event_id}
    with httpx.stream("GET", f"{address}/stream", headers=headers, timeout=30) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        messages = parsed(response.iter_lines())
        assert next(messages)["event"] == "hello"
        yield messages


def parsed(lines: Iterator[str]) -> Iterator[Message]:
    message: Message = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if not line:
            if message:
                yield message
            message = {}
        else:
            name, _, value = line.partition(": ")
            message[name] = value


def next_of(messages: Iterator[Message], event: str) -> Message:
    return next(message for message in messages if message["event"] == event)


def change(connection: Connection, alarm: OpenAlarm | None, severity: Severity | None) -> OpenAlarm | None:
    anomaly = Anomaly(RuleId("methane-in-well"), AssetId("well-001"), DatastreamId(1), severity, NOW, NOW, {})
    transition = on_severity(alarm, severity)
    assert transition is not None
    with connection.transaction():
        return write_change(connection, AlarmChange(alarm, transition, anomaly, Name("Gas", "燃气")), NOW)


def store(connection: Connection, value: float, second: int) -> None:
    micros = np.array([to_micros(NOW) + second * 1_000_000], dtype=np.int64)
    rows = Observations(np.array([1], dtype=np.int32), micros, micros, np.array([value]), np.array([1], dtype=np.int16))
    account = Account(NOW, "hanyang/bridge", 1, 1, 0)
    BatchWriter(connection, ingester="test").write(Batch(rows, np.zeros(1, dtype=np.int32), [account], [], []))


def data(message: Message) -> Any:
    return json.loads(message["data"])


def test_alarms_arrive_as_they_happen(address: str, connection: Connection) -> None:
    with listening(address) as messages:
        alarm = change(connection, None, Severity.MINOR)
        first = next_of(messages, "alarm")
        assert (data(first)["event"], data(first)["severity"]) == ("raised", 2)
        change(connection, alarm, Severity.CRITICAL)
        second = next_of(messages, "alarm")
        assert data(second)["severity"] == 4
        assert int(second["id"]) > int(first["id"])


def test_who_was_away_gets_every_alarm_change_once_and_in_order(address: str, connection: Connection) -> None:
    with listening(address) as messages:
        alarm = change(connection, None, Severity.ADVISORY)
        seen = next_of(messages, "alarm")["id"]
    for severity in (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL):
        alarm = change(connection, alarm, severity)
    with listening(address, last_event_id=seen) as messages:
        missed = [next_of(messages, "alarm") for _ in range(3)]
        assert [data(message)["severity"] for message in missed] == [2, 3, 4]
        change(connection, alarm, None)
        assert data(next_of(messages, "alarm"))["event"] == "returned"


def test_the_newest_values_arrive_with_quality_and_time(address: str, connection: Connection) -> None:
    with listening(address) as messages:
        store(connection, 11.5, 1)
        assert data(next_of(messages, "values")) == [[1, "2026-11-20T12:00:01+00:00", 11.5, 1]]
        store(connection, 12.5, 2)
        assert data(next_of(messages, "values")) == [[1, "2026-11-20T12:00:02+00:00", 12.5, 1]]


def test_an_event_id_of_another_stream_counts_as_none(address: str, connection: Connection) -> None:
    with listening(address) as messages:
        alarm = change(connection, None, Severity.ADVISORY)
        assert data(next_of(messages, "alarm"))["event"] == "raised"
    with listening(address, last_event_id="yesterday") as messages:
        change(connection, alarm, Severity.MAJOR)
        assert data(next_of(messages, "alarm"))["event"] == "escalated"
