"""The delivery process: it delivers at once, ends in order, and survives what it cannot expect."""

import json
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from api.webhooks.signature import new_secret
from citywatch.clock import SystemClock
from citywatch.model.alarms import Anomaly, OpenAlarm, on_severity
from citywatch.model.identifiers import AssetId, DatastreamId, RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Severity
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.alarms import AlarmChange, write_change
from cli.embedded.children import spawn
from cli.embedded.ports import free_port
from tests.support.api import api_client
from tests.support.processes import running, start
from tests.support.receivers import Receiver, receiving
from tests.support.servers import REPOSITORY
from tests.support.waiting import wait_until

ALLOWED = '["127.0.0.0/8"]'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def connection(plain_database: str) -> Iterator[Connection]:
    with connect(plain_database, process="test") as opened:
        yield opened


def change(
    connection: Connection, alarm: OpenAlarm | None, severity: Severity | None, well: str = "well-001"
) -> OpenAlarm | None:
    """Let the methane of a valve well get better or worse."""
    now = SystemClock().now()
    anomaly = Anomaly(RuleId("methane-in-well"), AssetId(well), DatastreamId(1), severity, now, now, {"value": 23.0})
    transition = on_severity(alarm, severity)
    assert transition is not None
    with connection.transaction():
        return write_change(connection, AlarmChange(alarm, transition, anomaly, Name("Methane", "甲烷")), now)


def has_more_than(receiver: Receiver, count: int) -> bool:
    return len(receiver.got) > count


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def are_delivered(connection: Connection, times: int) -> bool:
    return connection.execute("SELECT delivered FROM endpoint").fetchone() == (times,)


def environment(database: str, timeout: str) -> dict[str, str]:
    return {
        "CITYWATCH_DATABASE_URL": database,
        "CITYWATCH_WEBHOOK_TIMEOUT": timeout,
        "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS": ALLOWED,
    }


async def test_it_delivers_at_once_and_finishes_what_is_under_way(
    plain_database: str, connection: Connection, receiver: Receiver, tmp_path: Path
) -> None:
    async with api_client(plain_database, webhook_networks=("127.0.0.0/8",)) as client:
        answer = await client.post("/webhooks", json={"url": receiver.url})
        assert answer.status_code == 201, answer.text
        secret = answer.json()["secret"]
        receiver.hold = threading.Event()
        with running("webhooks", environment(plain_database, "15"), tmp_path / "log") as child:
            change(connection, None, Severity.MAJOR)
            wait_until(lambda: receiver.got, what="the webhook")
            child.terminate()
            receiver.hold.set()
            assert child.wait(30) == 0
        (row,) = (await client.get("/webhooks/1/attempts")).json()["items"]
    assert (row["status"], row["state"], row["attempts"]) == (204, "delivered", 1)
    assert row["latency_ms"] >= row["duration_ms"]
    assert len(receiver.messages(secret)) == 1


async def test_a_test_event_arrives(plain_database: str, receiver: Receiver, tmp_path: Path) -> None:
    async with api_client(plain_database, webhook_networks=("127.0.0.0/8",)) as client:
        secret = (await client.post("/webhooks", json={"url": receiver.url, "min_severity": 4})).json()["secret"]
        with running("webhooks", environment(plain_database, "15"), tmp_path / "log"):
            sent = await client.post("/webhooks/1/test")
            assert sent.status_code == 202, sent.text
            wait_until(lambda: receiver.got, what="the test event")
    (message,) = receiver.messages(secret)
    assert (message["type"], message["data"]["event"]) == ("citywatch.test", "test")
    assert receiver.ids == [f"evt_{sent.json()['outbox_id']}"]


def test_the_receiver_of_the_documents_prints_each_event_once(
    plain_database: str, connection: Connection, tmp_path: Path
) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "receive-webhooks.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    secret, port, log = new_secret(), free_port(), tmp_path / "receiver.log"
    settings = {"WEBHOOK_SECRET": secret, "PORT": str(port), "SEEN": str(tmp_path / "seen.sqlite")}
    child = spawn([sys.executable, "-c", program], log=log, environment={**os.environ, **settings})
    try:
        wait_until(lambda: is_listening(port), what="the receiver")
        connection.execute("INSERT INTO endpoint (url, secret) VALUES (%s, %s)", (f"http://127.0.0.1:{port}/", secret))
        alarm = change(connection, None, Severity.MAJOR)
        change(connection, alarm, None)
        with running("webhooks", environment(plain_database, "15"), tmp_path / "log"):
            wait_until(partial(are_delivered, connection, 2), what="both events")
            connection.execute("UPDATE delivery SET state = 'queued'")
            wait_until(partial(are_delivered, connection, 4), what="both events again")
        forged = httpx.post(f"http://127.0.0.1:{port}/", content=b"{}", headers={"webhook-id": "evt_9"})
        assert forged.status_code == 400
    finally:
        child.terminate()
        child.wait()
    said = [line for line in log.read_text(encoding="utf-8").splitlines() if "well-001" in line]
    assert said == ["raised well-001 3 Methane", "returned well-001 3 Methane"]


def test_kill_9_loses_nothing_and_keeps_the_order_of_each_alarm(
    plain_database: str, connection: Connection, receiver: Receiver, tmp_path: Path
) -> None:
    """Kill it again and again while alarms go up and down; every event arrives, none before its predecessor did."""
    settings = environment(plain_database, "0.5")
    connection.execute("INSERT INTO endpoint (url, secret) VALUES (%s, %s)", (receiver.url, new_secret()))
    wells = [f"well-{number:03}" for number in range(1, 9)]
    open_alarms: dict[str, OpenAlarm | None] = dict.fromkeys(wells)
    for severity in (Severity.ADVISORY, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL):
        for well in wells:
            open_alarms[well] = change(connection, open_alarms[well], severity, well)
        before = len(receiver.got)
        child = start("webhooks", settings, tmp_path / "log")
        wait_until(partial(has_more_than, receiver, before), what="a webhook")
        child.kill()
        child.wait()
        connection.execute("UPDATE delivery SET taken_until = now() WHERE taken_until IS NOT NULL")  # leases are over
    with running("webhooks", settings, tmp_path / "log"):
        wait_until(
            lambda: (
                connection.execute("SELECT count(*) = 32 FROM delivery WHERE state = 'delivered'").fetchone() == (True,)
            ),
            what="delivery of everything",
        )
    first_seen: dict[str, dict[str, int]] = {}
    for place, (headers, body) in enumerate(receiver.got):
        asset = json.loads(body)["data"]["asset"]["asset_id"]
        first_seen.setdefault(asset, {}).setdefault(headers["webhook-id"], place)
    assert set(first_seen) == set(wells)
    for seen in first_seen.values():
        numbers = [int(name.removeprefix("evt_")) for name in seen]
        assert len(numbers) == 4
        assert all(earlier < later for earlier, later in pairwise(numbers)), numbers
