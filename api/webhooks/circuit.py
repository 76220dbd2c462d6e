"""The circuit breaker: an endpoint that fails again and again is left alone, then probed with one delivery at a time.

Closed: everything is sent. Open: nothing is sent until an instant. After it the endpoint still counts as failing and
has one place: the delivery that takes it is the probe. A success closes the circuit.
"""

from datetime import datetime, timedelta
from typing import Final

from numpy.random import Generator

from citywatch.storage.serving.deliveries import Circuit

OPENS_AFTER: Final = 5
"""Failures in a row."""

FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=5)
"""At most so long an endpoint that has recovered waits for the next probe."""


def after_failure(circuit: Circuit, now: datetime, rng: Generator, *, wish: timedelta | None = None) -> Circuit:
    """Return the circuit after a failed attempt; ``wish`` is how long the receiver wants to be left alone."""
    failures = circuit.failures + 1
    pauses = [] if wish is None else [wish]
    if failures >= OPENS_AFTER:
        doubled = FIRST_PAUSE * 2 ** min(failures - OPENS_AFTER, 10)
        pauses.append(min(doubled, LONGEST_PAUSE) * (1 + 0.1 * float(rng.random())))
    ends = [now + pause for pause in pauses] + ([] if circuit.open_until is None else [circuit.open_until])
    return Circuit(failures, max(ends, default=None))


def after_success(circuit: Circuit) -> Circuit:
    """Return the circuit after a delivery: closed."""
    return Circuit() if circuit.failures else circuit


def is_recovery(before: Circuit, after: Circuit) -> bool:
    """Tell whether an endpoint that was given up for a while answers again."""
    return before.failures >= OPENS_AFTER and not after.failures
