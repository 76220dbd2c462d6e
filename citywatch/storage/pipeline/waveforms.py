"""The write path of waveform blocks, inside the transaction of a batch."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from psycopg import errors

from citywatch.clock import from_micros, to_micros
from citywatch.model.observations import Outcome
from citywatch.model.waveforms import Waveform
from citywatch.storage.columns import samples_to_bytes
from citywatch.storage.connection import Connection
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "waveforms.sql")
_DAY: Final = 86_400_000_000  # [us]
_TYPES: Final = ("int4", "timestamptz", "timestamptz", "float8", "int4", "int2", "bytea")

Key = tuple[int, int]
Content = tuple[float, bytes]  # sampling rate, SHA-256 of the stored values


def store_waveforms(connection: Connection, waveforms: Sequence[Waveform]) -> NDArray[np.int8]:
    """Store what is new; return the outcome of each block in arrival order. The caller holds the transaction."""
    if not waveforms:
        return np.empty(0, dtype=np.int8)
    days = sorted({waveform.start_time // _DAY for waveform in waveforms})
    connection.execute(_SQL["prepare"], ([from_micros(day * _DAY) for day in days],))
    first: dict[Key, Waveform] = {}
    for waveform in waveforms:
        first.setdefault(_key(waveform), waveform)
    # one order for all ingesters, else two of them could wait for each other
    fresh = dict(sorted(first.items()))
    known: dict[Key, Content] = {}
    while fresh and not _copy(connection, fresh.values()):
        met = _existing(connection, fresh.values())
        known |= met
        fresh = {key: waveform for key, waveform in fresh.items() if key not in met}
    return np.array([_outcome(waveform, first, known) for waveform in waveforms], dtype=np.int8)


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


def _copy(connection: Connection, waveforms: Collection[Waveform]) -> bool:
    """Store blocks; return False, and change nothing, when one of the keys is taken."""
    try:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(_SQL["copy"]) as copy:
            copy.set_types(_TYPES)
            for waveform in waveforms:
                copy.write_row(
                    (
                        waveform.datastream_id,
                        from_micros(waveform.start_time),
                        from_micros(waveform.received_time),
                        waveform.sampling_rate,
                        len(waveform.values),
                        waveform.quality,
                        samples_to_bytes(waveform.values),
                    )
                )
    except errors.UniqueViolation:
        return False
    return True


def _existing(connection: Connection, waveforms: Collection[Waveform]) -> dict[Key, Content]:
    """Return the stored contents under the keys of some blocks."""
    streams = [waveform.datastream_id for waveform in waveforms]
    times = [from_micros(waveform.start_time) for waveform in waveforms]
    return {
        (stream, to_micros(time)): (rate, digest)
        for stream, time, rate, digest in connection.execute(_SQL["existing"], (streams, times))
    }


def _outcome(waveform: Waveform, first: Mapping[Key, Waveform], known: Mapping[Key, Content]) -> Outcome:
    key = _key(waveform)
    if key in known:
        return Outcome.DUPLICATE if known[key] == _content(waveform) else Outcome.CONFLICT
    if first[key] is waveform:
        return Outcome.STORED
    return Outcome.DUPLICATE if _content(first[key]) == _content(waveform) else Outcome.CONFLICT


def _key(waveform: Waveform) -> Key:
    return waveform.datastream_id, waveform.start_time


def _content(waveform: Waveform) -> Content:
    return waveform.sampling_rate, hashlib.sha256(samples_to_bytes(waveform.values)).digest()
