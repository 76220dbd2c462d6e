"""A run: the observations and alarms that came of some data; in a database, or exported to a folder."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from citywatch.clock import from_micros, to_micros
from citywatch.errors import Misconfigured

OBSERVATIONS: Final = "observations.jsonl"
ALARMS: Final = "alarms.jsonl"
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Observation:
    """``datastream`` is asset, sensor and property; ``time`` [us since the epoch]; ``quality`` a QARTOD flag."""

    datastream: Key
    time: int
    result: float
    quality: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of a rule on an asset; ``cause`` is sensor/property, ``time`` when it was measured [us since the epoch].

    ``severity`` (1-4) is the highest it reached.
    """

    asset_id: str
    rule_id: str
    cause: str
    time: int
    severity: int


@dataclass(frozen=True, slots=True)
class Run:
    """Observations in the order of datastream and time, alarms in the order of asset, rule and time."""

    name: str
    observations: Iterable[Observation]
    alarms: Iterable[Alarm]


@contextmanager
def open_run(place: str, begin: datetime | None, end: datetime | None) -> Iterator[Run]:
    """Yield the run at a place: a folder made by an export, or a database URL.

    Raises
    ------
    Misconfigured
        There is no run.
    """
    low = begin or datetime(1970, 1, 1, tzinfo=UTC)
    high = end or datetime(5000, 1, 1, tzinfo=UTC)
    if "://" not in place and "dbname=" not in place:
        yield _from_folder(Path(place).expanduser(), to_micros(low), to_micros(high))
        return
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.history import read_run

    with connect(place, process="compare") as connection, read_run(connection, low, high) as (results, alarms):
        yield Run(
            _public(place),
            (Observation((row[0], row[1], row[2]), to_micros(row[3]), row[4], row[5]) for row in results),
            (Alarm(row[0], row[1], row[2], to_micros(row[3]), row[4]) for row in alarms),
        )


def export_run(run: Run, into: Path) -> tuple[int, int]:
    """Write a run to a folder; return how many observations and alarms it has.

    Raises
    ------
    Misconfigured
        The folder holds a run already.
    """
    if (into / OBSERVATIONS).exists():
        raise Misconfigured(f"{into} holds a run already; name another folder")
    into.mkdir(parents=True, exist_ok=True)
    observations = (
        {"datastream": "/".join(one.datastream), "time": _iso(one.time), "result": one.result, "quality": one.quality}
        for one in run.observations
    )
    alarms = (
        {
            "asset": one.asset_id,
            "rule": one.rule_id,
            "cause": one.cause,
            "time": _iso(one.time),
            "severity": one.severity,
        }
        for one in run.alarms
    )
    return _write(into / OBSERVATIONS, observations), _write(into / ALARMS, alarms)


def _from_folder(folder: Path, low: int, high: int) -> Run:
    if not (folder / OBSERVATIONS).is_file() or not (folder / ALARMS).is_file():
        raise Misconfigured(
            f"{folder} is no run; name a folder of 'citywatch compare RUN --export FOLDER', or a database URL"
        )
    observations = (
        Observation(_key(line["datastream"]), time, float(line["result"]), int(line["quality"]))
        for line in _lines(folder / OBSERVATIONS)
        if low <= (time := _micros(line["time"])) < high
    )
    alarms = (
        Alarm(line["asset"], line["rule"], line["cause"], time, int(line["severity"]))
        for line in _lines(folder / ALARMS)
        if low <= (time := _micros(line["time"])) < high
    )
    return Run(str(folder), observations, alarms)


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise Misconfigured(f"{path}:{number} is no JSON ({error}); export the run again") from error


def _write(path: Path, lines: Iterable[Mapping[str, object]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    return count


def _key(text: str) -> Key:
    asset_id, sensor_id, property_id = text.split("/")
    return asset_id, sensor_id, property_id


def _iso(micros: int) -> str:
    return from_micros(micros).isoformat(timespec="microseconds")


def _micros(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


def _public(place: str) -> str:
    """Return a database address without credentials."""
    return place.rpartition("@")[2] if "://" in place else place
