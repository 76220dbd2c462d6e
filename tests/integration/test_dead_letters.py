"""Dead letters: found, explained, driven again through broker and ingest, expired."""

import base64
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics.jobs import expire_dead_letters
from citywatch.broker import BrokerAddress, Network, Publisher, Subscriber
from citywatch.clock import SystemClock
from citywatch.errors import NotFound, Reason
from citywatch.model.dead_letters import LetterFilter, LetterState
from citywatch.model.identifiers import SensorId
from citywatch.redrive import RedriveReport, redrive
from citywatch.registry import load_city
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.dead_letters import read_letter, read_letter_events, read_letters, read_payload
from citywatch.storage.pipeline.registry import write_registry
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from tests.support.api import api_client
from tests.support.letters import dead_letter, write_letters
from tests.support.processes import running
from tests.support.waiting import wait_until

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KNOWN = "citywatch/v1/hanyang/bridge/yangtze-1/strain-1/senml"
UNKNOWN = KNOWN.replace("strain-1", "strain-9")


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


@pytest.fixture
def plain(plain_database: str) -> Iterator[Connection]:
    with connect(plain_database, process="test") as opened:
        yield opened


@pytest.fixture
def publisher(broker: BrokerAddress) -> Iterator[Publisher]:
    with closing(Network()) as network:
        opened = Publisher(network, broker, client_id=f"pub-{uuid.uuid4().hex[:8]}")
        opened.open()
        yield opened
        opened.close()


def citywatch(*arguments: str, database: str, broker: BrokerAddress | None = None) -> tuple[int, Any]:
    """Run the command with ``--json``; return exit code and answer."""
    environment = {**os.environ, "CITYWATCH_DATABASE_URL": database, "CITYWATCH_BROKER_URL": str(broker)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "dead-letters", *arguments, "--json"],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def settings(database: str, broker: BrokerAddress) -> Mapping[str, str]:
    return {
        "CITYWATCH_DATABASE_URL": database,
        "CITYWATCH_BROKER_URL": str(broker),
        "CITYWATCH_INGEST_INSTANCE": f"test-{uuid.uuid4().hex[:12]}",
        "CITYWATCH_INGEST_BEAT": "0.5",
    }


def ledger(connection: Connection) -> tuple[int, ...]:
    row = connection.execute(
        "SELECT sum(received)::int, sum(stored)::int, sum(duplicate)::int, sum(conflict)::int, sum(rejected)::int"
        " FROM ledger"
    ).fetchone()
    assert row is not None
    return tuple(number or 0 for number in row)


def known_datastreams(connection: Connection) -> int:
    """Return how many datastreams the running ingest knows, as it says itself."""
    row = connection.execute("SELECT details ->> 'datastreams' FROM process_health WHERE process = 'ingest'").fetchone()
    return 0 if row is None else int(row[0])


def register_strain_9(connection: Connection) -> None:
    """Seed the city again, with one more sensor in it."""
    registry = load_city("demo")
    twin = next(one for one in registry.sensors if (one.asset_id, one.sensor_id) == ("yangtze-1", "strain-1"))
    write_registry(
        connection, replace(registry, sensors=[*registry.sensors, replace(twin, sensor_id=SensorId("strain-9"))])
    )


