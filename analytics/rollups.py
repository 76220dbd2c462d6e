"""Roll-ups by minute, hour and day, kept true to the stored observations.

A bucket is never added to: when anything in it changes, it is made anew from what is one step finer, minutes from
observations, hours from minutes, days from hours. So a roll-up is a function of the stored values alone - the order of
arrival, the size of the batches, restarts and the storage level leave no trace in it.

What has changed is read from two places. Newly stored observations, late and back-filled ones among them, are in the
committed batches, which are followed by number. Stored observations that were flagged later are on a list of their own
(``rollup_due``), which the transaction that flags them writes. Buckets, list and position are one transaction.

The same job does this on every storage level; why continuous aggregates of TimescaleDB do not is in docs/adr/0012.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from citywatch.errors import Misconfigured
from citywatch.model.rollups import HOUR, MINUTE, Resolution, touched_spans
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.followers import claim_position
from citywatch.storage.pipeline.rollups import (
    Spans,
    advance,
    begin_snapshot,
    read_stored,
    refresh,
    take_due,
    use_zone,
)

FOLLOWER: Final = "rollups"
_ROWS: Final = 1_000_000  # stored observations of one step, about
_DUE: Final = 2_000  # changed stretches of one step


@dataclass(slots=True)
class Counters:
    """What this process has done since its start."""

    position: int = 0
    observations: int = 0
    changed: int = 0


class Rollups:
    """Keeps the roll-ups on one connection; nobody else may do so meanwhile.

    Parameters
    ----------
    time_zone
        IANA time zone in which days begin at midnight.

    Raises
    ------
    Misconfigured
        The time zone is not whole hours from UTC: days are made of hours.
    Unavailable
        Another process keeps the roll-ups.
    """

    def __init__(self, connection: Connection, *, time_zone: str) -> None:
        _require_whole_hours(time_zone)
        self._connection = connection
        self._zone = time_zone
        with connection.transaction():
            self._position = claim_position(connection, FOLLOWER).outputs_to
            use_zone(connection, time_zone)
        self.counters = Counters(position=self._position)

    def step(self, *, rows: int = _ROWS, due: int = _DUE) -> bool:
        """Refresh what up to about ``rows`` stored and ``due`` changed observations touch; return whether more wait."""
        with self._connection.transaction():
            begin_snapshot(self._connection)
            position, stored = read_stored(self._connection, after=self._position, rows=rows)
            changed = take_due(self._connection, limit=due)
            streams = np.concatenate([*(one.datastream_id for one in stored), changed.datastream_id])
            first = np.concatenate([*(one.phenomenon_time for one in stored), changed.begin])
            last = np.concatenate([*(one.phenomenon_time for one in stored), changed.end])
            minutes = Spans(*touched_spans(streams, first, last, width=MINUTE))
            hours = Spans(*touched_spans(minutes.datastream_id, minutes.begin, minutes.end - 1, width=HOUR))
            refresh(self._connection, Resolution.MINUTE, minutes, zone=self._zone)
            refresh(self._connection, Resolution.HOUR, hours, zone=self._zone)
            refresh(self._connection, Resolution.DAY, hours, zone=self._zone)
            if position > self._position:
                advance(self._connection, position)
        read = sum(len(one) for one in stored)
        self._position = self.counters.position = position
        self.counters.observations += read
        self.counters.changed += len(changed)
        return read >= rows or len(changed) >= due


def _require_whole_hours(time_zone: str) -> None:
    zone = ZoneInfo(time_zone)
    months = (datetime(year, month, 1, tzinfo=UTC) for year in range(2010, 2038) for month in range(1, 13))
    if any((month.astimezone(zone).utcoffset() or timedelta()) % timedelta(hours=1) for month in months):
        raise Misconfigured(
            f"CITYWATCH_TIME_ZONE: days are made of whole hours UTC, and {time_zone} is not whole hours ahead"
            " or behind; choose a zone that is"
        )
