"""Time: the only place that asks the machine what time it is.

Inside, an instant is an aware UTC :class:`datetime.datetime`; in columns it is an int64 count of microseconds since
1970-01-01T00:00Z. Local time exists at the edges alone.
"""

from datetime import UTC, date, datetime, timedelta
from time import time_ns
from typing import Protocol
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Where a process takes the time from."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the machine's time in UTC, to the microsecond."""
        return from_micros(time_ns() // 1000)


def to_micros(instant: datetime) -> int:
    """Return microseconds since the epoch.

    Raises
    ------
    ValueError
        The instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC instant that lies ``micros`` microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=micros)


def midnight(day: date, zone: str) -> datetime:
    """Return the instant, in UTC, at which a day begins in an IANA time zone."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
