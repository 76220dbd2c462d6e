"""Ingest on a real broker and a real database: nothing accepted is lost or doubled, everything is accounted for."""

import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.clock import SystemClock
from citywatch.storage.connection import connect
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from tests.support.hostile import hostile_corpus
from tests.support.processes import running, start
from tests.support.servers import postgres_server
from tests.support.waiting import wait_until

TOPIC = "citywatch/v1/hanyang/bridge/yangtze-1/strain-1/senml"
NOW = SystemClock().now().timestamp()
Environment = Callable[..., Mapping[str, str]]


@pytest.fixture
def environment() -> Environment:
    """Settings of an ingester of its own for each test."""
    instance = f"test-{uuid.uuid4().hex[:12]}"

    def settings(database: str, broker: BrokerAddress, **more: str) -> Mapping[str, str]:
        return {
            "CITYWATCH_DATABASE_URL": database,
            "CITYWATCH_BROKER_URL": str(broker),
            "CITYWATCH_INGEST_INSTANCE": instance,
            "CITYWATCH_INGEST_BEAT": "0.5",
            **more,
        }

    return settings


@pytest.fixture
def publisher(any_broker: BrokerAddress) -> Iterator[Publisher]:
    with closing(Network()) as network:
        opened = Publisher(network, any_broker, client_id=f"pub-{uuid.uuid4().hex[:8]}")
        opened.open()
        yield opened
        opened.close()


def pack(begin: float, count: int) -> bytes:
    """Return a pack of readings 10 ms apart, each with a value of its own."""
    return encode_senml(
        [SenmlRecord(bt=begin, n="strain", u="um/m", v=0.0)]
        + [SenmlRecord(n="strain", u="um/m", t=0.01 * i, v=float(i)) for i in range(1, count)]
    )


def one(database: str, query: str) -> tuple[int, ...]:
    with connect(database, process="test") as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(int(value or 0) for value in row)


def ledger(database: str) -> tuple[int, ...]:
    return one(database, "SELECT sum(received), sum(stored), sum(duplicate), sum(conflict), sum(rejected) FROM ledger")


def has_grown(database: str, before: int) -> bool:
    return ledger(database)[0] > before


