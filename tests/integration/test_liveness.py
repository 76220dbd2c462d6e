"""Whether devices are there: a pure judgement, its view, and a device that dies on a real broker."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citywatch.broker import BrokerAddress, Network, Publisher, Will
from citywatch.clock import SystemClock, to_micros
from citywatch.model.observations import Account, Batch, Observations
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.registry import read_datastreams
from citywatch.wire.status import Presence, Status, encode_status
from tests.support.api import api_client
from tests.support.processes import running
from tests.support.retained import forget
from tests.support.waiting import wait_until

MOMENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STATUS = "citywatch/v1/hanyang/bridge/yangtze-1/strain-1/status"


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(database) as opened:
        yield opened


@pytest.fixture(scope="module")
def judge(postgresql: Any) -> Iterator[Connection]:
    address = postgresql.fresh()
    with connect(address, process="test") as opened:
        yield opened
    postgresql.drop(address)


def judged(heard: int | None, said: str | None, said_age: int, late: int, offline: int) -> tuple[str, int | None]:
    """The slow and obvious twin; ages in seconds, the time since when as an age too."""
    ages = [age for age, known in ((heard, heard is not None), (said_age, said is not None)) if known]
    if not ages:
        return "offline", None
    age = min(one for one in ages if one is not None)
    if said == "offline" and (heard is None or heard >= said_age):
        return "offline", said_age
    if age > offline:
        return "offline", age - offline
    if age > late:
        return "late", age - late
    return "online", said_age if said == "online" else None


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    heard=st.none() | st.integers(-5, 1000),
    said=st.sampled_from([None, "online", "offline"]),
    said_age=st.integers(-5, 1000),
    late=st.integers(30, 300),
    longer=st.integers(0, 300),
)
def test_the_judgement_is_what_it_says(
    judge: Connection, heard: int | None, said: str | None, said_age: int, late: int, longer: int
) -> None:
    row = judge.execute(
        "SELECT * FROM dash.judge_liveness(%s::timestamptz, %s, %s::timestamptz, %s, %s, %s)",
        (
            None if heard is None else MOMENT - timedelta(seconds=heard),
            said,
            None if said is None else MOMENT - timedelta(seconds=said_age),
            float(late),
            float(late + longer),
            MOMENT,
        ),
    ).fetchone()
    assert row is not None
    liveness, since = row
    age = None if since is None else round((MOMENT - since).total_seconds())
    assert (liveness, age) == judged(heard, said, said_age, late, late + longer)


def store(connection: Connection, sensor_id: str, ages: list[float], value: float) -> None:
    """Store the same value so many seconds ago."""
    stream = next(
        one.datastream_id
        for one in read_datastreams(connection)
        if (one.asset_id, one.sensor_id, one.measure.property_id) == ("yangtze-1", sensor_id, "strain")
    )
    micros = to_micros(SystemClock().now()) - (np.array(ages) * 1e6).astype(np.int64)
    count = len(ages)
    rows = Observations(
        np.full(count, stream, dtype=np.int32), micros, micros, np.full(count, value), np.ones(count, np.int16)
    )
    account = Account(MOMENT, "hanyang/bridge", 1, count, 0)
    BatchWriter(connection, ingester="test").write(Batch(rows, np.zeros(count, np.int32), [account], [], []))


async def sensors(client: httpx.AsyncClient, **query: object) -> list[dict[str, Any]]:
    answer = await client.get("/sensors", params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_arrivals_count_and_values_do_not(client: httpx.AsyncClient, connection: Connection) -> None:
    store(connection, "strain-1", [age * 10.0 for age in range(360)], 42.0)  # an hour of the same value
    store(connection, "strain-2", [60.0], 1.0)
    store(connection, "strain-3", [600.0], 1.0)
    found = {one["sensor_id"]: one for one in await sensors(client, asset_id="yangtze-1")}
    assert found["strain-1"]["liveness"] == "online"
    assert (found["strain-1"]["expected_interval_s"], found["strain-1"]["late_s"]) == (10, 30)
    assert found["strain-2"]["liveness"] == "late"
    assert found["strain-3"]["liveness"] == "offline"
    assert found["tilt-1"]["liveness"] == "offline"
    assert found["tilt-1"]["heard_at"] is None
    assert [one["sensor_id"] for one in await sensors(client, liveness="online")] == ["strain-1"]
    health = (await client.get("/health")).json()
    assert health["sensors"] == {"online": 1, "late": 1, "offline": 1235}
    rates = connection.execute(
        "SELECT sensors_online, sensors_late, sensors, online_pct FROM dash.liveness"
        " WHERE system_id = 'bridge' AND district_id = 'hanyang'"
    ).fetchone()
    assert rates is not None
    assert rates[:2] == (1, 1)
    assert rates[3] == pytest.approx(100 / rates[2])


async def test_patience_is_a_matter_of_the_model(client: httpx.AsyncClient, connection: Connection) -> None:
    store(connection, "strain-2", [60.0], 1.0)
    connection.execute("UPDATE datastream SET limits = limits || '{\"late_factor\": 7}' WHERE sensor_id = 'strain-2'")
    (found,) = [one for one in await sensors(client, asset_id="yangtze-1") if one["sensor_id"] == "strain-2"]
    assert (found["late_s"], found["liveness"]) == (70, "online")


async def test_sensors_can_be_walked_in_pages(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await client.get("/sensors", params={"after": after, "limit": 100})).json()
        seen += [f"{one['asset_id']}/{one['sensor_id']}" for one in page["items"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 1237


def test_a_dead_device_is_offline_by_its_last_will(
    plain_database: str, any_broker: BrokerAddress, tmp_path: Path
) -> None:
    """Silence alone would say so after 100 s only."""
    environment = {
        "CITYWATCH_DATABASE_URL": plain_database,
        "CITYWATCH_BROKER_URL": str(any_broker),
        "CITYWATCH_INGEST_INSTANCE": f"test-{uuid.uuid4().hex[:12]}",
        "CITYWATCH_INGEST_BEAT": "0.5",
    }

    def is_now(connection: Connection, liveness: str) -> bool:
        row = connection.execute(
            "SELECT liveness FROM dash.sensor_liveness WHERE asset_id = 'yangtze-1' AND sensor_id = 'strain-1'"
        ).fetchone()
        return row == (liveness,)

    with (
        connect(plain_database, process="test") as connection,
        running("ingest", environment, tmp_path / "ingest.log"),
        closing(Network()) as network,
    ):
        device = Publisher(
            network,
            any_broker,
            client_id=f"device-{uuid.uuid4().hex[:8]}",
            will=Will(STATUS, encode_status(Status(Presence.OFFLINE))),
            birth=lambda: encode_status(Status(Presence.ONLINE)),
            keepalive=2,
        )
        device.open()

        def is_online() -> bool:
            network.poll(0.05)
            return is_now(connection, "online")

        wait_until(is_online, what="the birth to be noted")
        # from here on the device answers nobody; its connection stays open, like that of one without power
        wait_until(lambda: is_now(connection, "offline"), what="the last will", timeout=25)
        device.abandon()
        forget(any_broker, [STATUS])
