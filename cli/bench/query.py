"""How long the questions take that dashboards and pages ask most, on a city of the size that is wanted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from time import monotonic
from typing import Any, Final

import numpy as np

from analytics.rollups import Rollups
from citywatch.clock import SystemClock, to_micros
from citywatch.model.identifiers import ModelId, SensorId
from citywatch.model.observations import Batch, Observations
from citywatch.model.registry import Registry, Sensor
from citywatch.model.rollups import Resolution
from citywatch.registry import load_city
from citywatch.storage.connection import connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.registry import read_datastreams
from citywatch.storage.serving import observations, registry, rollups
from citywatch.storage.serving.database import Database
from cli.bench.system import System

_MODEL: Final = ModelId("tiltmeter")  # measures one property
_REPEATS: Final = 9
_HOUR: Final = timedelta(hours=1)
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Queries:
    """Median time of each question [ms] and the rows of its answer."""

    datastreams: int
    fill_rate: float
    times: dict[str, tuple[float, int]]

    def as_json(self) -> dict[str, Any]:
        """Return the figures for scripts."""
        return {
            "datastreams": self.datastreams,
            "filled_rows_per_s": round(self.fill_rate),
            **{f"{name}_ms": round(time, 1) for name, (time, _) in self.times.items()},
            **{f"{name}_rows": rows for name, (_, rows) in self.times.items()},
        }


def enlarged(city: str, datastreams: int) -> Registry:
    """Return a city with tiltmeters added to its assets until it has about ``datastreams`` datastreams."""
    base = load_city(city)
    count = max(0, datastreams - sum(len(_measures(base, sensor)) for sensor in base.sensors))
    assets = base.assets
    more = [
        Sensor(assets[number % len(assets)].asset_id, SensorId(f"bench-{number // len(assets)}"), _MODEL)
        for number in range(count)
    ]
    return replace(base, sensors=[*base.sensors, *more])


def _measures(base: Registry, sensor: Sensor) -> tuple[Any, ...]:
    return next(model.measures for model in base.models if model.model_id == sensor.model_id)


def measure_queries(system: System, *, time_zone: str) -> Queries:
    """Fill a day of hourly values for all datastreams and a month for one, roll up, and ask."""
    end = SystemClock().now().replace(minute=0, second=0, microsecond=0)
    with connect(system.database, process="bench fill") as connection:
        numbers = np.array([one.datastream_id for one in read_datastreams(connection)], dtype=np.int32)
        writer = BatchWriter(connection, ingester="bench")
        begun, rows = monotonic(), 0
        for hours in range(30 * 24, 0, -1):
            streams = numbers if hours <= 24 else numbers[:1]
            writer.write(_batch(streams, end - hours * _HOUR))
            rows += len(streams)
        seconds = monotonic() - begun
        job = Rollups(connection, time_zone=time_zone)
        while job.step() or job.make_city_hours(at=end):
            pass
        connection.execute(b"VACUUM ANALYZE")  # what the server does by itself, some minutes later
    times = asyncio.run(_ask_all(system.database, int(numbers[0]), end))
    return Queries(len(numbers), rows / seconds, times)


def _batch(streams: "np.typing.NDArray[np.int32]", at: datetime) -> Batch:
    size = len(streams)
    micros = np.full(size, to_micros(at), dtype=np.int64)
    values = np.sin(streams + at.hour).round(3)
    rows = Observations(streams, micros, micros, values, np.ones(size, dtype=np.int16))
    return Batch(rows, np.zeros(size, dtype=np.int32), [], [], [])


async def _ask_all(address: str, datastream: int, end: datetime) -> dict[str, tuple[float, int]]:
    database = Database(address, process="bench", connections=2)
    await database.open()
    try:
        return {
            "page_of_latest_values": await _ask(lambda: observations.datastreams(database, dict, limit=_PAGE)),
            "states_of_all_assets": await _ask(lambda: registry.asset_states(database, dict)),
            "month_of_one_datastream_at_1h": await _ask(
                lambda: rollups.rollups(
                    database,
                    dict,
                    datastream,
                    resolution=Resolution.HOUR,
                    begin=end - timedelta(days=30),
                    end=end,
                    limit=5000,
                )
            ),
            "day_of_the_city_at_1h": await _ask(
                lambda: rollups.city_rollups(
                    database, dict, resolution=Resolution.HOUR, begin=end - timedelta(days=1), end=end
                )
            ),
        }
    finally:
        await database.close()


async def _ask(question: Callable[[], Awaitable[list[dict[str, Any]]]]) -> tuple[float, int]:
    answer = await question()
    times = []
    for _ in range(_REPEATS):
        begun = monotonic()
        await question()
        times.append((monotonic() - begun) * 1000)
    return median(times), len(answer)