def wait_for_subscription(database: str, child: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until ingest lives: the first beat is written after it has subscribed."""

    def lives() -> bool:
        assert child.poll() is None, log.read_text()
        return one(database, "SELECT count(*) FROM batch")[0] > 0

    wait_until(lives, what="the first batch of ingest")


def test_good_messages_are_stored_between_all_the_bad_ones(
    database: str, any_broker: BrokerAddress, publisher: Publisher, environment: Environment, tmp_path: Path
) -> None:
    corpus = hostile_corpus(NOW)
    log = tmp_path / "ingest.log"
    with running("ingest", environment(database, any_broker), log) as child:
        wait_for_subscription(database, child, log)
        for number, hostile in enumerate(corpus):
            publisher.publish(TOPIC, hostile.payload, content_type=hostile.content_type)
            good = SenmlRecord(n="strain", u="um/m", t=NOW - 1000 + number, v=float(number))
            publisher.publish(TOPIC, encode_senml([good]), content_type=CONTENT_TYPE)
        publisher.publish("citywatch/v1/lost", b"x")
        publisher.flush()
        bad = sum(hostile.readings for hostile in corpus) + 1
        wait_until(lambda: ledger(database)[0] >= bad + len(corpus), what="everything to be accounted for")
    assert ledger(database) == (bad + len(corpus), len(corpus), 0, 0, bad)
    with connect(database, process="test") as connection:
        stored = connection.execute("SELECT result FROM observation ORDER BY phenomenon_time").fetchall()
        letters = connection.execute(
            "SELECT reason, payload_size, length(payload) FROM dead_letter ORDER BY dead_letter_id"
        ).fetchall()
    assert [value for (value,) in stored] == [float(number) for number in range(len(corpus))]
    assert [reason for reason, _, _ in letters] == [hostile.reason.value for hostile in corpus] + ["unknown_topic"]
    assert max(size for _, size, _ in letters) == 10_000_002
    assert max(kept for _, _, kept in letters) == 1_048_576


def test_kill_9_in_the_middle_loses_and_doubles_nothing(
    database: str, any_broker: BrokerAddress, publisher: Publisher, environment: Environment, tmp_path: Path
) -> None:
    settings = environment(database, any_broker, CITYWATCH_INGEST_WINDOW="200", CITYWATCH_INGEST_BATCH_MESSAGES="50")
    log, packs, size, begin = tmp_path / "ingest.log", 1500, 20, NOW - 40_000
    child = start("ingest", settings, log)
    try:
        wait_for_subscription(database, child, log)
        for first in range(0, packs, 300):
            before = ledger(database)[0]
            for number in range(first, first + 300):
                publisher.publish(TOPIC, pack(begin + number, size), content_type=CONTENT_TYPE)
            publisher.flush()
            wait_until(partial(has_grown, database, before), what="ingest to be at work")
            child.send_signal(signal.SIGKILL)
            child.wait()
            child = start("ingest", settings, log)
        wait_until(lambda: one(database, "SELECT count(*) FROM observation")[0] >= packs * size, what="all rows")
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
    finally:
        child.kill()
        child.wait()
    received, stored, duplicate, conflict, rejected = ledger(database)
    assert stored == packs * size == one(database, "SELECT count(*) FROM observation")[0]
    assert (conflict, rejected) == (0, 0)
    assert received == stored + duplicate
    numbers = one(database, "SELECT min(batch_no), max(batch_no), count(*) FROM batch")
    assert numbers[1] == numbers[2], "batch numbers have no gaps"
    assert one(database, "SELECT sum(rows) FROM batch")[0] == stored


def test_messages_wait_while_the_database_is_away(
    server_folder: Path, any_broker: BrokerAddress, publisher: Publisher, environment: Environment, tmp_path: Path
) -> None:
    folder, log = server_folder / f"outage-{uuid.uuid4().hex[:8]}", tmp_path / "ingest.log"
    with postgres_server(folder) as server:
        database = server.fresh("demo")
        child = start("ingest", environment(database, any_broker), log)
        wait_for_subscription(database, child, log)
    try:
        begin = NOW - 1000
        for number in range(100):
            publisher.publish(TOPIC, pack(begin + number, 10), content_type=CONTENT_TYPE)
        publisher.flush()
        wait_until(lambda: "database away" in log.read_text(), what="ingest to notice the outage")
        assert child.poll() is None
        with postgres_server(folder):
            wait_until(lambda: one(database, "SELECT count(*) FROM observation")[0] == 1000, what="all rows")
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == 0
            assert ledger(database)[1:] == (1000, 0, 0, 0)
    finally:
        child.kill()
        child.wait()


def test_a_new_sensor_is_accepted_as_soon_as_it_is_registered(
    plain_database: str, any_broker: BrokerAddress, publisher: Publisher, environment: Environment, tmp_path: Path
) -> None:
    log, topic = tmp_path / "ingest.log", TOPIC.replace("strain-1", "strain-9")
    with running("ingest", environment(plain_database, any_broker), log) as child:
        wait_for_subscription(plain_database, child, log)
        publisher.publish(topic, pack(NOW, 1), content_type=CONTENT_TYPE)
        publisher.flush()
        wait_until(lambda: ledger(plain_database)[4] == 1, what="the unknown sensor to be rejected")
        with connect(plain_database, process="test") as connection:
            connection.execute(
                "INSERT INTO sensor SELECT asset_id, 'strain-9', model_id, model_name_en, model_name_zh"
                " FROM sensor WHERE asset_id = 'yangtze-1' AND sensor_id = 'strain-1'"
            )
            connection.execute(
                "INSERT INTO datastream (asset_id, sensor_id, property_id, unit, expected_interval, sampling, span_low,"
                " span_high, plausible_low, plausible_high, resolution, limits)"
                " SELECT asset_id, 'strain-9', property_id, unit, expected_interval, sampling, span_low, span_high,"
                " plausible_low, plausible_high, resolution, limits"
                " FROM datastream WHERE asset_id = 'yangtze-1' AND sensor_id = 'strain-1'"
            )
            connection.execute("NOTIFY citywatch_registry")

        def accepted() -> bool:
            publisher.publish(topic, pack(NOW + 1, 1), content_type=CONTENT_TYPE)
            publisher.flush()
            return ledger(plain_database)[1] > 0

        wait_until(accepted, what="the new sensor to be accepted")


def is_noted(database: str, state: str) -> bool:
    return one(database, f"SELECT count(*) FROM sensor_status WHERE sensor_id = 'strain-1' AND state = '{state}'") == (
        1,
    )


def test_births_and_deaths_of_devices_are_noted(
    plain_database: str, any_broker: BrokerAddress, publisher: Publisher, environment: Environment, tmp_path: Path
) -> None:
    log, topic = tmp_path / "ingest.log", TOPIC.replace("senml", "status")
    with running("ingest", environment(plain_database, any_broker), log) as child:
        wait_for_subscription(plain_database, child, log)
        for state in ("online", "offline"):
            publisher.publish(topic, f'{{"state":"{state}"}}'.encode(), retain=True)
            publisher.flush()
            wait_until(partial(is_noted, plain_database, state), what=f"{state} to be noted")
        publisher.publish(topic, b"", retain=True)
        publisher.flush()
