"""Coverage by day, kept up: every day that is over is judged once, and again when what it rests on changes.

Days are due by kind of asset: when they were never judged, when their roll-ups changed since, or when the rule of the
kind is another one. So a changed rule computes the days of its own kind anew, and late data the days they belong to.
Several days are read at once and written in one transaction, so that a run that is broken off goes on where it was.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from analytics.indicators.coverage_days import Days, by_district, judge_days
from citywatch.clock import from_micros, midnight, to_micros
from citywatch.model.coverage import Roster
from citywatch.model.identifiers import KindId
from citywatch.model.registry import CoverageRule
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.coverage_days import (
    read_coverage_rules,
    read_due_days,
    read_first_bucket,
    read_good_by_day,
    read_roster,
    write_days,
)

_CELLS: Final = 3_000_000  # datastreams x days read at once
_LONGEST: Final = 92  # days


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a run is done: days of kinds."""

    done: int
    total: int


def judge_due(
    connection: Connection, *, time_zone: str, at: datetime, first: date | None = None, last: date | None = None
) -> Iterator[Progress]:
    """Judge all days that are due and over at an instant, chunk by chunk; what was yielded is committed.

    Parameters
    ----------
    first, last
        The days to look at; from the first that has a roll-up to the last that is over when absent.
    """
    zone = ZoneInfo(time_zone)
    first = first or _first_day(connection, zone)
    over = at.astimezone(zone).date() - timedelta(days=1)
    if first is None:
        return
    rules = read_coverage_rules(connection)
    due = {
        kind: read_due_days(
            connection, kind, rule=fingerprint(rule), first=first, last=min(last or over, over), zone=time_zone
        )
        for kind, rule in rules.items()
    }
    done, total = 0, sum(map(len, due.values()))
    rosters = {kind: read_roster(connection, kind, rules[kind]) for kind, days in due.items() if days}
    for kinds, days in _chunks(due, rosters):
        chosen = [rosters[kind] for kind in kinds]
        with connection.transaction():
            _judge(connection, chosen, days_of(days, time_zone), at=at)
        done += len(kinds) * len(days)
        yield Progress(done, total)


def fingerprint(rule: CoverageRule) -> str:
    """Return what tells rules apart that judge a day differently: what they require, share and age of calibrations."""
    parts = msgspec.json.encode([rule.required, rule.min_share, rule.calibration_days])
    return hashlib.sha256(parts).hexdigest()[:16]


def days_of(dates: Sequence[date], zone: str) -> Days:
    """Return consecutive days with their bounds in a time zone."""
    every = (*dates, dates[-1] + timedelta(days=1))
    bounds = [to_micros(midnight(day, zone)) for day in every]
    return Days(tuple(dates), np.array(bounds, dtype=np.int64))


def _judge(connection: Connection, rosters: Sequence[Roster], days: Days, *, at: datetime) -> None:
    stream, bucket, good = read_good_by_day(
        connection,
        [roster.kind_id for roster in rosters],
        {name for roster in rosters for name in roster.rule.required},
        begin=from_micros(int(days.bounds[0])),
        end=from_micros(int(days.bounds[-1])),
    )
    day = np.searchsorted(days.bounds, bucket, side="right") - 1
    for roster in rosters:
        counts = _table(roster.datastream_id, stream, day, good, width=len(days))
        verdicts = judge_days(roster, days, counts)
        coverage = by_district(roster, days, verdicts)
        write_days(connection, roster.kind_id, days.dates, coverage, rule=fingerprint(roster.rule), at=at)


def _table(
    wanted: NDArray[np.int32], stream: NDArray[np.int32], day: NDArray[np.intp], good: NDArray[np.int32], *, width: int
) -> NDArray[np.int32]:
    """Return the counts of the wanted datastreams (m,) by day, shape (m, width); a datastream may be wanted twice."""
    known, row_of_wanted = np.unique(wanted, return_inverse=True)
    table = np.zeros((len(known) + 1, width), dtype=np.int32)
    row = np.minimum(np.searchsorted(known, stream), len(known))
    row = np.where(np.append(known, -1)[row] == stream, row, len(known))  # the last row takes what nobody wants
    table[row, day] = good
    return table[row_of_wanted]


def _chunks(
    due: Mapping[KindId, Sequence[date]], rosters: Mapping[KindId, Roster]
) -> Iterator[tuple[Sequence[KindId], Sequence[date]]]:
    """Yield kinds with consecutive days on which all of them are due, in the order of time."""
    days = {kind: frozenset(found) for kind, found in due.items()}
    every = sorted(frozenset().union(*days.values()))
    kinds_of = {day: tuple(sorted(kind for kind, found in days.items() if day in found)) for day in every}
    for kinds, group in groupby(enumerate(every), lambda one: (kinds_of[one[1]], one[1].toordinal() - one[0])):
        streams = max(sum(len(rosters[kind].datastream_id) for kind in kinds[0]), 1)
        size = min(max(_CELLS // streams, 1), _LONGEST)
        run = [day for _, day in group]
        for start in range(0, len(run), size):
            yield kinds[0], run[start : start + size]


def _first_day(connection: Connection, zone: ZoneInfo) -> date | None:
    bucket = read_first_bucket(connection)
    return None if bucket is None else bucket.astimezone(zone).date()
