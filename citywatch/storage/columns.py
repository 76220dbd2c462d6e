"""Columns as bytes: observations in PostgreSQL's binary COPY format and in the compact form of ``batch.columns``,
samples of waveform blocks as ``waveform_block.values`` holds them, columns as parameters of statements.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from citywatch.model.observations import Observations
from citywatch.model.waveforms import Samples

_POSTGRES_EPOCH: Final = 946_684_800_000_000  # 2000-01-01T00:00Z in microseconds since 1970
_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"
# one tuple: the number of fields, then length and big-endian value of each
_TUPLE: Final = np.dtype(
    [
        ("fields", ">i2"),
        ("phenomenon_size", ">i4"),
        ("phenomenon_time", ">i8"),
        ("received_size", ">i4"),
        ("received_time", ">i8"),
        ("result_size", ">i4"),
        ("result", ">f8"),
        ("datastream_size", ">i4"),
        ("datastream_id", ">i4"),
        ("quality_size", ">i4"),
        ("quality", ">i2"),
    ]
)
_ROW: Final = np.dtype(
    [
        ("datastream_id", "<i4"),
        ("phenomenon_time", "<i8"),
        ("received_time", "<i8"),
        ("result", "<f8"),
        ("quality", "<i2"),
    ]
)
_KEY: Final = np.dtype([("datastream_id", ">i4"), ("phenomenon_time", ">i8")])
_KEY_AND_RESULT: Final = np.dtype([("datastream_id", ">i4"), ("phenomenon_time", ">i8"), ("result", ">f8")])
_OBSERVATION: Final = np.dtype(
    [("phenomenon_time", ">i8"), ("received_time", ">i8"), ("result", ">f8"), ("quality", ">i2")]
)
_ARRAY: Final = np.dtype(">i4")
_TIMESTAMPTZ: Final = 1184  # type numbers of PostgreSQL
_TYPES: Final = {np.dtype(np.int16): 21, np.dtype(np.int32): 23, np.dtype(np.int64): 20, np.dtype(np.float64): 701}


@dataclass(frozen=True, slots=True)
class ArrayParameter:
    """A one-dimensional array in PostgreSQL's binary format; psycopg would convert a list element by element."""

    data: bytes


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: ArrayParameter) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(ArrayParameter, _ArrayDumper)


def to_array(values: NDArray[np.int16] | NDArray[np.int32] | NDArray[np.int64] | NDArray[np.float64]) -> ArrayParameter:
    """Return a column as ``int2[]``, ``int4[]``, ``int8[]`` or ``float8[]``."""
    return _array(values, _TYPES[values.dtype])


def to_instants(micros: NDArray[np.int64]) -> ArrayParameter:
    """Return microseconds since the epoch as ``timestamptz[]``."""
    return _array(micros - _POSTGRES_EPOCH, _TIMESTAMPTZ)


def _array(values: NDArray[Any], element: int) -> ArrayParameter:
    size = values.dtype.itemsize
    head = [1, 0, element, len(values), 1] if len(values) else [0, 0, element]  # dimensions, nulls, type, length, first
    rows: np.ndarray[Any, Any] = np.empty(
        len(values), dtype=[("size", ">i4"), ("value", values.dtype.newbyteorder(">"))]
    )
    rows["size"] = size
    rows["value"] = values
    return ArrayParameter(np.array(head, dtype=_ARRAY).tobytes() + rows.tobytes())


def to_copy(observations: Observations) -> bytes:
    """Return the rows for ``COPY observation (phenomenon_time, received_time, result, datastream_id, quality)``."""
    rows: np.ndarray[Any, Any] = np.empty(len(observations), dtype=_TUPLE)
    rows["fields"] = 5
    rows["phenomenon_size"] = rows["received_size"] = rows["result_size"] = 8
    rows["datastream_size"] = 4
    rows["quality_size"] = 2
    rows["phenomenon_time"] = observations.phenomenon_time - _POSTGRES_EPOCH
    rows["received_time"] = observations.received_time - _POSTGRES_EPOCH
    rows["result"] = observations.result
    rows["datastream_id"] = observations.datastream_id
    rows["quality"] = observations.quality
    return _HEADER + rows.tobytes() + _TRAILER


def to_bytes(observations: Observations) -> bytes:
    """Return the rows in the compact form, 30 bytes each."""
    rows: np.ndarray[Any, Any] = np.empty(len(observations), dtype=_ROW)
    for name in _ROW.names or ():
        rows[name] = getattr(observations, name)
    return rows.tobytes()


def from_bytes(data: bytes) -> Observations:
    """Return the rows that :func:`to_bytes` wrote."""
    rows = np.frombuffer(data, dtype=_ROW)
    return Observations(
        datastream_id=rows["datastream_id"].astype(np.int32),
        phenomenon_time=rows["phenomenon_time"].astype(np.int64),
        received_time=rows["received_time"].astype(np.int64),
        result=rows["result"].astype(np.float64),
        quality=rows["quality"].astype(np.int16),
    )


def samples_to_bytes(samples: Samples) -> bytes:
    """Return the values of a waveform block as float32 little endian."""
    return samples.astype("<f4", copy=False).tobytes()


def samples_from_bytes(data: bytes) -> Samples:
    """Return the values that :func:`samples_to_bytes` wrote."""
    return np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)


def keys_from_bytes(data: bytes | None) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return datastreams and times [us since the epoch] of keys that the server joined in binary; None for no key."""
    rows = np.frombuffer(data or b"", dtype=_KEY)
    return rows["datastream_id"].astype(np.int32), rows["phenomenon_time"].astype(np.int64) + _POSTGRES_EPOCH


def results_from_bytes(data: bytes | None) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """Return keys as :func:`keys_from_bytes` does, and the result under each."""
    rows = np.frombuffer(data or b"", dtype=_KEY_AND_RESULT)
    times = rows["phenomenon_time"].astype(np.int64) + _POSTGRES_EPOCH
    return rows["datastream_id"].astype(np.int32), times, rows["result"].astype(np.float64)


def observations_from_bytes(data: bytes | None, datastream_id: int) -> Observations:
    """Return rows of one datastream that the server joined in binary: times, result, quality; None for no row."""
    rows = np.frombuffer(data or b"", dtype=_OBSERVATION)
    return Observations(
        datastream_id=np.full(len(rows), datastream_id, dtype=np.int32),
        phenomenon_time=rows["phenomenon_time"].astype(np.int64) + _POSTGRES_EPOCH,
        received_time=rows["received_time"].astype(np.int64) + _POSTGRES_EPOCH,
        result=rows["result"].astype(np.float64),
        quality=rows["quality"].astype(np.int16),
    )