def test_a_message_of_an_unknown_sensor_is_stored_once_it_is_registered_and_redriven(
    database: str, connection: Connection, broker: BrokerAddress, publisher: Publisher, tmp_path: Path
) -> None:
    begin = SystemClock().now().timestamp()
    payload = encode_senml([SenmlRecord(n="strain", u="um/m", t=begin + i, v=float(i)) for i in range(3)])
    mixed = encode_senml(
        [
            SenmlRecord(n="strain", u="um/m", t=begin, v=1.0),
            SenmlRecord(n="humour", u="um/m", t=begin, v=1.0),
            SenmlRecord(n="strain", u="um/m", t=begin + 9e8, v=1.0),
        ]
    )
    with running("ingest", settings(database, broker), tmp_path / "ingest.log"):
        wait_until(lambda: known_datastreams(connection) > 0, what="ingest")
        before = known_datastreams(connection)
        publisher.publish(UNKNOWN, payload, content_type=CONTENT_TYPE)
        publisher.publish(KNOWN, mixed, content_type=CONTENT_TYPE)
        publisher.flush()
        wait_until(lambda: ledger(connection)[0] == 4, what="both messages to be accounted for")
        assert ledger(connection) == (4, 1, 0, 0, 3)
        register_strain_9(connection)
        wait_until(lambda: known_datastreams(connection) > before, what="ingest to know the new sensor")

        code, planned = citywatch("redrive", "--all", "--dry-run", database=database, broker=broker)
        assert (code, planned["messages"], planned["letters"]) == (0, 2, 3)
        assert ledger(connection)[0] == 4, "a dry run publishes nothing"
        code, done = citywatch("redrive", "--all", "--actor", "li.wei", database=database, broker=broker)
        assert (code, done["messages"], done["letters"]) == (0, 2, 3)
        wait_until(lambda: ledger(connection)[0] == 10, what="both messages to come again")
    assert ledger(connection) == (10, 4, 1, 0, 5), "stored now; what was fine before is a duplicate"
    rows = connection.execute(
        "SELECT result FROM observation JOIN datastream USING (datastream_id) WHERE sensor_id = 'strain-9' ORDER BY 1"
    ).fetchall()
    assert [value for (value,) in rows] == [0.0, 1.0, 2.0]
    assert connection.execute(
        "SELECT count(*) FROM ledger WHERE received <> stored + duplicate + conflict + rejected"
    ).fetchone() == (0,)
    code, listed = citywatch("list", "--state", "open", database=database)
    assert {one["reason"] for one in listed} == {Reason.UNKNOWN_DATASTREAM, Reason.TIME_IN_FUTURE}
    assert len(listed) == 2, "what is still wrong came back once"
    code, shown = citywatch("show", "2", database=database)
    assert [(event["event"], event["actor"]) for event in shown["history"]] == [("redriven", "li.wei")]
    assert shown["came_back_as"] == [4, 5]
    assert base64.b64decode(shown["payload_base64"]) == mixed
    assert shown["decoded"]["count"] == 3


def drive(database: str, broker: BrokerAddress, chosen: LetterFilter, **more: Any) -> RedriveReport:
    return redrive(database, broker, chosen, actor="li.wei", clock=SystemClock(), **more)


@pytest.fixture
def receiver(broker: BrokerAddress) -> Iterator[Subscriber]:
    """Hears what is published, in the place of ingest."""
    with closing(Network()) as network:
        opened = Subscriber(
            network, broker, client_id=f"sub-{uuid.uuid4().hex[:8]}", filters=["citywatch/v1/#"], window=100,
            session_expiry=0, clock=SystemClock(),
        )  # fmt: skip
        opened.open()
        yield opened
        opened.close()


def take(receiver: Subscriber, count: int) -> list[tuple[str, bytes, str | None]]:
    """Wait for so many messages."""
    got: list[tuple[str, bytes, str | None]] = []

    def enough() -> bool:
        receiver._network.poll(0.05)
        got.extend((one.topic, one.payload, one.content_type) for one in receiver.take())
        return len(got) >= count

    wait_until(enough, what=f"{count} messages")
    return got


def test_a_message_goes_once_whatever_the_number_of_its_letters(
    plain_database: str, plain: Connection, broker: BrokerAddress, receiver: Subscriber
) -> None:
    twice = [dead_letter(NOW, payload=b"[1]", indices=(place,)) for place in (0, 1)]
    write_letters(plain, [*twice, dead_letter(NOW, payload=b"[2]"), dead_letter(NOW + timedelta(1), payload=b"[1]")])
    report = drive(plain_database, broker, LetterFilter(ids=(1,)))
    assert (report.messages, report.letters) == (1, 2), "its sibling is settled with it"
    report = drive(plain_database, broker, LetterFilter(reason="unknown_datastream"))
    assert (report.messages, report.letters) == (2, 2)
    assert take(receiver, 3) == [(UNKNOWN, payload, CONTENT_TYPE) for payload in (b"[1]", b"[2]", b"[1]")]
    assert drive(plain_database, broker, LetterFilter(reason="unknown_datastream")).letters == 0
    assert drive(plain_database, broker, LetterFilter(ids=(3,))).letters == 1, "a person may insist"


def test_what_cannot_be_redriven_stays_open_and_says_why(
    plain_database: str, plain: Connection, broker: BrokerAddress
) -> None:
    cut = dead_letter(NOW, reason=Reason.TOO_LARGE, payload=b"[1", size=1000)
    status = dead_letter(NOW, topic=KNOWN.replace("senml", "status"))
    write_letters(plain, [cut, status])
    code, report = citywatch("redrive", "1", "2", database=plain_database, broker=broker)
    assert (code, report["messages"], report["refused_letters"]) == (1, 0, 2)
    assert "only 2 of its 1000 bytes were kept" in report["refused"][0]["why"]
    assert {letter.state for letter in read_letters(plain, LetterFilter(), limit=9)} == {LetterState.OPEN}


