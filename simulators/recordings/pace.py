"""When a recorded message is due: at the pace of the recording, faster, paused, or one by one."""

from typing import Final

from citywatch.clock import Clock, to_micros

_FOREVER: Final = 3600.0  # [s]; the question is asked again long before


class Pace:
    """Turns publication times into waiting times.

    Parameters
    ----------
    speed
        How much faster than recorded; None: at once.
    """

    def __init__(self, clock: Clock, speed: float | None = None) -> None:
        self._clock = clock
        self._begun: tuple[int, int] | None = None  # by our clock, by the recording [us]
        self._steps = 0
        self.speed = speed
        self.is_paused = False

    def ahead(self, time: int) -> float:
        """Return how long a message published at ``time`` [us since the epoch] has to wait [s].

        While we are paused, that is long; a step lets one message through.
        """
        if self.is_paused:
            if not self._steps:
                return _FOREVER
            self._steps -= 1
            self._begun = None
            return 0.0
        if self.speed is None:
            return 0.0
        now = to_micros(self._clock.now())
        if self._begun is None:
            self._begun = now, time
        begun, first = self._begun
        return max(0.0, ((time - first) / self.speed - (now - begun)) / 1e6)

    def pause(self) -> None:
        """Send nothing until told to."""
        self.is_paused = True

    def go_on(self) -> None:
        """Go on from the message that is next, without making good the pause."""
        self.is_paused = False
        self._steps = 0
        self._begun = None

    def step(self) -> None:
        """Pause, and let one message through."""
        self.is_paused = True
        self._steps += 1

    def faster(self, factor: float) -> None:
        """Multiply the speed; what is sent at once stays so."""
        if self.speed is not None:
            self.speed *= factor
            self._begun = None
