"""Delivery of webhooks to a real HTTP receiver that verifies them with the published library."""

import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from ipaddress import IPv4Network, ip_network
from typing import Any

import httpx
import numpy as np
import pytest
import trustme
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook

from api.webhooks.addresses import AddressRules
from api.webhooks.circuit import LONGEST_PAUSE, OPENS_AFTER
from api.webhooks.schedule import SCHEDULE
from api.webhooks.sender import Sender
from api.webhooks.shapes import Shape
from api.webhooks.signature import new_secret
from api.webhooks.worker import Worker
from citywatch.clock import SystemClock
from citywatch.model.alarms import AlarmEvent, AlarmState, Anomaly, OpenAlarm, on_severity
from citywatch.model.identifiers import AssetId, DatastreamId, RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Severity
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.alarms import AlarmChange, write_change
from citywatch.storage.serving import deliveries, endpoints
from citywatch.storage.serving.database import Database
from citywatch.storage.serving.deliveries import Span
from citywatch.storage.serving.endpoints import EndpointSettings
from cli.embedded.ports import free_port
from tests.support.receivers import Receiver, Reply, misbehaving, receiving

LOOPBACK = AddressRules((IPv4Network("127.0.0.0/8"),))
LATER = timedelta(seconds=5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class SetClock:
    """Shows the time it was set to."""

    def __init__(self) -> None:
        self.time = SystemClock().now().replace(microsecond=0)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


@pytest.fixture
async def served(database: str) -> AsyncIterator[Database]:
    opened = Database(database, process="test", connections=4)
    await opened.open()
    yield opened
    await opened.close()


def change(
    connection: Connection, alarm: OpenAlarm | None, severity: Severity | None, well: str = "well-001"
) -> OpenAlarm | None:
    """Let the methane of a valve well get better or worse."""
    now = SystemClock().now()
    anomaly = Anomaly(RuleId("methane-in-well"), AssetId(well), DatastreamId(1), severity, now, now, {"value": 23.0})
    transition = on_severity(alarm, severity)
    assert transition is not None
    with connection.transaction():
        return write_change(
            connection, AlarmChange(alarm, transition, anomaly, Name("Methane 23 %LEL", "甲烷 23 %LEL")), now
        )


Deliver = Callable[[], Awaitable[int]]


@contextmanager
def worker(served: Database, clock: SetClock, *, timeout: float = 10, places: int = 4) -> Iterator[Deliver]:
    """Yield a function that delivers what is due, once, as a worker that has just started."""

    async def deliver() -> int:
        async with Sender(LOOPBACK, timeout=timeout, tls=httpx.create_ssl_context()) as sender:
            rng = np.random.default_rng(1)
            return await Worker(served, sender, clock=clock, rng=rng, places=places).deliver_due()

    yield deliver


async def subscribe(served: Database, url: str, **settings: Any) -> str:
    secret = new_secret()
    await endpoints.add_endpoint(served, EndpointSettings(url, **settings), secret=secret, public_key=None)
    return secret


async def endpoint(served: Database, number: int = 1) -> Any:
    (found,) = await endpoints.endpoints(served, dict[str, Any], number)
    return found


async def log_of(served: Database, number: int = 1) -> list[dict[str, Any]]:
    return await deliveries.attempts(served, dict, number, before=None, limit=100)


async def states(served: Database, number: int = 1) -> list[str]:
    found: list[dict[str, Any]] = await deliveries.deliveries(served, dict, number, state=None, before=None, limit=100)
    return [row["state"] for row in reversed(found)]


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
    assert [message["type"] for message in messages] == [
        f"citywatch.alarm.{event}" for event in (AlarmEvent.RAISED, AlarmEvent.ESCALATED, AlarmEvent.RETURNED)
    ]
    raised = messages[0]["data"]
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
    async with deliveries.turn(served) as turn:
        await turn.admit(clock.time, limit=10)
        taken = await turn.claim(clock.time, lease=timedelta(seconds=40), places=4, busy={}, limit=10)
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


async def test_a_later_event_never_overtakes_an_earlier_one_of_its_alarm(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    secret = await subscribe(served, receiver.url)
    receiver.answers = [500]
    first = change(connection, None, Severity.MINOR, "well-001")
    change(connection, first, Severity.CRITICAL, "well-001")
    with worker(served, clock) as deliver:
        assert await deliver() == 1  # the second waits for the first
        change(connection, None, Severity.MAJOR, "well-002")
        assert await deliver() == 1  # another alarm does not wait
        assert await states(served) == ["pending", "waiting", "delivered"]
        clock.time += SCHEDULE[0] * 1.1
        assert await deliver() == 2
    arrived = [(message["data"]["alarm_id"], message["data"]["event"]) for message in receiver.messages(secret)]
    assert arrived == [(1, "raised"), (2, "raised"), (1, "raised"), (1, "escalated")]


async def test_after_the_last_attempt_the_next_event_gets_its_turn(connection: Connection, served: Database) -> None:
    clock = SetClock()
    with receiving() as receiver:
        await subscribe(served, receiver.url)
        receiver.answers = [500] * (1 + len(SCHEDULE))
        alarm = change(connection, None, Severity.MINOR)
        change(connection, alarm, Severity.CRITICAL)
        with worker(served, clock) as deliver:
            for pause in (LATER, *SCHEDULE):
                clock.time += pause * 1.1 + LONGEST_PAUSE * 1.1
                assert await deliver() == 1
            assert await states(served) == ["failed", "pending"]
            clock.time += LONGEST_PAUSE * 1.1  # the circuit is open
            assert await deliver() == 1
    assert await states(served) == ["failed", "delivered"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["raised", "escalated", "returned"]),
        ({"min_severity": 4}, ["escalated", "returned"]),
        ({"systems": ["gas", "bridge"]}, ["raised", "escalated", "returned"]),
        ({"systems": ["bridge"]}, []),
        ({"districts": ["nowhere"]}, []),
        ({"events": ["raised", "returned"]}, ["raised", "returned"]),
        ({"systems": ["gas"], "events": ["closed"]}, []),
        ({"enabled": False}, []),
    ],
    ids=str,
)
async def test_an_endpoint_gets_what_its_filters_let_through(
    connection: Connection, served: Database, receiver: Receiver, settings: dict[str, Any], expected: list[str]
) -> None:
    await subscribe(served, receiver.url, **settings)
    alarm = change(connection, None, Severity.MINOR)
    alarm = change(connection, alarm, Severity.CRITICAL)
    change(connection, alarm, None)
    with worker(served, SetClock()) as deliver:
        await deliver()
    assert [json.loads(body)["data"]["event"] for _, body in receiver.got] == expected


