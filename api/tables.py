"""Observations as tables for other programs: CSV and Arrow, written chunk by chunk."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Final, Protocol

import nanoarrow  # type: ignore[import-untyped]
import numpy as np
from nanoarrow.ipc import StreamWriter  # type: ignore[import-untyped]

from citywatch.model.observations import Observations

COLUMNS: Final = ("phenomenon_time", "received_time", "result", "unit", "quality")


class Table(Protocol):
    """Writes a table; every call returns the bytes that are due."""

    def chunk(self, rows: Observations) -> bytes:
        """Return further rows, before the first ones what begins the table."""
        ...

    def end(self) -> bytes:
        """Return what ends the table."""
        ...


class CsvTable:
    """RFC 4180 with a header; times in UTC, numbers as short as they are exact."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._head = ",".join(COLUMNS) + "\r\n"

    def chunk(self, rows: Observations) -> bytes:
        """Return rows as lines."""
        text = io.StringIO(newline="")
        text.write(self._head)
        self._head = ""
        csv.writer(text).writerows(
            zip(
                _texts(rows.phenomenon_time),
                _texts(rows.received_time),
                rows.result.tolist(),
                [self._unit] * len(rows),
                rows.quality.tolist(),
                strict=True,
            )
        )
        return text.getvalue().encode()

    def end(self) -> bytes:
        """Return nothing: a CSV ends where it stops."""
        return b""


class ArrowTable:
    """An Arrow IPC stream; times in microseconds UTC, the unit in the metadata of the schema."""

    def __init__(self, unit: str) -> None:
        time = nanoarrow.timestamp("us", timezone="UTC", nullable=False)
        self._types = [time, time, nanoarrow.float64(nullable=False), nanoarrow.int16(nullable=False)]
        names = [name for name in COLUMNS if name != "unit"]
        plain = nanoarrow.struct(dict(zip(names, self._types, strict=True)), nullable=False)
        self._schema = nanoarrow.c_schema(plain).modify(metadata={b"unit": unit.encode()})
        self._sink = _Sink()
        self._writer = StreamWriter.from_writable(self._sink)

    def chunk(self, rows: Observations) -> bytes:
        """Return rows as a record batch."""
        columns = (rows.phenomenon_time, rows.received_time, rows.result, rows.quality)
        children = [
            nanoarrow.c_array_from_buffers(kind, len(rows), [None, np.ascontiguousarray(column)])
            for kind, column in zip(self._types, columns, strict=True)
        ]
        self._writer.write_stream(nanoarrow.c_array_from_buffers(self._schema, len(rows), [None], children=children))
        return self._sink.taken()

    def end(self) -> bytes:
        """Return the mark that the stream is whole."""
        self._writer.close()
        return self._sink.taken()


class _Sink:
    """What the writer writes to."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


async def streamed(table: Table, chunks: AsyncIterator[Observations]) -> AsyncIterator[bytes]:
    """Yield a table of chunks, the first of which may be empty."""
    async for rows in chunks:
        yield table.chunk(rows)
    yield table.end()


def _texts(micros: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[str]:
    return list(np.datetime_as_string(micros.astype("datetime64[us]"), timezone="UTC"))
