"""Roll-ups by minute, hour and day, kept true to the stored observations.

A bucket is never added to: when anything in it changes, it is made anew from what is one step finer, minutes from
observations, hours from minutes, days from hours. So a roll-up is a function of the stored values alone - the order of
arrival, the size of the batches, restarts and the storage level leave no trace in it.

What has changed is read from two places. Newly stored observations, late and back-filled ones among them, are in the
committed batches, which are followed by number. Stored observations that were flagged later are on a list of their own
(``rollup_due``), which the transaction that flags them writes. Buckets, list and position are one transaction.

A bucket whose finer data were given up (:mod:`analytics.retention`) cannot be made anew. Values that arrive that late
are added to it straight from their batch, which is read once.

Hours of the whole city are sums over its datastreams. They are forgotten in the transaction that changes one of these,
and made anew when nothing else waits; until then readers add them up themselves.

The same job does this on every storage level; why continuous aggregates of TimescaleDB do not is in docs/adr/0012.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from citywatch.errors import Misconfigured
from citywatch.model.observations import Observations, joined
from citywatch.model.rollups import HOUR, MINUTE, Resolution, touched_spans
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.city_rollups import forget_hours, make_hours
from citywatch.storage.pipeline.followers import claim_position
from citywatch.storage.pipeline.retention import give_up
from citywatch.storage.pipeline.rollups import (
    Spans,
    advance,
    begin_snapshot,
    fold,
    read_horizons,
    read_stored,
    refresh,
    remove_late,
    take_due,
    use_zone,
)

FOLLOWER: Final = "rollups"
_ROWS: Final = 1_000_000  # stored observations of one step, about
_DUE: Final = 2_000  # changed stretches of one step
_CITY_HOURS: Final = 24  # hours of the whole city made in one step


@dataclass(slots=True)
class Counters:
    """What this process has done since its start."""

    position: int = 0
    observations: int = 0
    changed: int = 0
    removed: int = 0


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

    def step(self, *, rows: int = _ROWS, due: int = _DUE, give_up_at: datetime | None = None) -> bool:
        """Refresh what up to about ``rows`` stored and ``due`` changed observations touch; return whether more wait.

        When nothing waits any more, data are given up that are older at ``give_up_at`` than their system keeps them.
        """
        with self._connection.transaction():
            begin_snapshot(self._connection)
            position, batches = read_stored(self._connection, after=self._position, rows=rows)
            stored, changed = joined(batches), take_due(self._connection, limit=due)
            self._refresh(stored, changed)
            more = len(stored) >= rows or len(changed) >= due
            if position > self._position:
                advance(self._connection, position)
            if give_up_at is not None and not more:
                give_up(self._connection, at=give_up_at, zone=self._zone)
        self._position = self.counters.position = position
        self.counters.observations += len(stored)
        self.counters.changed += len(changed)
        return more

    def make_city_hours(self, *, at: datetime, limit: int = _CITY_HOURS) -> bool:
        """Add up to ``limit`` hours of the whole city up that have ended at an instant; return whether more wait."""
        with self._connection.transaction():
            begin_snapshot(self._connection)
            return make_hours(self._connection, before=at - timedelta(hours=1), limit=limit) >= limit

    def _refresh(self, stored: Observations, changed: Spans) -> None:
        streams = np.concatenate([stored.datastream_id, changed.datastream_id])
        first = np.concatenate([stored.phenomenon_time, changed.begin])
        last = np.concatenate([stored.phenomenon_time, changed.end])
        minutes = Spans(*touched_spans(streams, first, last, width=MINUTE))
        hours = Spans(*touched_spans(streams, first, last, width=HOUR))
        forget_hours(self._connection, hours.instants(width=HOUR))
        horizons = read_horizons(self._connection, streams)
        of_stored, time = horizons.place(stored.datastream_id), stored.phenomenon_time
        # resolution, what it touches, up to where the finer data are given up, and up to where it is itself
        for resolution, spans, finer, own in (
            (Resolution.MINUTE, minutes, horizons.observations, horizons.minutes),
            (Resolution.HOUR, hours, horizons.minutes, horizons.hours),
            (Resolution.DAY, hours, horizons.hours, horizons.days),
        ):
            kept = spans.after(finer[horizons.place(spans.datastream_id)])
            refresh(self._connection, resolution, kept, zone=self._zone)
            late = (time < finer[of_stored]) & (time >= own[of_stored])
            fold(self._connection, resolution, stored.take(late), zone=self._zone)
        remove_late(self._connection, stored.take(time < horizons.observations[of_stored]))


def _require_whole_hours(time_zone: str) -> None:
    zone = ZoneInfo(time_zone)
    months = (datetime(year, month, 1, tzinfo=UTC) for year in range(2010, 2038) for month in range(1, 13))
    if any((month.astimezone(zone).utcoffset() or timedelta()) % timedelta(hours=1) for month in months):
        raise Misconfigured(
            f"CITYWATCH_TIME_ZONE: days are made of whole hours UTC, and {time_zone} is not whole hours ahead"
            " or behind; choose a zone that is"
        )