async def test_a_district_filter_lets_its_own_district_through(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    row = connection.execute("SELECT district_id FROM asset WHERE asset_id = 'well-001'").fetchone()
    assert row is not None
    await subscribe(served, receiver.url, districts=[row[0]])
    change(connection, None, Severity.MINOR)
    with worker(served, SetClock()) as deliver:
        assert await deliver() == 1


async def test_retry_after_is_honoured(connection: Connection, served: Database, receiver: Receiver) -> None:
    clock = SetClock()
    await subscribe(served, receiver.url)
    receiver.answers = [Reply(503, {"retry-after": "600"}, b"back in ten minutes")]
    change(connection, None, Severity.MAJOR)
    with worker(served, clock) as deliver:
        assert await deliver() == 1
        clock.time += timedelta(seconds=599)
        change(connection, None, Severity.MAJOR, "well-002")
        assert await deliver() == 0  # nothing at all goes to who wants to be left alone
        clock.time += timedelta(seconds=2)
        assert await deliver() == 2
    assert (await log_of(served))[-1]["answer"] == "back in ten minutes"


async def test_changed_settings_are_tried_at_once(
    connection: Connection, served: Database, receiver: Receiver, other: Receiver
) -> None:
    clock = SetClock()
    secret = await subscribe(served, receiver.url)
    receiver.answers = [500]
    change(connection, None, Severity.MAJOR)
    with worker(served, clock) as deliver:
        assert await deliver() == 1
        assert await deliver() == 0
        await endpoints.change_endpoint(served, 1, EndpointSettings(other.url))
        clock.time = SystemClock().now()
        assert await deliver() == 1
    assert len(other.messages(secret)) == 1


async def test_410_disables_the_endpoint_and_keeps_what_it_did_not_get(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    await subscribe(served, receiver.url)
    receiver.answers = [410]
    alarm = change(connection, None, Severity.MINOR)
    alarm = change(connection, alarm, Severity.MAJOR)
    with worker(served, clock) as deliver:
        assert await deliver() == 1
        change(connection, alarm, Severity.CRITICAL)
        clock.time += LATER
        assert await deliver() == 0
    found = await endpoint(served)
    assert not found["enabled"]
    assert "410 Gone" in found["disabled_because"]
    assert (found["pending"], found["failed"]) == (0, 2)


async def test_an_endpoint_that_keeps_failing_is_left_alone_and_probed(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    await subscribe(served, receiver.url)
    receiver.answers = [500] * (OPENS_AFTER + 1)
    wells = [f"well-{number:03}" for number in range(1, 21)]
    for well in wells:
        change(connection, None, Severity.MINOR, well)
    with worker(served, clock, places=1) as deliver:
        assert await deliver() == OPENS_AFTER  # then the circuit is open
        assert (await endpoint(served))["open_until"] > clock.time
        clock.time += LONGEST_PAUSE
        assert await deliver() == 1  # the probe, in vain
        clock.time += LONGEST_PAUSE
        assert await deliver() == len(wells)  # the next one succeeds, and all others follow at once
    found = await endpoint(served)
    assert (found["failures"], found["open_until"], found["delivered"], found["pending"]) == (0, None, len(wells), 0)


async def test_what_an_endpoint_never_answered_for_is_a_dead_letter_after_the_schedule(
    connection: Connection, served: Database
) -> None:
    clock = SetClock()
    await subscribe(served, f"http://127.0.0.1:{free_port()}/nobody")
    wells = [f"well-{number:03}" for number in range(1, 21)]
    for well in wells:
        change(connection, None, Severity.MINOR, well)
    with worker(served, clock, places=1) as deliver:
        await deliver()
        clock.time += timedelta(days=4)
        await deliver()
    found = await endpoint(served)
    assert found["failed"] + found["pending"] == len(wells)
    assert found["failed"] >= len(wells) - OPENS_AFTER


async def test_dead_letters_are_redelivered_under_their_identifiers(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    await subscribe(served, receiver.url)
    receiver.answers = [410]
    alarm = change(connection, None, Severity.MINOR)
    change(connection, alarm, Severity.MAJOR)
    with worker(served, clock) as deliver:
        await deliver()
        clock.time += LATER
        await deliver()
        await endpoints.change_endpoint(served, 1, EndpointSettings(receiver.url))
        span = Span(since=clock.time - timedelta(hours=1))
        assert await deliveries.redeliver_span(served, 1, span, failed_only=True, limit=1) == [1]
        assert await deliveries.redeliver_span(served, 1, span, failed_only=True, limit=9) == [2]
        assert await deliveries.redeliver_span(served, 1, span, failed_only=True, limit=9) == []
        assert await deliver() == 2
    assert receiver.ids == ["evt_1", "evt_1", "evt_2"]
    assert await states(served) == ["delivered", "delivered"]


async def test_a_new_endpoint_can_catch_up_on_what_it_wants_from_before(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    alarm = change(connection, None, Severity.MINOR)
    alarm = change(connection, alarm, Severity.MAJOR)
    change(connection, alarm, None)
    await subscribe(served, receiver.url, events=["raised", "returned"])
    span = Span(since=SystemClock().now() - timedelta(hours=1))
    assert await deliveries.redeliver_span(served, 1, span, failed_only=False, limit=9) == [1, 3]
    assert await deliveries.redeliver_span(served, 1, span, failed_only=False, limit=9) == []  # on their way
    with worker(served, SetClock()) as deliver:
        assert await deliver() == 2
    later = Span(since=SystemClock().now() + timedelta(hours=1))
    assert await deliveries.redeliver_span(served, 1, later, failed_only=False, limit=9) == []
    assert await deliveries.redeliver_span(served, 1, span, failed_only=False, limit=9) == [1, 3]


async def test_an_outcome_counts_once_and_only_for_the_attempt_it_belongs_to(
    connection: Connection, served: Database
) -> None:
    clock = SetClock()
    await subscribe(served, "https://receiver.example")
    change(connection, None, Severity.MINOR)
    claims = []
    for _ in range(2):
        async with deliveries.turn(served) as turn:
            await turn.admit(clock.time, limit=9)
            claims += await turn.claim(clock.time, lease=LATER, places=4, busy={}, limit=9)
        clock.time += 2 * LATER
    stale, fresh = (
        deliveries.Outcome(1, due.outbox_id, due.attempts, state, at, clock.time, 1.0, status, None, None)
        for due, state, at, status in zip(claims, ("pending", "delivered"), (clock.time, None), (500, 204), strict=True)
    )
    for outcome in (stale, fresh, fresh, stale):
        async with deliveries.turn(served) as turn:
            await turn.settle([outcome], clock.time)
    assert await states(served) == ["delivered"]
    assert [row["status"] for row in await log_of(served)] == [204]
    assert (await endpoint(served))["delivered"] == 1


def _drip(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(100_000)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x-slow: 1\r\n" * 1000:
        connection.sendall(bytes([byte]))
        if ended.wait(0.2):
            return


def _drip_body(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(100_000)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while not ended.wait(0.2):
        connection.sendall(b"x")


def _hang(connection: socket.socket, ended: threading.Event) -> None:
    ended.wait(60)


def _close_early(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(10)


def _huge(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(100_000)
    connection.sendall(b"HTTP/1.1 500 Oh\r\ncontent-length: 100000000000\r\n\r\n")
    while not ended.is_set():
        connection.sendall(b"x" * 65536)


def _huge_headers(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(100_000)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not ended.is_set():
        connection.sendall(b"x-more: " + b"x" * 60_000 + b"\r\n")


def _noise(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(100_000)
    connection.sendall(bytes(range(256)) * 20)


def _redirect_loop(connection: socket.socket, ended: threading.Event) -> None:
    while connection.recv(100_000):
        connection.sendall(b"HTTP/1.1 307 Again\r\nlocation: /hook\r\ncontent-length: 0\r\n\r\n")


def _nul_and_rubbish(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(100_000)
    connection.sendall(b"HTTP/1.1 500 Oh\r\nretry-after: soon\r\ncontent-length: 5\r\n\r\n\0\xff\xfe\0x")


MISBEHAVIOUR = {
    "drips headers": (_drip, None, "no answer within"),
    "drips a body": (_drip_body, 200, None),
    "hangs": (_hang, None, "no answer within"),
    "closes early": (_close_early, None, "Error"),
    "answers without end": (_huge, 500, "HTTP status 500"),
    "sends headers without end": (_huge_headers, None, "Error"),
    "talks noise": (_noise, None, "Error"),
    "redirects": (_redirect_loop, 307, "HTTP status 307"),
    "answers with NUL": (_nul_and_rubbish, 500, "HTTP status 500"),
}


async def test_receivers_that_misbehave_hold_up_nobody_else(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    """The good receiver has its message while the bad ones still keep the worker busy."""
    clock = SetClock()
    with ExitStack() as stack:
        for behave, _, _ in MISBEHAVIOUR.values():
            for _ in range(3):
                await subscribe(served, stack.enter_context(misbehaving(behave)))
        secret = await subscribe(served, receiver.url)
        change(connection, None, Severity.MAJOR)
        async with Sender(LOOPBACK, timeout=2, tls=httpx.create_ssl_context()) as sender:
            rng = np.random.default_rng(1)
            assert await Worker(served, sender, clock=clock, rng=rng, places=4).deliver_due() == 28
        found = await endpoints.endpoints(served, dict[str, Any])
        for name, (_, status, error) in MISBEHAVIOUR.items():
            for _ in range(3):
                (row,) = await log_of(served, found.pop(0)["endpoint_id"])
                assert row["status"] == status, (name, row)
                assert (error or "") in (row["error"] or ""), (name, row)
                assert row["duration_ms"] < 10_000, (name, row)
        (good,) = await log_of(served, 28)
        hanging = [row for number in range(7, 10) for row in await log_of(served, number)]
        assert good["latency_ms"] < min(row["latency_ms"] for row in hanging)
    assert len(receiver.messages(secret)) == 1


async def test_both_secrets_sign_while_one_replaces_the_other(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    clock = SetClock()
    old, new = await subscribe(served, receiver.url), new_secret()
    until = clock.time + timedelta(hours=1)
    await endpoints.rotate_secret(served, 1, secret=new, public_key=None, previous_until=until)
    change(connection, None, Severity.MINOR, "well-001")
    with worker(served, clock) as deliver:
        await deliver()
        assert receiver.messages(old) == receiver.messages(new) != []
        receiver.got.clear()
        clock.time = until + LATER
        change(connection, None, Severity.MINOR, "well-002")
        await deliver()
    (headers, _) = receiver.got[0]
    assert headers["webhook-signature"].count("v1,") == 1


async def test_each_shape_arrives_as_its_receiver_expects_it(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    change(connection, None, Severity.MAJOR)
    for shape in Shape:
        await subscribe(served, receiver.url, shape=shape, routing_key="R" * 32)
    span = Span(since=SystemClock().now() - timedelta(hours=1))
    with worker(served, SetClock()) as deliver:
        for number, _ in enumerate(Shape, 1):  # one after the other, so that they arrive in order
            await deliveries.redeliver_span(served, number, span, failed_only=False, limit=9)
            assert await deliver() == 1
    got = dict(zip(Shape, receiver.got, strict=True))
    for shape in (Shape.CLOUDEVENTS, Shape.CLOUDEVENTS_BINARY):
        event = from_http_event(HTTPMessage(*got[shape]))
        assert (event.get_id(), event.get_type()) == ("evt_1", "citywatch.alarm.raised")
        data = event.get_data()
        assert isinstance(data, dict)
        assert data["severity"] == 3
    assert json.loads(got[Shape.ALERTMANAGER][1])["alerts"][0]["labels"]["severity"] == "major"
    assert json.loads(got[Shape.PAGERDUTY][1])["payload"]["severity"] == "error"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


async def test_an_event_that_does_not_fit_its_shape_harms_no_other(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    await subscribe(served, receiver.url, shape="alertmanager")
    change(connection, None, Severity.MAJOR, "well-001")
    change(connection, None, Severity.MAJOR, "well-002")
    change(connection, None, Severity.MAJOR, "well-003")
    connection.execute("UPDATE outbox SET data = data - 'rule' WHERE outbox_id = 1")
    connection.execute(
        "UPDATE outbox SET data = jsonb_set(data, '{message,en}', to_jsonb(repeat('x', 300000))) WHERE outbox_id = 2"
    )
    with worker(served, SetClock()) as deliver:
        assert await deliver() == 3
    assert await states(served) == ["failed", "failed", "delivered"]
    errors = sorted(row["error"] or "" for row in await log_of(served))
    assert [error.split(" has")[0][:40] for error in errors] == [
        "",
        "the body",
        "the event does not fit the shape alertma",
    ]
    assert (await endpoint(served))["failures"] == 0, "not the endpoint's fault"


async def test_names_are_judged_when_they_are_connected_to(
    connection: Connection, served: Database, receiver: Receiver
) -> None:
    """The API cannot know where a name leads; a request for it never reaches the receiver on this machine."""
    await subscribe(served, receiver.url.replace("127.0.0.1", "localhost"))
    change(connection, None, Severity.MAJOR)
    async with Sender(AddressRules(), timeout=5, tls=httpx.create_ssl_context()) as sender:
        rng = np.random.default_rng(1)
        assert await Worker(served, sender, clock=SetClock(), rng=rng, places=4).deliver_due() == 1
    assert receiver.got == []
    (row,) = await log_of(served)
    assert "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS" in row["error"]


async def test_certificates_are_verified() -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    rules = AddressRules((ip_network("127.0.0.0/8"), ip_network("::1/128")))
    with receiving(server) as receiver:
        for trusted, host, is_taken in (
            (authority, "localhost", True),
            (stranger, "localhost", False),
            (authority, "127.0.0.1", False),  # not the name in the certificate
        ):
            context = ssl.create_default_context()
            trusted.configure_trust(context)
            async with Sender(rules, timeout=5, tls=context) as sender:
                answer = await sender.post(receiver.url.replace("localhost", host), {}, b"{}")
            assert answer.is_success == is_taken, answer
            assert is_taken or "CERTIFICATE_VERIFY_FAILED" in (answer.error or "")
        assert len(receiver.got) == 1
