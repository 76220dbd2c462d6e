"""Targets: the value a figure must reach by a date; indicators: figures about the city, with their definition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from citywatch.model.names import Name
from citywatch.model.progress import Milestone, on_path


class Obligation(StrEnum):
    """How strictly a target is meant."""

    BINDING = "binding"
    EXPECTED = "expected"


class Direction(StrEnum):
    """On which side of the target value the figure must be."""

    AT_LEAST = "at-least"
    AT_MOST = "at-most"


class Formula(StrEnum):
    """How citywatch computes an indicator; each is a statement in ``indicators.sql`` that says what is counted."""

    COVERAGE = "coverage"
    REGISTERED = "registered"
    DISTRICTS_CONNECTED = "districts_connected"
    LAMPS_LIT = "lamps_lit"
    ROADS_WITHIN_DARK_CAP = "roads_within_dark_cap"
    LAMPS_INSTALLED = "lamps_installed"
    FACILITIES_INTACT = "facilities_intact"
    HANDLED_IN_TIME = "handled_in_time"
    WITHOUT_SEVERE_ALARM = "without_severe_alarm"
    POINTS_REMEDIED = "points_remedied"
    CLEARED_IN_TIME = "cleared_in_time"
    DEVICES_ONLINE = "devices_online"
    DATA_COMPLETE = "data_complete"
    RESPONSE_MEDIAN = "response_median"
    CLOSED_IN_TIME = "closed_in_time"


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure about the city: formula with its parameters, unit, definition in words."""

    indicator_id: str
    name: Name
    definition: Name
    unit: str
    formula: Formula
    parameters: Mapping[str, float | str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """The value that a figure must reach.

    The figure is the indicator ``indicator_id``; ``None``: it is entered by hand. ``deadline`` is None where the
    document names no date. ``path`` goes from the baseline through planned milestones to the target; it is empty
    where there is no baseline with a date. ``document`` is what ``source`` stands for.
    """

    target_id: str
    name: Name
    unit: str
    baseline: Milestone | None
    baseline_says: str
    value: float
    deadline: date | None
    direction: Direction
    obligation: Obligation
    source: str
    document: str
    indicator_id: str | None
    plan: tuple[Milestone, ...] = ()

    @property
    def linear(self) -> Sequence[Milestone]:
        """The straight path from the baseline to the target."""
        if self.baseline is None or self.deadline is None:
            return ()
        return (self.baseline, Milestone(self.deadline, self.value))

    @property
    def planned(self) -> Sequence[Milestone]:
        """The path through the planned milestones; the straight one where none are named."""
        line = self.linear
        return (line[0], *self.plan, line[-1]) if line else ()

    def is_met(self, value: float) -> bool:
        """Return whether a value is on the right side."""
        return value >= self.value if self.direction is Direction.AT_LEAST else value <= self.value


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """A value that somebody entered for a target: of which day, by whom, when."""

    target_id: str
    day: date
    value: float
    author: str
    note: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class IndicatorFigure:
    """An indicator over a span of days, of a district, or of the city when ``district_id`` is empty.

    ``value`` is in the unit of the indicator, ``None``: nothing to judge. Of shares, ``numerator`` and ``denominator``
    are the counts.
    """

    indicator_id: str
    district_id: str
    first: date
    last: date
    value: float | None
    numerator: float | None
    denominator: float | None
    computed_at: datetime


class Standing(StrEnum):
    """How a target stands."""

    MET = "met"
    ON_TRACK = "on-track"
    BEHIND = "behind"
    OVERDUE = "overdue"
    OPEN = "open"
    NO_DATA = "no-data"


def standing(target: Target, value: float | None, day: date) -> Standing:
    """Return how a target stands on a day; ``OPEN``: not met, and no path says how far it should be."""
    if value is None:
        return Standing.NO_DATA
    if target.is_met(value):
        return Standing.MET
    if target.deadline is not None and day > target.deadline:
        return Standing.OVERDUE
    needed = on_path(target.planned, day)
    if needed is None:
        return Standing.OPEN
    ahead = value >= needed if target.direction is Direction.AT_LEAST else value <= needed
    return Standing.ON_TRACK if ahead else Standing.BEHIND


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target with the newest value of its figure, what the paths ask for on that day, and how it stands."""

    target: Target
    day: date
    value: float | None
    value_day: date | None
    entered_by: str | None
    on_linear: float | None
    on_plan: float | None
    standing: Standing
