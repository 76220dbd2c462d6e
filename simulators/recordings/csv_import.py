"""From CSV files to recorded messages; of every row it is known what became of it."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from citywatch.clock import to_micros
from citywatch.model.identifiers import IDENTIFIER
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.topics import PREFIX, TopicKind
from simulators.recordings.layout import FileShape, Layout, ValueColumn
from simulators.recordings.message import RecordedMessage
from simulators.recordings.table import Table
from simulators.recordings.writing import RecordingWriter

_STEP: Final = 5_000  # messages between two calls of progress
Row = Mapping[str, str]


class Skipped(StrEnum):
    """Why a cell of a value column became no reading."""

    RAGGED_ROW = "ragged_row"
    NO_TIME = "no_time"
    NO_SENSOR = "no_sensor"
    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"


@dataclass(slots=True)
class ColumnAccount:
    """What became of a column: every row of the file is a reading, or skipped for one reason."""

    rows: int = 0
    readings: int = 0
    skipped: Counter[Skipped] = field(default_factory=Counter)

    def is_balanced(self) -> bool:
        """Return whether every row is accounted for."""
        return self.rows == self.readings + self.skipped.total()


@dataclass(slots=True)
class FileAccount:
    """What became of a file: rows below the header, messages, and each value column."""

    path: Path
    rows: int = 0
    messages: int = 0
    columns: dict[str, ColumnAccount] = field(default_factory=dict)

    @property
    def readings(self) -> int:
        """How many readings the file gave."""
        return sum(column.readings for column in self.columns.values())

    @property
    def skipped(self) -> Counter[Skipped]:
        """How many cells of value columns gave none, by reason."""
        return sum((column.skipped for column in self.columns.values()), Counter())


def import_files(
    paths: Sequence[Path],
    layout: Layout,
    writer: RecordingWriter,
    *,
    rows: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _size: None,
) -> list[FileAccount]:
    """Write the readings of CSV files to a recording in the order of their times, and return what became of each.

    All files are open at once and one pack per sensor is in memory, whatever their length.

    Parameters
    ----------
    rows
        Read that many rows of every file; None reads all.
    progress
        Called from time to time with the bytes read and the bytes of all files.

    Raises
    ------
    Misconfigured
        A file does not fit the layout, cannot be read, or ends in the middle.
    """
    accounts = [FileAccount(path) for path in paths]
    with ExitStack() as files:
        shapes = [layout.shape_of(path) for path in paths]
        tables = [files.enter_context(closing(Table(path, shape))) for path, shape in zip(paths, shapes, strict=True)]
        size = sum(table.size for table in tables)
        streams = [
            _Import(table, shape, account).messages(rows)
            for table, shape, account in zip(tables, shapes, accounts, strict=True)
        ]
        for number, message in enumerate(merge(*streams, key=lambda message: message.log_time), start=1):
            writer.write(message)
            if number % _STEP == 0:
                progress(sum(table.position for table in tables), size)
        progress(size, size)
    return accounts


class _Import:
    """Turns the rows of one file into messages: one sensor's readings of ``pack`` rows leave together."""

    def __init__(self, table: Table, shape: FileShape, account: FileAccount) -> None:
        self._table = table
        self._shape = shape
        self._zone = ZoneInfo(shape.time.zone)
        self._account = account
        account.columns = {value.column: ColumnAccount() for value in shape.values}
        self._packs: dict[str, list[tuple[int, Sequence[tuple[ValueColumn, float]]]]] = {}

    def messages(self, limit: int | None) -> Iterator[RecordedMessage]:
        """Yield the messages of up to ``limit`` rows; a pack leaves with its last row."""
        for cells in islice(self._table.rows(), limit):
            for sensor in self._take(cells):
                if len(self._packs[sensor]) >= self._shape.pack:
                    yield self._message(sensor)
        left = [(pack[-1][0], sensor) for sensor, pack in self._packs.items()]
        yield from (self._message(sensor) for _, sensor in sorted(left))

    def _take(self, cells: Sequence[str] | None) -> Sequence[str]:
        """Account for a row and put its readings into packs; return the sensors that have any."""
        self._account.rows += 1
        for column in self._account.columns.values():
            column.rows += 1
        if cells is None:
            self._skip_all(Skipped.RAGGED_ROW)
            return ()
        row = dict(zip(self._table.header, cells, strict=False))
        time = self._time(row)
        if time is None:
            self._skip_all(Skipped.NO_TIME)
            return ()
        readings: dict[str, list[tuple[ValueColumn, float]]] = {}
        for value in self._shape.values:
            sensor, number = _sensor(value, row), _number(row[value.column])
            account = self._account.columns[value.column]
            if sensor is None:
                account.skipped[Skipped.NO_SENSOR] += 1
            elif isinstance(number, Skipped):
                account.skipped[number] += 1
            else:
                account.readings += 1
                readings.setdefault(sensor, []).append((value, number))
        for sensor, numbers in readings.items():
            self._packs.setdefault(sensor, []).append((time, numbers))
        return tuple(readings)

    def _skip_all(self, reason: Skipped) -> None:
        for column in self._account.columns.values():
            column.skipped[reason] += 1

    def _time(self, row: Row) -> int | None:
        """Return the time of a row [us since the epoch]; None when it names none, or one before 1970."""
        try:
            time = to_micros(self._shape.time.parse(row[self._shape.time.column].strip(), self._zone))
        except (ValueError, OverflowError):
            return None
        return time if time >= 0 else None

    def _message(self, sensor: str) -> RecordedMessage:
        pack = self._packs.pop(sensor)
        self._account.messages += 1
        begin, newest = pack[0][0], max(time for time, _ in pack)
        records = [
            SenmlRecord(n=value.property_id, u=value.unit, t=(time - begin) / 1e6 or None, v=number)
            for time, numbers in pack
            for value, number in numbers
        ]
        records[0] = replace(records[0], bt=begin / 1e6)
        topic = f"{PREFIX}/{sensor}/{TopicKind.SENML}"
        return RecordedMessage(topic, encode_senml(records), CONTENT_TYPE, newest, newest)


def _sensor(value: ValueColumn, row: Row) -> str | None:
    """Return ``district/system/asset/sensor``; None when a cell that stands for a level is no identifier."""
    sensor = value.sensor
    for column in value.places:
        name = row[column].strip().lower()
        if not IDENTIFIER.fullmatch(name):
            return None
        sensor = sensor.replace(f"{{{column}}}", name)
    return sensor


def _number(cell: str) -> float | Skipped:
    if not cell.strip():
        return Skipped.EMPTY
    try:
        number = float(cell)
    except ValueError:
        return Skipped.NOT_A_NUMBER
    return number if math.isfinite(number) else Skipped.NOT_A_NUMBER
