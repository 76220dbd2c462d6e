"""The write path of waveform blocks, inside the transaction of a batch."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from psycopg import errors

from citywatch.clock import from_micros, to_micros
from citywatch.model.observations import Outcome
from citywatch.model.waveforms import Waveform
from citywatch.storage.columns import samples_to_bytes
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "waveforms.sql")
_DAY: Final = 86_400_000_000  # [us]
_TYPES: Final = ("int4", "timestamptz", "timestamptz", "float8", "int4", "int2", "bytea")

Key = tuple[int, int]
Content = tuple[float, bytes]  # sampling rate, SHA-256 of the stored values


def store_waveforms(
    connection: Connection, waveforms: Sequence[Waveform], quality: NDArray[np.int16]
) -> NDArray[np.int8]:
    """Store what is new; return the outcome of each block in arrival order. The caller holds the transaction."""
    if not waveforms:
        return np.empty(0, dtype=np.int8)
    days = sorted({waveform.start_time // _DAY for waveform in waveforms})
    connection.execute(_SQL["prepare"], ([from_micros(day * _DAY) for day in days],))
    first: dict[Key, int] = {}
    for place, waveform in enumerate(waveforms):
        first.setdefault(_key(waveform), place)
    # one order for all ingesters, else two of them could wait for each other
    fresh = sorted(first)
    known: dict[Key, Content] = {}
    while fresh and not _copy(connection, [(waveforms[first[key]], int(quality[first[key]])) for key in fresh]):
        known |= _existing(connection, fresh)
        fresh = [key for key in fresh if key not in known]
    stored = set(fresh)

    def outcome(place: int, waveform: Waveform) -> Outcome:
        key = _key(waveform)
        if key in stored and first[key] == place:
            return Outcome.STORED
        kept = _content(waveforms[first[key]]) if key in stored else known[key]
        return Outcome.DUPLICATE if kept == _content(waveform) else Outcome.CONFLICT

    return np.array([outcome(place, waveform) for place, waveform in enumerate(waveforms)], dtype=np.int8)


def write_waveform_conflicts(
    connection: Connection, waveforms: Sequence[Waveform], outcome: NDArray[np.int8], batch_no: int
) -> None:
    """Keep the blocks that met another content under their key."""
    rows = [
        (
            waveforms[place].datastream_id,
            from_micros(waveforms[place].start_time),
            waveforms[place].sampling_rate,
            samples_to_bytes(waveforms[place].values),
            from_micros(waveforms[place].received_time),
            batch_no,
        )
        for place in np.flatnonzero(outcome == Outcome.CONFLICT).tolist()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_SQL["insert_conflicts"], rows)


def copy_waveforms(connection: Connection, waveforms: Sequence[Waveform]) -> None:
    """Copy new blocks into their table and commit, without anything else that ingest does: a ceiling."""
    days = sorted({waveform.start_time // _DAY for waveform in waveforms})
    with translated(), connection.transaction():
        connection.execute(_SQL["prepare"], ([from_micros(day * _DAY) for day in days],))
        _copy(connection, [(waveform, 1) for waveform in sorted(waveforms, key=_key)])


def _copy(connection: Connection, rows: Iterable[tuple[Waveform, int]]) -> bool:
    """Store blocks; return False, and change nothing, when one of the keys is taken."""
    try:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(_SQL["copy"]) as copy:
            copy.set_types(_TYPES)
            for waveform, quality in rows:
                copy.write_row(
                    (
                        waveform.datastream_id,
                        from_micros(waveform.start_time),
                        from_micros(waveform.received_time),
                        waveform.sampling_rate,
                        len(waveform.values),
                        quality,
                        samples_to_bytes(waveform.values),
                    )
                )
    except errors.UniqueViolation:
        return False
    return True


def _existing(connection: Connection, keys: Iterable[Key]) -> dict[Key, Content]:
    """Return the stored contents under some keys."""
    streams, times = zip(*((stream, from_micros(start)) for stream, start in keys), strict=True)
    return {
        (stream, to_micros(time)): (rate, digest)
        for stream, time, rate, digest in connection.execute(_SQL["existing"], (list(streams), list(times)))
    }


def _key(waveform: Waveform) -> Key:
    return waveform.datastream_id, waveform.start_time


def _content(waveform: Waveform) -> Content:
    return waveform.sampling_rate, hashlib.sha256(samples_to_bytes(waveform.values)).digest()
