"""From scores to changes of severity: what the detectors of all methods share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.tiers import Threshold, TierMachine
from analytics.streams import Block, Streams
from citywatch.model.registry import Datastream
from citywatch.model.rules import Direction, Method, Rule, Severity, Tier


@dataclass(frozen=True, slots=True)
class SeverityChange:
    """The severity of a rule on one datastream changed; ``severity`` None: the trouble is over.

    ``micros`` and ``received`` [us], ``value`` and ``score`` are of the deciding observation.
    """

    rule: Rule
    stream: Datastream
    severity: Severity | None
    micros: int
    received: int
    value: float
    score: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What scores mean: the changes, and the places (k,) of the datastreams that were not plainly normal."""

    changes: list[SeverityChange]
    unrest: NDArray[np.intp]


def thresholds(rule: Rule) -> tuple[Threshold, ...]:
    """Return the tiers of a rule on a scale where larger is worse."""
    sign = -1.0 if rule.method is Method.LIMIT and rule.direction is Direction.BELOW else 1.0

    def turned(tier: Tier) -> Threshold:
        return Threshold(
            severity=tier.severity,
            limit=sign * tier.limit,
            release=sign * tier.limit * rule.dead_band,
            on_delay=tier.on_delay,
            off_delay=rule.off_delay,
        )

    return tuple(turned(tier) for tier in rule.tiers)


def worse(direction: Direction, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values (n,) turned so that larger is worse."""
    match direction:
        case Direction.ABOVE:
            return values
        case Direction.BELOW:
            return -values
        case Direction.BOTH:
            return np.abs(values)


class ScoredRule:
    """A rule on all datastreams it applies to; only those with something under way are looked at one by one."""

    def __init__(self, rule: Rule, streams: Streams) -> None:
        self.rule = rule
        self._streams = streams
        self._thresholds = thresholds(rule)
        self._lowest = min(threshold.limit for threshold in self._thresholds)
        self.applies = np.array(
            [
                stream.kind_id == rule.kind_id and stream.measure.property_id == rule.property_id
                for stream in streams.all
            ],
            dtype=np.bool_,
        )
        self._busy: dict[int, TierMachine] = {}

    def update(self, block: Block, scores: NDArray[np.float64]) -> Judgement:
        """Take the scores (n,) of a block of datastreams the rule applies to; nan scores say nothing."""
        if not len(block):
            return Judgement([], np.empty(0, dtype=np.intp))
        parts = block.segments
        exceeds = np.logical_or.reduceat(scores > self._lowest, parts.starts)
        busy = np.isin(parts.streams, np.array(list(self._busy), dtype=np.intp))
        unrest = np.flatnonzero(exceeds | busy)
        changes: list[SeverityChange] = []
        for part in unrest.tolist():
            first, last = int(parts.starts[part]), int(parts.lasts[part])
            changes += self._walk(int(parts.streams[part]), block, scores, range(first, last + 1))
        return Judgement(changes, parts.streams[unrest])

    def _walk(self, place: int, block: Block, scores: NDArray[np.float64], rows: range) -> list[SeverityChange]:
        machine = self._busy.get(place) or TierMachine(self._thresholds)
        severity = machine.severity
        changes: list[SeverityChange] = []
        times = block.time[rows.start : rows.stop].tolist()
        for row, time, score in zip(rows, times, scores[rows.start : rows.stop].tolist(), strict=True):
            if score != score:  # noqa: PLR0124  # nan
                continue
            now = machine.update(score, time)
            if now != severity:
                severity = now
                changes.append(
                    SeverityChange(
                        rule=self.rule,
                        stream=self._streams.all[place],
                        severity=now,
                        micros=int(block.micros[row]),
                        received=int(block.received[row]),
                        value=float(block.value[row]),
                        score=score,
                    )
                )
        if machine.is_resting:
            self._busy.pop(place, None)
        else:
            self._busy[place] = machine
        return changes

    def to_facts(self) -> dict[str, Any]:
        """Return what is under way, by datastream number."""
        return {str(self._streams.numbers[place]): machine.to_facts() for place, machine in self._busy.items()}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over what :meth:`to_facts` returned."""
        numbers = np.array([int(number) for number in facts], dtype=np.int32)
        for place, saved in zip(self._streams.places(numbers).tolist(), facts.values(), strict=True):
            if place >= 0:
                machine = TierMachine(self._thresholds)
                machine.restore(saved)
                self._busy[place] = machine
