"""Observations as files: whole, in order, exact, on both engines."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import nanoarrow  # type: ignore[import-untyped]
import numpy as np
import pytest

from citywatch.clock import to_micros
from citywatch.model.observations import Account, Batch, Observations
from citywatch.storage.connection import connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.serving.database import Database
from citywatch.storage.serving.export import observation_chunks
from tests.support.api import api_client

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
COUNT = 45_001  # three chunks
DAY = {"begin": (NOW - timedelta(days=1)).isoformat(), "end": (NOW + timedelta(seconds=1)).isoformat()}


class FixedClock:
    """Always NOW."""

    def now(self) -> datetime:
        return NOW


def rows() -> Observations:
    """Return observations of the first datastream, a second apart up to NOW, odd numbers and a peak among them."""
    rng = np.random.default_rng(20261120)
    result = np.round(rng.normal(100, 5, COUNT), 3)
    result[[3, 5, 7]] = [1e-300, -0.1, 1 / 3]
    result[30_000] = 500.0
    micros = to_micros(NOW) - np.arange(COUNT)[::-1].astype(np.int64) * 1_000_000
    quality = np.where(np.arange(COUNT) % 100 == 4, 3, 1).astype(np.int16)
    return Observations(np.ones(COUNT, dtype=np.int32), micros, micros + 250_001, result, quality)


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    stored = rows()
    account = Account(NOW, "hanyang/bridge", 1, COUNT, 0)
    with connect(database, process="test") as connection:
        batch = Batch(stored, np.zeros(COUNT, dtype=np.int32), [account], [], [])
        BatchWriter(connection, ingester="test").write(batch)
    async with api_client(database, FixedClock()) as opened:
        yield opened


async def test_a_file_holds_every_observation_exactly(client: httpx.AsyncClient) -> None:
    stored = rows()
    answer = await client.get("/datastreams/1/observations.csv", params=DAY)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="yangtze-1.strain-1.strain.csv"' in answer.headers["content-disposition"]
    head, *lines = csv.reader(io.StringIO(answer.text, newline=""))
    assert head == ["phenomenon_time", "received_time", "result", "unit", "quality"]
    assert [float(line[2]) for line in lines] == stored.result.tolist()
    assert [to_micros(datetime.fromisoformat(line[0])) for line in lines] == stored.phenomenon_time.tolist()
    assert [to_micros(datetime.fromisoformat(line[1])) for line in lines] == stored.received_time.tolist()
    assert {line[3] for line in lines} == {"um/m"}
    assert [int(line[4]) for line in lines] == stored.quality.tolist()

    answer = await client.get("/datastreams/1/observations.arrow", params=DAY)
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    table = nanoarrow.ArrayStream.from_readable(io.BytesIO(answer.content)).read_all()
    assert dict(table.schema.metadata.items()) == {b"unit": b"um/m"}
    found = {field.name: column for field, column in zip(table.schema.fields, table.iter_children(), strict=True)}
    assert found["result"].to_pylist() == stored.result.tolist()
    assert found["quality"].to_pylist() == stored.quality.tolist()
    assert [to_micros(time) for time in found["phenomenon_time"].to_pylist()] == stored.phenomenon_time.tolist()
    assert [to_micros(time) for time in found["received_time"].to_pylist()] == stored.received_time.tolist()


async def test_a_chart_gets_the_points_it_asks_for_and_its_peaks(client: httpx.AsyncClient) -> None:
    answer = await client.get("/datastreams/1/observations.csv", params={**DAY, "points": "800"})
    values = [float(line["result"]) for line in csv.DictReader(io.StringIO(answer.text))]
    assert len(values) == 800
    assert max(values) == 500.0
    assert (values[0], values[-1]) == (rows().result[0], rows().result[-1])
    few = {**DAY, "begin": (NOW - timedelta(seconds=9)).isoformat(), "points": "800"}
    answer = await client.get("/datastreams/1/observations.csv", params=few)
    assert len(answer.text.splitlines()) == 1 + 10


async def test_a_file_without_observations_is_still_a_file(client: httpx.AsyncClient) -> None:
    span = {"begin": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    for points in ({}, {"points": "10"}):
        answer = await client.get("/datastreams/1/observations.csv", params=span | points)
        assert answer.text == "phenomenon_time,received_time,result,unit,quality\r\n"
        answer = await client.get("/datastreams/1/observations.arrow", params=span | points)
        assert len(nanoarrow.ArrayStream.from_readable(io.BytesIO(answer.content)).read_all()) == 0


async def test_chunks_meet_without_gap_whatever_their_size(database: str, client: httpx.AsyncClient) -> None:
    opened = Database(database, process="test", connections=1)
    await opened.open()
    try:
        for size in (1, 7, 10, 11):
            begin, end = NOW - timedelta(seconds=9), NOW + timedelta(microseconds=1)
            chunks = [chunk async for chunk in observation_chunks(opened, 1, begin=begin, end=end, rows=size)]
            assert np.concatenate([chunk.result for chunk in chunks]).tolist() == rows().result[-10:].tolist()
            assert [len(chunk) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)
    finally:
        await opened.close()


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/datastreams/999999/observations.csv", 404, "999999"),
        ("/datastreams/1/observations.arrow?points=2", 422, "points"),
        ("/datastreams/1/observations.csv?begin=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", 422, "not before"),
        ("/datastreams/1/observations.csv?end=0001-01-01T00:00:00Z", 422, "too far away"),
        ("/datastreams/1/observations.parquet", 404, "Not Found"),
    ],
)
async def test_faults_have_a_status(client: httpx.AsyncClient, path: str, status: int, says: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert says in answer.json()["detail"]
