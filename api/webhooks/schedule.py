"""When to try again: the schedule that Standard Webhooks recommends, with jitter, over three days."""

from datetime import timedelta
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


def pause_after(attempts: int, rng: Generator) -> timedelta | None:
    """Return the pause after a number of failed attempts, at most a tenth longer than planned; None: give up."""
    if attempts > len(SCHEDULE):
        return None
    return SCHEDULE[attempts - 1] * (1 + 0.1 * float(rng.random()))
