"""Reading a CSV file of a known shape, gzip-compressed or not, row by row."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Final, cast

from citywatch.errors import Misconfigured
from simulators.recordings.layout import FileShape

_GZIP: Final = b"\x1f\x8b"


class Table:
    """An open CSV file whose columns are those of its shape; use it as a context.

    Raises
    ------
    Misconfigured
        The file cannot be read, or has other columns; while rows are read, when it ends in the middle or is no CSV.
    """

    def __init__(self, path: Path, shape: FileShape) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise Misconfigured(f"{path}: {error.strerror}; name a CSV file") from error
        try:
            self.size = path.stat().st_size
            self._rows = self._open(shape)
            self.header = next(self._lines(), [])
            self._check(shape)
        except BaseException:
            self._file.close()
            raise
        self._least = 1 + max(place for place, name in enumerate(self.header) if name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def position(self) -> int:
        """How much of the file has been read, of :attr:`size` [bytes]."""
        return self._file.tell()

    def rows(self) -> Iterator[Sequence[str] | None]:
        """Yield the cells of every row below the header; None for one with more or fewer cells than the header.

        Cells of columns without a name at the end of the header may be missing.
        """
        for cells in self._lines():
            yield cells if self._least <= len(cells) <= len(self.header) else None

    def _open(self, shape: FileShape) -> Iterator[list[str]]:
        is_compressed = self._file.read(len(_GZIP)) == _GZIP
        self._file.seek(0)
        inner = cast("IO[bytes]", gzip.GzipFile(fileobj=self._file)) if is_compressed else self._file
        encoding = "utf-8-sig" if shape.encoding == "utf-8" else shape.encoding
        return csv.reader(TextIOWrapper(inner, encoding=encoding, newline=""), strict=True)

    def _lines(self) -> Iterator[list[str]]:
        try:
            yield from self._rows
        except UnicodeDecodeError as error:
            raise Misconfigured(f"{self._path} is not {error.encoding}; set 'encoding' in the layout") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Misconfigured(f"{self._path} is cut off or damaged ({error}); fetch it again") from error
        except csv.Error as error:
            raise Misconfigured(f"{self._path} is not a CSV file: {error}") from error

    def _check(self, shape: FileShape) -> None:
        if double := sorted({name for name in self.header if name and self.header.count(name) > 1}):
            raise Misconfigured(f"{self._path} has the column {double[0]!r} twice; rename one")
        if missing := sorted(shape.columns - set(self.header)):
            raise Misconfigured(
                f"{self._path} has no column {missing[0]!r}, which the layout names for {shape.match!r}"
            )
        if unknown := [name for name in self.header if name not in shape.columns and name not in shape.ignore]:
            raise Misconfigured(
                f"{self._path} has a column {unknown[0]!r} the layout does not know; add it to 'values' or 'ignore'"
            )
