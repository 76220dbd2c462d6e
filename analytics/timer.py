"""Work that is due at intervals."""

from datetime import datetime, timedelta

from citywatch.clock import Clock


class Timer:
    """Says when an interval has passed."""

    def __init__(self, interval: float, clock: Clock) -> None:
        self._interval = timedelta(seconds=interval)
        self._clock = clock
        self._due: datetime | None = None

    def is_due(self) -> bool:
        """Return whether the interval has passed since this was last true; it is true at once."""
        now = self._clock.now()
        if self._due is not None and now < self._due:
            return False
        self._due = now + self._interval
        return True
