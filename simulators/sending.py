"""What devices do, as seen from the broker."""

from dataclasses import dataclass, replace
from enum import Enum, auto


class Act(Enum):
    """A device sends, loses its power or its link without a good-bye, or connects anew."""

    SEND = auto()
    LOSE_POWER = auto()
    LOSE_LINK = auto()
    CONNECT = auto()


@dataclass(frozen=True, slots=True)
class Sending:
    """An act of a device at ``time`` [ms since the epoch]; SEND has a ``payload`` with ``readings`` readings.

    ``number`` tells the messages of a device apart; it is the same whenever the simulator was started.
    """

    time: int
    device: int
    act: Act = Act.SEND
    payload: bytes = b""
    readings: int = 0
    number: int = 0

    def at(self, time: int) -> "Sending":
        """Return the same act at another time [ms]."""
        return replace(self, time=time)
