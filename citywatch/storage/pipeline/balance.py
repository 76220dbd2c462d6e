"""Whether what was received is accounted for: ledger against itself, against the batches, against the observations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from psycopg import IsolationLevel

from citywatch.clock import from_micros, to_micros
from citywatch.model.observations import Observations
from citywatch.storage.columns import from_bytes
from citywatch.storage.connection import Connection, translated
from citywatch.storage.pipeline.ledger import LedgerTotals
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "balance.sql")
_MINUTE: Final = 60_000_000  # [us]
MinuteOfSource = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class UnbalancedMinute:
    """A minute of reception and a source whose readings are not accounted for."""

    minute: datetime
    source: str
    received: int
    stored: int
    duplicate: int
    conflict: int
    rejected: int

    def __str__(self) -> str:
        known = self.stored + self.duplicate + self.conflict + self.rejected
        return (
            f"{self.source} at {self.minute:%Y-%m-%d %H:%M} received {self.received} readings and accounts for {known}"
            f" ({self.stored} stored, {self.duplicate} duplicate, {self.conflict} conflict, {self.rejected} rejected)"
        )


@dataclass(frozen=True, slots=True)
class Imbalance:
    """How many readings in how many minutes of sources are not accounted for, and the oldest of these minutes."""

    minutes: int
    readings: int
    oldest: UnbalancedMinute

    def __str__(self) -> str:
        return f"the ledger does not balance: {self.oldest}"


@dataclass(frozen=True, slots=True)
class StoredDifference:
    """A minute and source of which ledger, batches and observations do not say the same number of stored rows.

    Waveform blocks are rows too; of them the batches keep no copy, so those that are there count for both.
    """

    minute: datetime
    source: str
    ledger: int
    batches: int
    observations: int

    def __str__(self) -> str:
        return (
            f"{self.source} at {self.minute:%Y-%m-%d %H:%M}: the ledger says {self.ledger} stored,"
            f" the batches {self.batches}, and {self.observations} of these are observations"
        )


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What a comparison row by row found; ``pruned`` batches could not be read any more."""

    begin: datetime
    end: datetime
    rows: int
    pruned: int
    differences: Sequence[StoredDifference]


@dataclass(frozen=True, slots=True)
class OpenLetters:
    """Dead letters of one reason that wait for somebody."""

    reason: str
    letters: int
    first_at: datetime
    last_at: datetime


def read_unbalanced(connection: Connection, *, since: datetime, limit: int) -> list[UnbalancedMinute]:
    """Return minutes and sources that do not balance, newest first."""
    values = {"since": since, "limit": limit}
    with translated():
        return [UnbalancedMinute(*row) for row in connection.execute(_SQL["unbalanced"], values)]


def read_imbalance(connection: Connection, *, since: datetime) -> Imbalance | None:
    """Return what the ledger cannot account for since an instant, or since the minute an open alarm speaks of."""
    with translated():
        row = connection.execute(_SQL["imbalance"], {"since": since}).fetchone()
    return None if row is None else Imbalance(row[0], row[1], UnbalancedMinute(*row[2:]))


def read_sums(connection: Connection, *, since: datetime) -> LedgerTotals:
    """Return the sums of the ledger over all sources since an instant."""
    with translated():
        row = connection.execute(_SQL["sums"], {"since": since}).fetchone()
    assert row is not None
    return LedgerTotals(*row)


def read_stored_totals(connection: Connection) -> tuple[int, int]:
    """Return how many rows were ever stored, as the ledger and as the batches say."""
    with translated():
        row = connection.execute(_SQL["stored_totals"]).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def compare_stored(connection: Connection, *, end: datetime, longest: timedelta, most_rows: int) -> StoredReport:
    """Look for every row that the batches say they stored, by minute of reception and source.

    Covers up to ``longest`` before ``end``, less when that were more than ``most_rows`` rows. One snapshot, so work
    in progress makes no difference.
    """
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with translated(), connection.transaction():
            return _compare(connection, end, longest, most_rows)
    finally:
        connection.isolation_level = None


@dataclass(slots=True)
class _Counts:
    batches: Counter[MinuteOfSource] = field(default_factory=Counter)
    observations: Counter[MinuteOfSource] = field(default_factory=Counter)
    pruned: int = 0


