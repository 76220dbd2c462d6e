"""One suite for every storage level: the same inputs give the same rows, roll-ups, retention and answers."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from analytics.retention import remove_expired
from analytics.rollups import Rollups
from citywatch.clock import from_micros, to_micros
from citywatch.model.rollups import Resolution
from citywatch.storage.connection import Connection, connect
from citywatch.storage.inspect import count_compressed
from citywatch.storage.level import Level, detect_level
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.findings import write_findings
from tests.support.api import api_client
from tests.support.rollups import Value, batch_of, expected_rollups, stored_rollups
from tests.support.servers import DatabaseServer

ZONE = "Asia/Shanghai"
BEGIN = datetime(2026, 1, 5, 3, 20, tzinfo=UTC)
DAYS = 35
NOW = BEGIN + timedelta(days=DAYS)
STREAMS = (1, 200, 500, 790)  # of several systems


class FixedClock:
    """Always NOW."""

    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True)
class City:
    """A database with five weeks of four datastreams, and all values that were ever stored in it."""

    level: Level
    address: str
    values: list[Value]


def compress(connection: Connection) -> None:
    """Compress every chunk, as the policies would in the course of time; only the full edition can."""
    if detect_level(connection) is Level.TIMESCALEDB:
        for table in ("observation", "rollup_1min", "rollup_1h"):
            connection.execute(
                "SELECT compress_chunk(c, if_not_compressed => true) FROM show_chunks(%s::regclass) c", (table,)
            )
            compressed, others = count_compressed(connection, table, before=NOW + timedelta(days=365))
            assert (compressed > 0, others) == (True, 0)


def roll_up(connection: Connection, *, give_up_at: datetime | None = None) -> None:
    rollups = Rollups(connection, time_zone=ZONE)
    while rollups.step(rows=5000, give_up_at=give_up_at):
        pass
    rollups.make_city_hours(at=NOW - timedelta(hours=12), limit=500)
    connection.execute("SELECT pg_advisory_unlock_all()")


def fill(connection: Connection) -> list[Value]:
    """Write history, roll it up, compress it where that can be, then change it by late values and flags."""
    rng = np.random.default_rng(5)
    at = to_micros(BEGIN) + np.arange(int(timedelta(days=DAYS) / timedelta(minutes=5)), dtype=np.int64) * 300_000_000
    stored = {
        (stream, micros): Value(
            stream, micros, round(float(rng.normal(50, 20)), 2), int(rng.choice((1, 1, 1, 2, 3, 4)))
        )
        for stream in STREAMS
        for micros in at.tolist()
    }
    late = {key for key in stored if rng.random() < 0.02}
    writer = BatchWriter(connection, ingester="test")
    in_time = sorted((value for key, value in stored.items() if key not in late), key=lambda value: value.at)
    for place in range(0, len(in_time), 4000):
        writer.write(batch_of(in_time[place : place + 4000]))
    roll_up(connection)
    compress(connection)

    known = in_time[:50]
    again = [*known, *(value._replace(result=value.result + 1) for value in in_time[50:60])]
    writer.write(batch_of([*(stored[key] for key in sorted(late)), *again]))
    flagged = in_time[100:2000:19]
    with connection.transaction():
        write_findings(
            connection,
            datastream_ids=[value.datastream_id for value in flagged],
            times=[from_micros(value.at) for value in flagged],
            tests=[2] * len(flagged),
            flags=[4] * len(flagged),
        )
    stored |= {value[:2]: value._replace(quality=4) for value in flagged}
    roll_up(connection)
    return sorted(stored.values())


@pytest.fixture(scope="module")
def cities() -> Iterator[dict[Level, tuple[DatabaseServer, City]]]:
    """The city per level, made by whoever asks first."""
    made: dict[Level, tuple[DatabaseServer, City]] = {}
    yield made
    for server, city in made.values():
        server.drop(city.address)


@pytest.fixture
def city(every_level: DatabaseServer, cities: dict[Level, tuple[DatabaseServer, City]]) -> City:
    if every_level.level not in cities:
        address = every_level.fresh("demo")
        with connect(address, process="test") as connection:
            cities[every_level.level] = every_level, City(every_level.level, address, fill(connection))
    return cities[every_level.level][1]


@pytest.fixture
async def client(city: City) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(city.address, FixedClock()) as opened:
        yield opened


async def get(client: httpx.AsyncClient, path: str, **query: object) -> Any:
    answer = await client.get(path, params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_level_is_what_the_server_offers(city: City) -> None:
    with connect(city.address, process="test") as connection:
        assert detect_level(connection) is city.level


def test_the_same_rows_are_stored(city: City) -> None:
    with connect(city.address, process="test") as connection:
        rows = connection.execute(
            "SELECT datastream_id, phenomenon_time, result, quality FROM observation ORDER BY 1, 2"
        ).fetchall()
        conflicts = connection.execute("SELECT count(*) FROM conflict").fetchone()
        latest = connection.execute("SELECT datastream_id, phenomenon_time, result FROM latest ORDER BY 1").fetchall()
    assert [Value(row[0], to_micros(row[1]), row[2], row[3]) for row in rows] == city.values
    assert conflicts == (10,)
    newest = {value.datastream_id: value for value in city.values}
    assert latest == [(stream, from_micros(value.at), value.result) for stream, value in sorted(newest.items())]


@pytest.mark.parametrize("resolution", Resolution)
def test_the_same_roll_ups_are_made(city: City, resolution: Resolution) -> None:
    with connect(city.address, process="test") as connection:
        assert stored_rollups(connection, resolution) == expected_rollups(city.values, resolution, ZoneInfo(ZONE))


async def test_a_month_of_one_datastream_by_the_hour(city: City, client: httpx.AsyncClient) -> None:
    begin = BEGIN + timedelta(days=2)
    page = await get(
        client,
        "/datastreams/200/rollups",
        resolution="1h",
        begin=begin.isoformat(),
        end=(begin + timedelta(days=30)).isoformat(),
    )
    expected = [
        one
        for one in expected_rollups(city.values, Resolution.HOUR, ZoneInfo(ZONE))
        if one.datastream_id == 200 and begin <= one.bucket < begin + timedelta(days=30)
    ]
    assert page["resolution"] == "1h"
    assert len(page["items"]) == len(expected) == 30 * 24
    for item, one in zip(page["items"], expected, strict=True):
        assert datetime.fromisoformat(item["bucket"]) == one.bucket
        assert (item["n"], item["min"], item["max"], item["last"]) == (one.n, one.min, one.max, one.last)
        assert item["mean"] == (None if one.sum is None else one.sum / one.n)
        assert item["good_share"] == one.good / (one.n + one.failed)


async def test_a_day_of_the_city_by_the_hour(city: City, client: httpx.AsyncClient) -> None:
    begin = datetime(2026, 1, 19, 16, 0, tzinfo=UTC)
    rows = await get(client, "/rollups", begin=begin.isoformat(), end=(begin + timedelta(days=1)).isoformat())
    assert len({row["bucket"] for row in rows}) == 24
    assert {row["datastreams"] for row in rows} <= {1, 2, 3, 4}
    day = [value for value in city.values if begin <= from_micros(value.at) < begin + timedelta(days=1)]
    assert sum(row["n"] for row in rows) == sum(value.quality < 4 for value in day)
    assert min(row["min"] for row in rows) == min(value.result for value in day if value.quality < 4)


async def test_the_resolution_that_fits_is_chosen(client: httpx.AsyncClient) -> None:
    for length, chosen in ((1, "1min"), (2, "1h"), (60, "1h"), (70, "1day")):
        page = await get(
            client, "/datastreams/1/rollups", begin=(NOW - timedelta(days=length)).isoformat(), end=NOW.isoformat()
        )
        assert page["resolution"] == chosen


async def test_pages_of_roll_ups_join(client: httpx.AsyncClient) -> None:
    whole = await get(client, "/datastreams/1/rollups", resolution="1day", begin=BEGIN.isoformat())
    first = await get(client, "/datastreams/1/rollups", resolution="1day", begin=BEGIN.isoformat(), limit=10)
    rest = await get(client, "/datastreams/1/rollups", resolution="1day", begin=first["next"])
    assert first["items"] + rest["items"] == whole["items"]
    assert rest["next"] is None


async def test_what_cannot_be_asked_is_refused(client: httpx.AsyncClient) -> None:
    for path, query, says in (
        ("/datastreams/1/rollups", {"resolution": "raw"}, "resolution"),
        ("/datastreams/99999/rollups", {}, "no datastream 99999"),
        ("/datastreams/1/rollups", {"begin": NOW.isoformat(), "end": BEGIN.isoformat()}, "not before end"),
        ("/rollups", {"begin": BEGIN.isoformat(), "end": NOW.isoformat()}, "7 days"),
    ):
        answer = await client.get(path, params=query)
        assert answer.status_code in {404, 422}
        assert says in answer.json()["detail"]


def test_the_same_is_left_by_retention(every_level: DatabaseServer, city: City) -> None:
    address = every_level.copy(city.address)
    midnight = datetime(2026, 2, 8, 16, 0, tzinfo=UTC)  # the last one before NOW in Shanghai
    horizons = {"bridge": 10, "gas": 12, "drainage": 14, "lighting": 20}
    with connect(address, process="test") as connection:
        for system, days in horizons.items():
            connection.execute(
                "UPDATE system SET retention = jsonb_build_object('raw', %s::int, 'minutes', %s::int)"
                " WHERE system_id = %s",
                (days, days + 5, system),
            )
        system_of: dict[int, str] = dict(
            connection.execute(
                "SELECT datastream_id, system_id FROM datastream"
                " JOIN asset USING (asset_id) JOIN asset_kind USING (kind_id)"
            ).fetchall()
        )
        compress(connection)
        roll_up(connection, give_up_at=NOW)
        for _ in remove_expired(connection, rows=2000):
            pass
        kept = connection.execute("SELECT datastream_id, phenomenon_time FROM observation ORDER BY 1, 2").fetchall()
        minutes = [(one.datastream_id, one.bucket) for one in stored_rollups(connection, Resolution.MINUTE)]
        hours = stored_rollups(connection, Resolution.HOUR)
        oldest = connection.execute("SELECT min(begin_at) FROM partitions_of('observation')").fetchone()
    every_level.drop(address)

    def is_kept(stream: int, at: datetime, more: int = 0) -> bool:
        return at >= midnight - timedelta(days=horizons[system_of[stream]] + more)

    times = [(value.datastream_id, from_micros(value.at)) for value in city.values]
    assert kept == [(stream, at) for stream, at in times if is_kept(stream, at)]
    every_minute = expected_rollups(city.values, Resolution.MINUTE, ZoneInfo(ZONE))
    assert minutes == [
        (one.datastream_id, one.bucket) for one in every_minute if is_kept(one.datastream_id, one.bucket, 5)
    ]
    assert hours == expected_rollups(city.values, Resolution.HOUR, ZoneInfo(ZONE))
    assert oldest is not None
    assert oldest[0] > BEGIN + timedelta(days=1)  # whole partitions went