def test_filters_choose_letters(database: str, connection: Connection, broker: BrokerAddress) -> None:
    other = "citywatch/v1/wuchang/gas/well-001/methane-1/senml"
    write_letters(
        connection,
        [
            dead_letter(NOW, topic=UNKNOWN, reason=Reason.EMPTY),
            dead_letter(NOW + timedelta(minutes=1), topic=other, reason=Reason.EMPTY),
            dead_letter(NOW + timedelta(minutes=2), topic=other, reason=Reason.NO_VALUE),
        ],
    )

    def chosen(**wanted: Any) -> list[int]:
        return [one.dead_letter_id for one in read_letters(connection, LetterFilter(**wanted), limit=9)]

    assert chosen() == [3, 2, 1]
    assert chosen(reason="empty") == [2, 1]
    assert chosen(topic="citywatch/v1/wuchang/gas/#") == [3, 2]
    assert chosen(topic="citywatch/v1/+/bridge/#") == [1]
    assert chosen(since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=2)) == [2]
    assert chosen(state=LetterState.REDRIVEN) == []
    report = drive(database, broker, LetterFilter(since=NOW), limit=2)
    assert (report.letters, report.is_complete) == (2, False)
    assert chosen(state=LetterState.OPEN) == [3], "the oldest go first"


def test_expiry_drops_the_bytes_and_keeps_the_record(database: str, connection: Connection) -> None:
    write_letters(connection, [dead_letter(NOW - timedelta(days=age), payload=bytes([age])) for age in (40, 31, 29)])
    assert expire_dead_letters(connection, at=NOW, keep=timedelta(days=30)) == 2
    assert expire_dead_letters(connection, at=NOW, keep=timedelta(days=30)) == 0
    assert [read_payload(connection, number) for number in (1, 2, 3)] == [b"", b"", bytes([29])]
    letter = read_letter(connection, 1)
    assert (letter.state, letter.kept, letter.payload_size) == (LetterState.EXPIRED, 0, 1)
    (event,) = read_letter_events(connection, 1)
    assert (event.event, event.actor, event.at) == ("expired", "analytics", NOW)
    assert ledger(connection) == (3, 0, 0, 0, 3)
    code, report = citywatch("expire", "--older-than", "1", "--dry-run", database=database)
    assert (code, report["letters"]) == (0, 1)
    assert read_payload(connection, 3)


def test_a_letter_that_is_not_there(plain: Connection) -> None:
    with pytest.raises(NotFound, match="no dead letter 7"):
        read_payload(plain, 7)


@pytest.fixture
async def client(database: str, broker: BrokerAddress) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(database, broker=broker) as opened:
        yield opened


async def test_the_api_lists_shows_and_redrives(
    client: httpx.AsyncClient, connection: Connection, receiver: Subscriber
) -> None:
    good = encode_senml([SenmlRecord(n="strain", u="um/m", t=1.795e9, v=1.0)])
    write_letters(connection, [dead_letter(NOW, payload=good), dead_letter(NOW, payload=b"[\xff", reason=Reason.EMPTY)])
    page = (await client.get("/dead-letters", params={"limit": 1})).json()
    assert [one["dead_letter_id"] for one in page["items"]] == [2]
    rest = (await client.get("/dead-letters", params={"before": page["next"], "topic": "citywatch/v1/#"})).json()
    assert [one["dead_letter_id"] for one in rest["items"]] == [1]
    assert rest["next"] is None
    assert "citywatch seed" in rest["items"][0]["remedy"]
    broken = (await client.get("/dead-letters/2")).json()
    assert broken["payload_hex"].startswith("00000000  5b ff")
    assert base64.b64decode(broken["payload_base64"]) == b"[\xff"
    assert broken["decoding_trouble"]
    assert (await client.get("/dead-letters/3")).status_code == 404

    assert (await client.post("/dead-letters/redrive", json={"actor": "li.wei"})).status_code == 422
    answer = await client.post("/dead-letters/redrive", json={"actor": "li.wei", "ids": [1]})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "messages": 1, "letters": 1, "refused_letters": 0, "refused": [], "is_complete": True, "dry_run": False,
    }  # fmt: skip
    assert take(receiver, 1) == [(UNKNOWN, good, CONTENT_TYPE)]
    shown = (await client.get("/dead-letters/1")).json()
    assert (shown["state"], shown["history"][0]["actor"]) == ("redriven", "li.wei")
    assert shown["decoded"] == [{"name": "strain", "unit": "um/m", "time": 1.795e9, "value": 1.0}]


async def test_an_api_without_a_broker_says_so(plain_database: str) -> None:
    async with api_client(plain_database) as client:
        answer = await client.post("/dead-letters/redrive", json={"actor": "li.wei", "ids": [1]})
    assert answer.status_code == 503
    assert "CITYWATCH_BROKER_URL" in answer.json()["detail"]
