"""On delay, dead band and off delay of the tiers of a rule, for one datastream."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from citywatch.model.rules import Severity


class Phase(StrEnum):
    """Where a tier stands."""

    REST = "rest"
    RISING = "rising"  # beyond its limit, not yet for the on delay
    HELD = "held"
    FALLING = "falling"  # back behind the dead band, not yet for the off delay


@dataclass(frozen=True, slots=True)
class Threshold:
    """A tier on a scale where larger is worse: it holds above ``limit``, and lets go below ``release``."""

    severity: Severity
    limit: float
    release: float
    on_delay: float
    off_delay: float


@dataclass(slots=True)
class TierState:
    """Phase of a tier and since when [s]."""

    phase: Phase = Phase.REST
    since: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the tier counts: a falling one still does."""
        return self.phase in (Phase.HELD, Phase.FALLING)

    def update(self, threshold: Threshold, score: float, time: float) -> None:
        """Take one score at a time [s]."""
        beyond, released = score > threshold.limit, score < threshold.release
        if self.phase is Phase.REST and beyond:
            self.phase, self.since = Phase.RISING, time
        elif self.phase is Phase.RISING and not beyond:
            self.phase = Phase.REST
        elif self.phase is Phase.HELD and released:
            self.phase, self.since = Phase.FALLING, time
        elif self.phase is Phase.FALLING and not released:
            self.phase = Phase.HELD
        if self.phase is Phase.RISING and time - self.since >= threshold.on_delay:
            self.phase = Phase.HELD
        elif self.phase is Phase.FALLING and time - self.since >= threshold.off_delay:
            self.phase = Phase.REST


@dataclass(slots=True)
class TierMachine:
    """All tiers of a rule for one datastream."""

    thresholds: tuple[Threshold, ...]
    states: list[TierState] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.states:
            self.states = [TierState() for _ in self.thresholds]

    @property
    def is_resting(self) -> bool:
        """Whether nothing is under way, so that scores below every limit need no look."""
        return all(state.phase is Phase.REST for state in self.states)

    @property
    def severity(self) -> Severity | None:
        """Severity of the worst tier that holds."""
        held = [
            threshold.severity for threshold, state in zip(self.thresholds, self.states, strict=True) if state.holds
        ]
        return max(held, default=None)

    def update(self, score: float, time: float) -> Severity | None:
        """Take one score at a time [s]; return the severity that holds now."""
        for threshold, state in zip(self.thresholds, self.states, strict=True):
            state.update(threshold, score, time)
        return self.severity

    def to_facts(self) -> list[Any]:
        """Return the state as plain values."""
        return [[state.phase.value, state.since] for state in self.states]

    def restore(self, facts: list[Any]) -> None:
        """Take over what :meth:`to_facts` returned; a rule whose tiers have changed starts at rest."""
        if len(facts) == len(self.states):
            self.states = [TierState(Phase(phase), since) for phase, since in facts]