def _compare(connection: Connection, end: datetime, longest: timedelta, most_rows: int) -> StoredReport:
    end = from_micros(to_micros(end) // _MINUTE * _MINUTE)
    begin = from_micros(to_micros(end - longest) // _MINUTE * _MINUTE)
    stored = {(minute, source): int(count) for minute, source, count in _ledger(connection, begin, end)}
    while sum(stored.values()) > most_rows and end - begin > timedelta(minutes=1):
        begin = from_micros(to_micros(begin + (end - begin) / 2) // _MINUTE * _MINUTE)
        stored = {key: count for key, count in stored.items() if key[0] >= begin}
    found = _count(connection, begin, end)
    keys = sorted(stored.keys() | found.batches.keys())
    triples = [(key, stored.get(key, 0), found.batches[key], found.observations[key]) for key in keys]
    wrong = _wrong_districts(triples)
    differences = [
        StoredDifference(*key, *counts)
        for key, *counts in triples
        if len(set(counts)) > 1 and (key[0], _district(key[1])) in wrong
    ]
    return StoredReport(begin, end, found.batches.total(), found.pruned, [] if found.pruned else differences)


def _wrong_districts(triples: Sequence[tuple[MinuteOfSource, int, int, int]]) -> set[tuple[datetime, str]]:
    """Return minutes and districts whose sums differ.

    A message of a Sparkplug edge node may hold readings of several systems of its district; the ledger counts it whole
    under the first of them.
    """
    sums: dict[tuple[datetime, str], list[int]] = {}
    for (minute, source), *counts in triples:
        total = sums.setdefault((minute, _district(source)), [0, 0, 0])
        total[:] = (one + more for one, more in zip(total, counts, strict=True))
    return {key for key, total in sums.items() if len(set(total)) > 1}


def _district(source: str) -> str:
    return source.partition("/")[0]


def _ledger(connection: Connection, begin: datetime, end: datetime) -> Iterator[tuple[datetime, str, int]]:
    yield from connection.execute(_SQL["stored_by_minute"], {"begin": begin, "end": end})


def _count(connection: Connection, begin: datetime, end: datetime) -> _Counts:
    """Count the rows that batches stored and those of them that are there."""
    counts = _Counts()
    sources = {int(number): str(source) for number, source in connection.execute(_SQL["sources"])}
    numbers = [number for (number,) in connection.execute(_SQL["batches_since"], {"begin": begin})]
    for minute, stream, count in connection.execute(_SQL["blocks"], {"begin": begin, "end": end}):
        key = (minute, sources.get(stream, "?"))
        counts.batches[key] += count
        counts.observations[key] += count
    for number in numbers:
        row = connection.execute(_SQL["batch_columns"], {"batch_no": number}, binary=True).fetchone()
        if row is None or row[0] is None:
            counts.pruned += 1
            continue
        rows = from_bytes(row[0])
        rows = rows.take((rows.received_time >= to_micros(begin)) & (rows.received_time < to_micros(end)))
        if not len(rows):
            continue
        keys = [
            (from_micros(micros // _MINUTE * _MINUTE), sources.get(stream, "?"))
            for micros, stream in zip(rows.received_time.tolist(), rows.datastream_id.tolist(), strict=True)
        ]
        counts.batches.update(keys)
        lacking = set(_lacking(connection, rows))
        counts.observations.update(key for place, key in enumerate(keys) if place not in lacking)
    return counts


def _lacking(connection: Connection, rows: Observations) -> list[int]:
    values = {
        "streams": rows.datastream_id.tolist(),
        "times": [from_micros(micros) for micros in rows.phenomenon_time.tolist()],
        "first": from_micros(int(np.min(rows.phenomenon_time))),
        "last": from_micros(int(np.max(rows.phenomenon_time))),
    }
    return [place for (place,) in connection.execute(_SQL["lacking"], values)]


def read_open_letters(connection: Connection) -> list[OpenLetters]:
    """Return the open dead letters by reason, the most frequent first."""
    with translated():
        return [OpenLetters(*row) for row in connection.execute(_SQL["open_letters"])]


def read_conflicts(connection: Connection, *, since: datetime, limit: int) -> list[tuple[str, int]]:
    """Return the datastreams (asset/sensor/property) with the most conflicts since an instant, and how many."""
    with translated():
        rows = connection.execute(_SQL["conflicts"], {"since": since, "limit": limit})
        return [(f"{asset}/{sensor}/{what}", int(count)) for asset, sensor, what, count in rows]


def read_missing(connection: Connection, *, since: datetime, limit: int) -> list[tuple[str, int]]:
    """Return the sensors (asset/sensor) with the most missing messages since an instant, and how many."""
    with translated():
        rows = connection.execute(_SQL["missing"], {"since": since, "limit": limit})
        return [(f"{asset}/{sensor}", int(count)) for asset, sensor, count in rows]


def count_waiting_devices(connection: Connection) -> int:
    """Return how many batches the device ledger has not taken in."""
    with translated():
        row = connection.execute(_SQL["waiting_devices"]).fetchone()
    assert row is not None
    return int(row[0])


def read_liveness(connection: Connection) -> tuple[int, int, int]:
    """Return how many sensors are online, late and offline."""
    with translated():
        row = connection.execute(_SQL["liveness"]).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])
