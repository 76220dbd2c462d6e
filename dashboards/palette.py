"""The only colours of the dashboards: grey is normal, a saturated colour is not (ISA-101).

Contrast against Grafana's dark panel #181b1f is at least 3.8; the dark theme is the default because yellow and orange
vanish on white.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class State(IntEnum):
    """The six states of schema ``dash``; colour by them, compare and sort by :attr:`rank`."""

    NORMAL = 0
    ADVISORY = 1
    MINOR = 2
    MAJOR = 3
    CRITICAL = 4
    NO_DATA = 5

    @property
    def rank(self) -> int:
        """Place in the order of urgency, 0-5: having no data is worse than normal, and less than any alarm."""
        return {State.NORMAL: 0, State.NO_DATA: 1}.get(self, self + 1)


@dataclass(frozen=True, slots=True)
class Paint:
    """A surface colour, and the colour of text that can be read on it."""

    surface: str
    text: str


PAINT: Final = {
    State.NORMAL: Paint("#6E7681", "#FFFFFF"),
    State.ADVISORY: Paint("#5794F2", "#000000"),
    State.MINOR: Paint("#FADE2A", "#000000"),
    State.MAJOR: Paint("#FF9830", "#000000"),
    State.CRITICAL: Paint("#E02F44", "#FFFFFF"),
    State.NO_DATA: Paint("#B877D9", "#000000"),
}

QUIET: Final = PAINT[State.NORMAL].surface
"""What is as it should be, and everything that carries no state: outlines, grids, neutral series."""

ALLOWED: Final = frozenset(part for paint in PAINT.values() for part in (paint.surface, paint.text)) | {"transparent"}


def surface(state: State) -> str:
    """Return the colour that a state is painted in."""
    return PAINT[state].surface
