"""Roll-ups in the database: what has changed since they were made, and making the touched buckets anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.clock import from_micros, to_micros
from citywatch.errors import Misconfigured
from citywatch.model.observations import Observations
from citywatch.model.rollups import Resolution
from citywatch.storage.columns import from_bytes
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "rollups.sql")
_DAY: Final = 86_400_000_000  # [us]


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of datastreams: columns ``datastream_id`` int32, ``begin`` and ``end`` int64 [us], end not included."""

    datastream_id: NDArray[np.int32]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.datastream_id)

    def instants(self, *, width: int) -> list[datetime]:
        """Return the begin of every bucket of ``width`` [us] that the stretches touch, in order."""
        stretches = zip((self.begin // width).tolist(), ((self.end - 1) // width).tolist(), strict=True)
        numbers = {number for first, last in set(stretches) for number in range(first, last + 1)}
        return [from_micros(number * width) for number in sorted(numbers)]

    def after(self, horizon: NDArray[np.int64]) -> "Spans":
        """Return what lies at or after the horizon of each stretch, shape (n,) [us]."""
        begin = np.maximum(self.begin, horizon)
        left = begin < self.end
        return Spans(self.datastream_id[left], begin[left], self.end[left])


@dataclass(frozen=True, slots=True)
class Horizons:
    """Up to where data have been given up: columns by datastream, ordered by ``datastream_id``, [us since the epoch].

    ``observations``, ``minutes``, ``hours`` and ``days`` int64; the smallest int64 where nothing was given up.
    """

    datastream_id: NDArray[np.int32]
    observations: NDArray[np.int64]
    minutes: NDArray[np.int64]
    hours: NDArray[np.int64]
    days: NDArray[np.int64]

    def place(self, datastream_id: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return the row of each datastream (n,); all of them must be here."""
        return np.searchsorted(self.datastream_id, datastream_id)


def begin_snapshot(connection: Connection) -> None:
    """Let every statement of the present transaction see the database as it is at the first one; call it first."""
    with translated():
        connection.execute(_SQL["snapshot"])


def read_stored(connection: Connection, *, after: int, rows: int) -> tuple[int, list[Observations]]:
    """Return what batches after number ``after`` stored, up to about ``rows`` rows, and the number of the last of them.

    Raises
    ------
    Misconfigured
        The batches asked for have been pruned.
    """
    with translated():
        found = connection.execute(_SQL["read_columns"], (after, rows), binary=True).fetchall()
    for batch_no, columns in found:
        if columns is None:
            raise Misconfigured(f"batch {batch_no} was pruned before it was rolled up")
    return (found[-1][0] if found else after), [from_bytes(columns) for _, columns in found]


def take_due(connection: Connection, *, limit: int) -> Spans:
    """Take up to ``limit`` changed stretches off the list; the ``end`` of these is their last instant."""
    with translated():
        rows = connection.execute(_SQL["take_due"], (limit,)).fetchall()
    return Spans(
        np.array([row[0] for row in rows], dtype=np.int32),
        np.array([to_micros(row[1]) for row in rows], dtype=np.int64),
        np.array([to_micros(row[2]) for row in rows], dtype=np.int64),
    )


def refresh(connection: Connection, resolution: Resolution, spans: Spans, *, zone: str) -> None:
    """Make the roll-ups of whole buckets anew from what is one step finer: observations, minutes, hours.

    Parameters
    ----------
    spans
        Disjoint; whole minutes for minutes, whole hours for hours and for days, which are those they touch.
    zone
        IANA time zone of the days.
    """
    if not len(spans):
        return
    begin, end = _instants(spans.begin), _instants(spans.end)
    values = {
        "datastream_id": spans.datastream_id.tolist(),
        "begin": begin,
        "end": end,
        "first": from_micros(int(spans.begin.min())),
        "after": from_micros(int(spans.end.max())),
        "zone": zone,
    }
    with translated():
        if resolution is not Resolution.DAY:
            connection.execute(_SQL["prepare"], (spans.instants(width=_DAY),))
        connection.execute(_SQL[f"refresh_{resolution}"] + b"\n" + _SQL["replace"], values, prepare=False)


def fold(connection: Connection, resolution: Resolution, late: Observations, *, zone: str) -> None:
    """Add values to the roll-ups of buckets whose finer data are gone, so that they cannot be made anew.

    Not idempotent: call it once for every stored value.
    """
    if not len(late):
        return
    values = {
        "datastream_id": late.datastream_id.tolist(),
        "phenomenon_time": _instants(late.phenomenon_time),
        "result": late.result.tolist(),
        "quality": late.quality.tolist(),
        "zone": zone,
    }
    with translated():
        if resolution is not Resolution.DAY:
            moments = Spans(late.datastream_id, late.phenomenon_time, late.phenomenon_time + 1)
            connection.execute(_SQL["prepare"], (moments.instants(width=_DAY),))
        connection.execute(_SQL[f"fold_{resolution}"] + b"\n" + _SQL["fold"], values, prepare=False)


def remove_late(connection: Connection, late: Observations) -> None:
    """Remove observations that arrived after the data of their time had been given up."""
    if not len(late):
        return
    values = {
        "datastream_id": late.datastream_id.tolist(),
        "phenomenon_time": _instants(late.phenomenon_time),
        "first": from_micros(int(late.phenomenon_time.min())),
        "last": from_micros(int(late.phenomenon_time.max())),
    }
    with translated():
        connection.execute(_SQL["remove_late"], values, prepare=False)


def read_horizons(connection: Connection, datastream_id: NDArray[np.int32]) -> Horizons:
    """Return the horizons of some datastreams."""
    streams = np.unique(datastream_id)
    columns = np.full((4, len(streams)), np.iinfo(np.int64).min)
    with translated():
        for stream, *horizons in connection.execute(_SQL["horizons"], (streams.tolist(),)):
            for column, horizon in zip(columns, horizons, strict=True):
                if horizon is not None:
                    column[np.searchsorted(streams, stream)] = to_micros(horizon)
    return Horizons(streams, *columns)


def use_zone(connection: Connection, zone: str) -> None:
    """Make sure that days are those of ``zone``; days of another zone are made anew as far as their hours exist."""
    with translated():
        row = connection.execute(_SQL["zone"]).fetchone()
        if row is not None and row[0] is not None and bytes(row[0]).decode() != zone:
            connection.execute(_SQL["forget_days"])
            hours = connection.execute(_SQL["hours_present"]).fetchall()
            spans = Spans(
                np.array([one[0] for one in hours], dtype=np.int32),
                np.array([to_micros(one[1]) for one in hours], dtype=np.int64),
                np.array([to_micros(one[2]) + 1 for one in hours], dtype=np.int64),
            )
            refresh(connection, Resolution.DAY, spans, zone=zone)
        connection.execute(_SQL["keep_zone"], (zone.encode(),))


def advance(connection: Connection, batch_no: int) -> None:
    """Say that the batches up to a number are rolled up; call it in the transaction that does so."""
    with translated():
        connection.execute(_SQL["advance"], {"batch_no": batch_no})


def _instants(micros: NDArray[np.int64]) -> list[datetime]:
    return [from_micros(value) for value in micros.tolist()]
