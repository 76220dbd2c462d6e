"""When to try again: the schedule that Standard Webhooks recommends, with jitter, over three days; Retry-After."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from numpy.random import Generator

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
LONGEST_WISH: Final = timedelta(hours=24)
"""How long a receiver may ask us to stay away; longer wishes count as this."""


def pause_after(failures: int, rng: Generator) -> timedelta | None:
    """Return the pause after a number of failed attempts, at most a tenth longer than planned; None: give up."""
    if failures > len(SCHEDULE):
        return None
    return SCHEDULE[failures - 1] * (1 + 0.1 * float(rng.random()))


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return how long a receiver wants to be left alone: seconds or an HTTP date (RFC 9110, 10.2.3).

    None when it says nothing, or nothing that can be understood; never negative, never above ``LONGEST_WISH``.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return LONGEST_WISH if len(text) > 9 else min(timedelta(seconds=int(text)), LONGEST_WISH)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta(0)), LONGEST_WISH)
