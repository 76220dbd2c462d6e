"""Labelled series: recorded data in which somebody has marked what is anomalous."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from citywatch.errors import Misconfigured

WINDOWS: Final = "combined_windows.json"
_SKAB_FITTED: Final = 400  # rows of the protocol
_NAB_FITTED: Final = 0.15  # share of the rows, of 5000 at most


@dataclass(frozen=True, slots=True)
class Labelled:
    """One series of n rows and c channels.

    ``time`` float64 (n,) [s since the epoch, as if local time were UTC]; ``values`` float64 (n, c), nan where a cell is
    empty; ``windows``: first and last row of each anomaly, ascending; ``changes``: rows of labelled change points;
    ``fitted`` [rows]: those at the beginning that a detector may learn from and that are not scored.
    """

    name: str
    time: NDArray[np.float64]
    values: NDArray[np.float64]
    windows: tuple[tuple[int, int], ...]
    changes: tuple[int, ...]
    fitted: int

    @property
    def anomalous(self) -> NDArray[np.bool_]:
        """Which rows are inside a window, bool (n,)."""
        inside = np.zeros(len(self.time), dtype=np.bool_)
        for begin, end in self.windows:
            inside[begin : end + 1] = True
        return inside

    @property
    def interval(self) -> float:
        """Median time between rows [s]."""
        return float(np.median(np.diff(self.time))) if len(self.time) > 1 else 1.0


def read_labelled(paths: Sequence[Path]) -> list[Labelled]:
    """Return the series of files and folders, by name.

    A file with the columns ``timestamp`` and ``value`` is of the Numenta Anomaly Benchmark and needs
    ``combined_windows.json`` in a folder above it; one with ``datetime``, channels and ``anomaly``, separated by
    semicolons, is of the Skoltech Anomaly Benchmark. Files may be gzip-compressed; in folders, files of neither layout
    are passed over.

    Raises
    ------
    Misconfigured
        When a file is not there, not of a known layout or not labelled, with the row where it can be said; or when
        nothing was found.
    """
    found = [one for path in paths for one in _read(path)]
    if not found:
        raise Misconfigured(f"{', '.join(map(str, paths))}: no labelled file of the NAB or SKAB layout")
    return sorted(found, key=lambda one: one.name)


def _read(path: Path) -> list[Labelled]:
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*.csv*") if file.is_file())
        return [one for file in inside if (one := _read_file(file, alone=False)) is not None]
    one = _read_file(path, alone=True)
    return [] if one is None else [one]


def _read_file(path: Path, *, alone: bool) -> Labelled | None:
    text = _text(path)
    header = text.partition("\n")[0].strip()
    if header == "timestamp,value":
        return _read_nab(path, text)
    columns = header.split(";")
    if columns[0] == "datetime" and "anomaly" in columns:
        return _read_skab(path, text)
    if alone:
        raise Misconfigured(f"{path}: columns {header[:80]!r} are neither of NAB nor, with labels, of SKAB")
    return None


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path}: cannot be read as CSV: {error}") from error


def _read_nab(path: Path, text: str) -> Labelled:
    time, values, _ = _columns(path, text, ",", "timestamp", ["value"])
    key = f"{path.parent.name}/{path.name.removesuffix('.gz')}"
    labels = _windows_of(path)
    if key not in labels:
        raise Misconfigured(f"{path}: {WINDOWS} has no entry {key!r}; an empty list means no anomaly")
    windows = sorted((_row(path, time, begin), _row(path, time, end)) for begin, end in labels[key])
    fitted = int(min(_NAB_FITTED * len(time), _NAB_FITTED * 5000))
    return Labelled(key.removesuffix(".csv"), time, values, tuple(windows), (), fitted)


def _windows_of(path: Path) -> Mapping[str, list[list[str]]]:
    for folder in path.resolve().parents:
        labels = folder / WINDOWS
        if labels.is_file():
            try:
                content: Any = json.loads(labels.read_text(encoding="utf-8"))
            except ValueError as error:
                raise Misconfigured(f"{labels}: not JSON: {error}") from error
            if isinstance(content, dict):
                return content
            raise Misconfigured(f"{labels}: an object of lists of [start, end] is expected")
    raise Misconfigured(f"{path}: no {WINDOWS} in a folder above it")


def _row(path: Path, time: NDArray[np.float64], moment: str) -> int:
    place = int(np.searchsorted(time, _instant(path, moment, "a window")))
    if place >= len(time):
        raise Misconfigured(f"{path}: the window at {moment} is behind the last row")
    return place


def _read_skab(path: Path, text: str) -> Labelled:
    header = text.partition("\n")[0].strip().split(";")
    marks = [name for name in ("anomaly", "changepoint") if name in header]
    channels = [name for name in header[1:] if name not in marks]
    time, values, labels = _columns(path, text, ";", "datetime", channels, marks)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels[:, 0] > 0.5, [0]]).astype(np.int8)))
    windows = tuple((int(begin), int(end) - 1) for begin, end in edges.reshape(-1, 2))
    changes = tuple(np.flatnonzero(labels[:, 1] > 0.5).tolist()) if len(marks) > 1 else ()
    if len(time) <= _SKAB_FITTED:
        raise Misconfigured(f"{path}: {len(time)} rows; the first {_SKAB_FITTED} are learned from, so more are needed")
    name = f"{path.parent.name}/{path.name.removesuffix('.gz').removesuffix('.csv')}"
    return Labelled(name, time, values, windows, changes, _SKAB_FITTED)


def _columns(
    path: Path, text: str, separator: str, moment: str, channels: Sequence[str], marks: Sequence[str] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    time: list[float] = []
    values: list[list[float]] = []
    labels: list[list[float]] = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=separator), start=2):
        place = f"row {number}"
        time.append(_instant(path, row[moment], place))
        values.append([_number(path, row[name], place, name) for name in channels])
        labels.append([_number(path, row[name], place, name) for name in marks])
    if len(time) < 2:
        raise Misconfigured(f"{path}: {len(time)} rows; a series has at least 2")
    order = np.argsort(np.array(time), kind="stable")
    return np.array(time)[order], np.array(values)[order], np.array(labels).reshape(len(time), -1)[order]


def _instant(path: Path, text: str | None, place: str) -> float:
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise Misconfigured(f"{path}, {place}: {text!r} is not a time like 2015-09-01 13:45:00") from error


def _number(path: Path, text: str | None, place: str, name: str) -> float:
    try:
        return float(text) if text else np.nan
    except ValueError as error:
        raise Misconfigured(f"{path}, {place}: {name} is {text!r}, not a number") from error
