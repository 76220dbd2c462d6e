"""Delivery of webhooks to a real HTTP receiver that verifies them with the published library."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from standardwebhooks import Webhook

from api.webhooks.schedule import SCHEDULE, pause_after
from api.webhooks.signature import new_secret, signed_headers
from api.webhooks.worker import Worker
from citywatch.clock import SystemClock
from citywatch.model.alarms import AlarmEvent, AlarmState, Anomaly, OpenAlarm, on_severity
from citywatch.model.identifiers import AssetId, DatastreamId, RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Severity
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.alarms import AlarmChange, write_change
from citywatch.storage.serving import deliveries
from citywatch.storage.serving.database import Database
from cli.embedded.ports import free_port
from tests.support.api import api_client
from tests.support.processes import running, start
from tests.support.waiting import wait_until


@dataclass
class Receiver:
    """A receiver of webhooks: answers with what it was told to, 204 when it was told nothing more."""

    url: str
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hold: threading.Event | None = None

    def messages(self, secret: str) -> list[dict[str, Any]]:
        """Return the verified bodies."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.got]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if found.hold is not None:
                found.hold.wait(20)
            self.send_response(found.answers.pop(0) if found.answers else 204)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


class SetClock:
    """Shows the time it was set to."""

    def __init__(self) -> None:
        self.time = SystemClock().now().replace(microsecond=0)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def connection(plain_database: str) -> Iterator[Connection]:
    with connect(plain_database, process="test") as opened:
        yield opened


@pytest.fixture
async def served(plain_database: str) -> AsyncIterator[Database]:
    database = Database(plain_database, process="test", connections=4)
    await database.open()
    yield database
    await database.close()


def change(connection: Connection, alarm: OpenAlarm | None, severity: Severity | None) -> OpenAlarm | None:
    """Let the methane of a valve well get better or worse."""
    now = SystemClock().now()
    anomaly = Anomaly(
        RuleId("methane-in-well"), AssetId("well-001"), DatastreamId(1), severity, now, now, {"value": 23.0}
    )
    transition = on_severity(alarm, severity)
    assert transition is not None
    with connection.transaction():
        return write_change(
            connection, AlarmChange(alarm, transition, anomaly, Name("Methane 23 %LEL", "甲烷 23 %LEL")), now
        )


@contextmanager
def worker(served: Database, clock: SetClock) -> Iterator[Callable[[], Any]]:
    """Yield a function that delivers what is due, once."""

    async def deliver() -> int:
        async with httpx.AsyncClient(follow_redirects=False) as client:
            rng = np.random.default_rng(1)
            return await Worker(served, client, clock=clock, rng=rng, timeout=10, concurrency=4).deliver_due()

    yield deliver


async def subscribe(served: Database, url: str, min_severity: int = 1) -> str:
    secret = new_secret()
    await deliveries.add_endpoint(served, url=url, secret=secret, min_severity=min_severity)
    return secret


async def endpoint(served: Database) -> Any:
    found: list[dict[str, Any]] = await deliveries.endpoints(served, dict)
    return found[0]


async def log_of(served: Database) -> list[dict[str, Any]]:
    return await deliveries.attempts(served, dict, 1, before=None, limit=100)


