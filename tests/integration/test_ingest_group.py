"""Several ingesters share the messages by an MQTT 5 shared subscription: same ledger, nothing lost, nothing doubled."""

import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.clock import SystemClock
from citywatch.storage.connection import connect
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from cli.embedded.broker import BrokerKind, chosen_kind, embedded_broker, find_mosquitto
from cli.embedded.home import Home
from tests.support.processes import start
from tests.support.waiting import wait_until

TOPIC = "citywatch/v1/hanyang/bridge/yangtze-1/strain-1/senml"
PACKS, SIZE = 1200, 20
BEGIN = SystemClock().now().timestamp() - 40_000


@pytest.fixture(scope="module")
def mosquitto(server_folder: Path) -> Iterator[BrokerAddress]:
    """A broker with shared subscriptions."""
    if find_mosquitto() is None:
        pytest.skip("Mosquitto is not installed, and the fallback broker has no shared subscriptions")
    with embedded_broker(Home(server_folder / "group"), kind=chosen_kind(BrokerKind.MOSQUITTO), port=0) as address:
        yield address


def settings(database: str, broker: BrokerAddress, group: str, member: int) -> dict[str, str]:
    return {
        "CITYWATCH_DATABASE_URL": database,
        "CITYWATCH_BROKER_URL": str(broker),
        "CITYWATCH_INGEST_GROUP": group,
        "CITYWATCH_INGEST_INSTANCE": f"{group}-{member}",
        "CITYWATCH_INGEST_BEAT": "0.5",
        "CITYWATCH_INGEST_WINDOW": "100",
        "CITYWATCH_INGEST_BATCH_MESSAGES": "25",
    }


def pack(number: int) -> bytes:
    return encode_senml(
        SenmlRecord(n="strain", u="um/m", t=BEGIN + number + 0.01 * i, v=float(number * SIZE + i)) for i in range(SIZE)
    )


def end(children: "list[subprocess.Popen[bytes]]") -> None:
    for child in children:
        child.kill()
        child.wait()


def numbers(database: str, query: str) -> tuple[int, ...]:
    with connect(database, process="test") as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(int(value or 0) for value in row)


def shares(database: str) -> dict[str, int]:
    with connect(database, process="test") as connection:
        return dict(connection.execute("SELECT ingester, sum(messages)::int FROM batch GROUP BY 1").fetchall())


def stored_more_than(database: str, count: int) -> bool:
    return numbers(database, "SELECT count(*) FROM observation")[0] > count


def test_two_ingesters_share_and_one_of_them_is_killed_again_and_again(
    database: str, mosquitto: BrokerAddress, tmp_path: Path
) -> None:
    group = f"group-{uuid.uuid4().hex[:8]}"
    own = [settings(database, mosquitto, group, member) for member in (1, 2)]
    with ExitStack() as stack, closing(Network()) as network:
        children = [start("ingest", one, tmp_path / f"{number}.log") for number, one in enumerate(own)]
        stack.callback(end, children)
        wait_until(lambda: len(shares(database)) == 2, what="both ingesters to be at work")
        publisher = Publisher(network, mosquitto, client_id=f"pub-{group}")
        publisher.open()
        for first in range(0, PACKS, 300):
            before = numbers(database, "SELECT count(*) FROM observation")[0]
            for number in range(first, first + 300):
                publisher.publish(TOPIC, pack(number), content_type=CONTENT_TYPE)
            publisher.flush()
            wait_until(partial(stored_more_than, database, before), what="ingest to be at work")
            children[1].send_signal(signal.SIGKILL)
            children[1].wait()
            children[1] = start("ingest", own[1], tmp_path / "1.log")
        publisher.close()
        wait_until(partial(stored_more_than, database, PACKS * SIZE - 1), what="all rows", timeout=60)
        for child in children:
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == 0
    received, stored, duplicate, conflict, rejected = numbers(
        database, "SELECT sum(received), sum(stored), sum(duplicate), sum(conflict), sum(rejected) FROM ledger"
    )
    assert stored == PACKS * SIZE == numbers(database, "SELECT count(*) FROM observation")[0]
    assert (conflict, rejected) == (0, 0)
    assert received == stored + duplicate
    assert min(shares(database).values()) > 0, "each took its part"
    newest, rows = numbers(database, "SELECT max(batch_no), count(*) FROM batch")
    assert newest == rows, "batch numbers have no gaps, whoever committed"
