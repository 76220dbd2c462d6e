"""Waveform blocks: stored once in the transaction of their batch, read through the API, taken in from a broker."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.clock import SystemClock, to_micros
from citywatch.model.identifiers import DatastreamId
from citywatch.model.observations import Account, Batch, Observations, Outcome
from citywatch.model.quality import Flag
from citywatch.model.waveforms import Waveform
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.wire.senml import CONTENT_TYPE as SENML
from citywatch.wire.senml import SenmlRecord, encode_senml
from citywatch.wire.waveform import CONTENT_TYPE, encode_waveform
from tests.support.api import api_client
from tests.support.processes import running
from tests.support.servers import DatabaseServer
from tests.support.waiting import wait_until
from tests.support.waveforms import WAVE_TOPIC, register_accelerometer, sine_block

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEDGER = "SELECT sum(received), sum(stored), sum(duplicate), sum(conflict), sum(rejected) FROM ledger"


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


def waveform(second: float, values: Sequence[float], *, stream: int = 1, rate: float = 100.0) -> Waveform:
    start = to_micros(NOW + timedelta(seconds=second))
    return Waveform(DatastreamId(stream), start, start, rate, np.array(values, dtype=np.float32))


def batch_of(*waveforms: Waveform) -> Batch:
    none = np.empty(0, dtype=np.int64)
    observations = Observations(none.astype(np.int32), none, none, none.astype(np.float64), none.astype(np.int16))
    count = len(waveforms)
    return Batch(
        observations,
        np.empty(0, dtype=np.int32),
        [Account(NOW, "hanyang/bridge", count, count, 0)],
        [],
        [],
        waveforms,
        np.zeros(count, dtype=np.int32),
        np.full(count, Flag.PASS, dtype=np.int16),
    )


def numbers(connection: Connection, query: str) -> tuple[int, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(int(value or 0) for value in row)


def test_a_block_is_stored_once_and_the_first_content_stays(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    first = writer.write(batch_of(waveform(1, [1, 2]), waveform(0, [0, 0.5]), waveform(1, [1, 2]), waveform(1, [1, 3])))
    assert first.waveform_outcome.tolist() == [Outcome.STORED, Outcome.STORED, Outcome.DUPLICATE, Outcome.CONFLICT]
    again = writer.write(
        batch_of(
            waveform(1, [1, 2]), waveform(0, [9]), waveform(1, [1, 2], rate=50), waveform(2, [5]), waveform(2, [5])
        )
    )
    assert again.waveform_outcome.tolist() == [
        Outcome.DUPLICATE, Outcome.CONFLICT, Outcome.CONFLICT, Outcome.STORED, Outcome.DUPLICATE,
    ]  # fmt: skip
    stored = connection.execute("SELECT samples, values FROM waveform_block ORDER BY start_time").fetchall()
    assert [np.frombuffer(values, "<f4").tolist() for _, values in stored] == [[0.0, 0.5], [1.0, 2.0], [5.0]]
    assert [samples for samples, _ in stored] == [2, 2, 1]
    assert numbers(connection, LEDGER) == (9, 3, 3, 3, 0)
    kept = connection.execute("SELECT batch_no, values FROM waveform_conflict ORDER BY waveform_conflict_id").fetchall()
    assert [(number, np.frombuffer(values, "<f4").tolist()) for number, values in kept] == [
        (1, [1.0, 3.0]), (2, [9.0]), (2, [1.0, 2.0]),
    ]  # fmt: skip


def test_blocks_of_many_days_find_their_partitions(connection: Connection) -> None:
    days = [waveform(-86_400.0 * day, [day]) for day in range(0, 1000, 100)]
    report = BatchWriter(connection, ingester="test").write(batch_of(*days))
    assert set(report.waveform_outcome.tolist()) == {Outcome.STORED}
    assert numbers(connection, "SELECT count(*) FROM waveform_block") == (10,)


def test_values_are_stored_uncompressed_outside_the_row(any_server: DatabaseServer) -> None:
    database = any_server.fresh("demo")
    with connect(database, process="test") as connection:
        BatchWriter(connection, ingester="test").write(batch_of(waveform(0, [1.0] * 1000)))
        kinds = connection.execute(
            "SELECT DISTINCT attstorage FROM pg_attribute JOIN pg_class ON attrelid = oid"
            " WHERE attname = 'values' AND (relname LIKE 'waveform_block%' OR relname LIKE '_hyper_%')"
        ).fetchall()
    assert kinds == [("e",)]
    any_server.drop(database)


async def test_the_api_hands_blocks_out_in_pages(database: str) -> None:
    stream = register_accelerometer(database)
    with connect(database, process="test") as connection:
        BatchWriter(connection, ingester="test").write(
            batch_of(*(waveform(second, [second, 0.25], stream=stream) for second in range(5)))
        )
    begin, end = NOW, NOW + timedelta(seconds=4)
    seen: list[dict[str, Any]] = []
    async with api_client(database) as client:
        path = f"/datastreams/{stream}/waveforms"
        query = {"begin": begin.isoformat(), "end": end.isoformat(), "limit": "3"}
        while query["begin"]:
            answer = await client.get(path, params=query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert page["unit"] == "m/s2"
            seen += page["items"]
            query["begin"] = page["next"]
        backwards = await client.get(path, params={"begin": end.isoformat(), "end": begin.isoformat()})
        missing = await client.get("/datastreams/999999/waveforms")
    assert [block["values"] for block in seen] == [[float(second), 0.25] for second in range(4)]
    assert {(block["sampling_rate_hz"], block["quality"]) for block in seen} == {(100.0, 1)}
    assert [datetime.fromisoformat(block["start_time"]) for block in seen] == [
        NOW + timedelta(seconds=second) for second in range(4)
    ]
    assert (backwards.status_code, missing.status_code) == (422, 404)


def test_blocks_come_in_over_mqtt_and_are_accounted_for(database: str, broker: BrokerAddress, tmp_path: Path) -> None:
    register_accelerometer(database)
    settings = {
        "CITYWATCH_DATABASE_URL": database,
        "CITYWATCH_BROKER_URL": str(broker),
        "CITYWATCH_INGEST_INSTANCE": f"test-{uuid.uuid4().hex[:12]}",
        "CITYWATCH_INGEST_BEAT": "0.5",
    }
    start = float(int(SystemClock().now().timestamp())) - 100
    far = encode_waveform(sine_block(start + 10_000))
    with (
        connect(database, process="test") as connection,
        closing(Network()) as network,
        running("ingest", settings, tmp_path / "ingest.log"),
    ):
        wait_until(lambda: numbers(connection, "SELECT count(*) FROM batch")[0] > 0, what="ingest to live")
        publisher = Publisher(network, broker, client_id=f"pub-{uuid.uuid4().hex[:8]}")
        publisher.open()
        for number in range(50):
            payload = encode_waveform(sine_block(start + number), dtype="<i2", scale=0.0001)
            publisher.publish(WAVE_TOPIC, payload, content_type=CONTENT_TYPE)
        publisher.publish(WAVE_TOPIC, encode_waveform(sine_block(start), dtype="<i2", scale=0.0001))  # once more
        publisher.publish(WAVE_TOPIC, encode_waveform(sine_block(start, amplitude=1.0)))  # something else
        publisher.publish(WAVE_TOPIC, far)
        publisher.publish(WAVE_TOPIC, b"\xa1\x61x\x01")
        reading = encode_senml([SenmlRecord(n="acceleration", t=start, v=1.0)])
        publisher.publish(WAVE_TOPIC.replace("/wave", "/senml"), reading, content_type=SENML)
        publisher.flush()
        wait_until(lambda: numbers(connection, LEDGER)[0] == 55, what="everything to be accounted for")
        publisher.close()
        assert numbers(connection, LEDGER) == (55, 50, 1, 1, 3)
        assert numbers(connection, "SELECT count(*), sum(samples) FROM waveform_block") == (50, 5000)
        reasons = connection.execute("SELECT reason FROM dead_letter ORDER BY dead_letter_id").fetchall()
    assert [reason for (reason,) in reasons] == ["time_in_future", "wrong_type", "wrong_type"]