async def test_the_life_of_an_alarm_arrives_signed_and_in_full(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    secret = await subscribe(served, receiver.url)
    alarm = change(connection, None, Severity.MINOR)
    alarm = change(connection, alarm, Severity.CRITICAL)
    change(connection, alarm, None)
    clock.time += timedelta(seconds=5)
    with worker(served, clock) as deliver:
        assert await deliver() == 3
        assert await deliver() == 0
    messages = receiver.messages(secret)
    assert {message["type"] for message in messages} == {
        f"citywatch.alarm.{event}" for event in (AlarmEvent.RAISED, AlarmEvent.ESCALATED, AlarmEvent.RETURNED)
    }
    raised = next(message["data"] for message in messages if message["type"].endswith("raised"))
    assert raised["severity"] == 2
    assert raised["state"] == AlarmState.UNACKNOWLEDGED
    assert raised["message"] == {"en": "Methane 23 %LEL", "zh": "甲烷 23 %LEL"}
    assert raised["asset"]["asset_id"] == "well-001"
    assert raised["asset"]["origin"] == "synthetic"
    escalated = next(message["data"] for message in messages if message["type"].endswith("escalated"))
    assert raised["evidence"]["value"] == 23.0
    assert escalated["measured_at"] == raised["measured_at"], "how it was raised does not change"
    assert datetime.fromisoformat(raised["measured_at"]) == datetime.fromisoformat(raised["evidence"]["measured_at"])
    assert datetime.fromisoformat(escalated["evidence"]["measured_at"]) > datetime.fromisoformat(
        raised["evidence"]["measured_at"]
    )
    assert {"measured_at", "received_at", "detected_at"} <= raised.keys()
    assert len(set(receiver.ids)) == 3
    assert (await endpoint(served))["delivered"] == 3
    assert {(row["status"], row["error"]) for row in await log_of(served)} == {(204, None)}


async def test_a_forged_message_does_not_verify(connection: Connection, served: Database, receiver: Receiver) -> None:
    await subscribe(served, receiver.url)
    change(connection, None, Severity.MINOR)
    clock = SetClock()
    clock.time += timedelta(seconds=5)
    with worker(served, clock) as deliver:
        await deliver()
    headers, body = receiver.got[0]
    with pytest.raises(Exception, match="signature"):
        Webhook(new_secret()).verify(body, headers)


async def test_failures_are_tried_again_under_the_same_id_and_logged(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    await subscribe(served, receiver.url)
    receiver.answers = [500, 302]
    change(connection, None, Severity.MAJOR)
    clock.time += timedelta(seconds=5)
    with worker(served, clock) as deliver:
        assert await deliver() == 1
        assert await deliver() == 0  # not before the pause is over
        clock.time += SCHEDULE[0] * 1.1
        assert await deliver() == 1  # a redirect is no delivery, and is not followed
        clock.time += SCHEDULE[1] * 1.1
        assert await deliver() == 1
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1
    log = await log_of(served)
    assert [row["status"] for row in log] == [204, 302, 500]
    assert log[-1]["error"] == "HTTP status 500"
    assert (await endpoint(served))["delivered"] == 1


async def test_an_endpoint_that_never_answers_is_given_up_after_the_schedule(
    connection: Connection, served: Database
) -> None:
    clock = SetClock()
    await subscribe(served, f"http://127.0.0.1:{free_port()}/nobody")
    change(connection, None, Severity.MAJOR)
    with worker(served, clock) as deliver:
        for pause in (timedelta(seconds=5), *SCHEDULE):
            clock.time += pause * 1.1
            assert await deliver() == 1
        clock.time += timedelta(days=30)
        assert await deliver() == 0
    found = await endpoint(served)
    assert (found["pending"], found["failed"]) == (0, 1)
    log = await log_of(served)
    assert len(log) == 1 + len(SCHEDULE)
    assert all(row["status"] is None and "ConnectError" in row["error"] for row in log)


async def test_what_a_dead_worker_had_taken_is_due_again_after_its_lease(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    await subscribe(served, receiver.url)
    change(connection, None, Severity.MAJOR)
    clock.time += timedelta(seconds=5)
    taken = await deliveries.claim_due(served, now=clock.time, lease=timedelta(seconds=40), limit=10)
    assert len(taken) == 1  # and the worker dies here
    with worker(served, clock) as deliver:
        assert await deliver() == 0
        clock.time += timedelta(seconds=41)
        assert await deliver() == 1
    assert len(receiver.got) == 1


async def test_an_endpoint_gets_what_is_severe_enough_from_now_on(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    alarm = change(connection, None, Severity.CRITICAL)  # before the endpoint was there
    await subscribe(served, receiver.url, min_severity=3)
    alarm = change(connection, alarm, Severity.ADVISORY)
    change(connection, alarm, Severity.MAJOR)
    clock.time += timedelta(seconds=5)
    with worker(served, clock) as deliver:
        assert await deliver() == 1
    assert json.loads(receiver.got[0][1])["data"]["severity"] == 3


async def test_a_rolled_back_change_sends_nothing(connection: Connection, served: Database, receiver: Receiver) -> None:
    clock = SetClock()
    await subscribe(served, receiver.url)
    connection.execute("BEGIN")
    change(connection, None, Severity.MAJOR)
    connection.execute("ROLLBACK")
    clock.time += timedelta(seconds=5)
    with worker(served, clock) as deliver:
        assert await deliver() == 0
    assert receiver.got == []


async def test_the_process_delivers_at_once_and_finishes_what_is_under_way(
    plain_database: str, connection: Connection, receiver: Receiver, tmp_path: Path
) -> None:
    environment = {"CITYWATCH_DATABASE_URL": plain_database, "CITYWATCH_WEBHOOK_TIMEOUT": "15"}
    async with api_client(plain_database) as client:
        answer = await client.post("/webhooks", json={"url": receiver.url, "min_severity": 1})
        assert answer.status_code == 201
        secret = answer.json()["secret"]
        receiver.hold = threading.Event()
        with running("webhooks", environment, tmp_path / "log") as child:
            change(connection, None, Severity.MAJOR)
            wait_until(lambda: receiver.got, what="the webhook")
            child.terminate()
            receiver.hold.set()
            assert child.wait(30) == 0
        (row,) = (await client.get("/webhooks/1/attempts")).json()["items"]
    assert (row["status"], row["state"], row["attempts"]) == (204, "delivered", 1)
    assert len(receiver.messages(secret)) == 1


def test_kill_9_loses_no_webhook(
    plain_database: str, connection: Connection, receiver: Receiver, tmp_path: Path
) -> None:
    environment = {"CITYWATCH_DATABASE_URL": plain_database, "CITYWATCH_WEBHOOK_TIMEOUT": "0.5"}
    with connection.transaction():
        connection.execute("INSERT INTO endpoint (url, secret) VALUES (%s, %s)", (receiver.url, new_secret()))
    receiver.hold = threading.Event()
    child = start("webhooks", environment, tmp_path / "log")
    change(connection, None, Severity.MAJOR)
    wait_until(lambda: receiver.got, what="the webhook")
    child.kill()
    child.wait()
    receiver.hold.set()
    connection.execute("UPDATE delivery SET next_attempt_at = now() WHERE state = 'pending'")  # its lease is over
    with running("webhooks", environment, tmp_path / "log"):
        wait_until(
            lambda: connection.execute("SELECT 1 FROM delivery WHERE state = 'delivered'").fetchone(), what="delivery"
        )
    assert len(set(receiver.ids)) == 1


def test_pauses_follow_the_recommended_schedule_with_a_little_jitter() -> None:
    rng = np.random.default_rng(1)
    pauses = [pause_after(attempts, rng) for attempts in range(1, len(SCHEDULE) + 1)]
    assert all(pause and plan <= pause <= 1.1 * plan for pause, plan in zip(pauses, SCHEDULE, strict=True))
    assert pause_after(len(SCHEDULE) + 1, rng) is None
    assert sum(SCHEDULE, timedelta()) > timedelta(days=3)


def test_signatures_verify_with_the_published_library() -> None:
    secret, body = new_secret(), '{"type":"x","甲烷":1}'.encode()
    headers = signed_headers(secret, "evt_1", SystemClock().now(), body)
    assert Webhook(secret).verify(body, headers) == json.loads(body)
