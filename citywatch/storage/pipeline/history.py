"""What the database holds of a span of time, in the order in which it was received: for recordings and comparisons."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from citywatch.model.waveforms import Samples
from citywatch.storage.columns import samples_from_bytes
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "history.sql")
_FETCHED: Final = 5000  # rows at a time


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: the levels of its topic, its property and the unit it is stored in."""

    district_id: str
    system_id: str
    asset_id: str
    sensor_id: str
    property_id: str
    unit: str


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """An observation with its times and its result in the unit of its origin."""

    received_time: datetime
    origin: Origin
    phenomenon_time: datetime
    result: float


@dataclass(frozen=True, slots=True)
class StoredWaveform:
    """A waveform block; ``values`` has shape (n,), ``sampling_rate`` [Hz]."""

    received_time: datetime
    origin: Origin
    start_time: datetime
    sampling_rate: float
    values: Samples


@contextmanager
def read_history(
    connection: Connection, begin: datetime, end: datetime
) -> Iterator[tuple[Iterator[StoredObservation], Iterator[StoredWaveform]]]:
    """Yield observations and waveform blocks of a span of phenomenon time, the end excluded, as they were received.

    Both belong to one snapshot of the database; few rows are in memory at a time.
    """
    span = {"begin": begin, "end": end}
    with translated(), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with connection.cursor("observations") as observations, connection.cursor("waveforms") as waveforms:
            observations.itersize = waveforms.itersize = _FETCHED
            observations.execute(_SQL["observations"], span)
            waveforms.execute(_SQL["waveforms"], span)
            yield (
                (StoredObservation(row[0], Origin(*row[1:7]), row[7], row[8]) for row in observations),
                (
                    StoredWaveform(row[0], Origin(*row[1:7]), row[7], row[8], samples_from_bytes(row[9]))
                    for row in waveforms
                ),
            )


@contextmanager
def read_run(
    connection: Connection, begin: datetime, end: datetime
) -> Iterator[
    tuple[Iterator[tuple[str, str, str, datetime, float, int]], Iterator[tuple[str, str, str, datetime, int]]]
]:
    """Yield observations and alarms of a span of phenomenon time, the end excluded, in the order of their keys.

    Observations: asset, sensor, property, time, result, quality flag. Alarms: asset, rule, sensor and property that
    decided, when that was measured, highest severity. Texts are ordered by code point; few rows are in memory.
    """
    span = {"begin": begin, "end": end}
    with translated(), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with connection.cursor("results") as results, connection.cursor("alarms") as alarms:
            results.itersize = alarms.itersize = _FETCHED
            results.execute(_SQL["results"], span)
            alarms.execute(_SQL["alarms"], span)
            yield iter(results), iter(alarms)
