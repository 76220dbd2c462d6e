"""The differences of two runs; both are read once, in order, whatever their length."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from math import isclose
from typing import Final

from cli.compare.run import Alarm, Key, Observation, Run

_EXAMPLES: Final = 20  # of each datastream


class Change(StrEnum):
    """What may differ: B has it and A not, A has it and B not, or both have it otherwise."""

    NEW = "new"
    GONE = "gone"
    EARLIER = "earlier"
    LATER = "later"
    SEVERITY = "other severity"
    RESULT = "other result"
    QUALITY = "other quality"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two observations of one datastream and time that differ; one is None where the run has none."""

    change: Change
    a: Observation | None
    b: Observation | None


@dataclass(slots=True)
class StreamDifference:
    """How the observations of a datastream differ: a count of each change, and the first examples."""

    changes: Counter[Change] = field(default_factory=Counter)
    examples: list[Pair] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AlarmPair:
    """An alarm in both runs or one of them, and how it differs; no change when it does not."""

    changes: tuple[Change, ...]
    a: Alarm | None
    b: Alarm | None

    @property
    def one(self) -> Alarm:
        """The alarm of A, else that of B."""
        alarm = self.a or self.b
        assert alarm is not None
        return alarm


@dataclass(slots=True)
class Difference:
    """What differs between run A and run B."""

    names: tuple[str, str]
    observations: tuple[int, int] = (0, 0)
    datastreams: dict[Key, StreamDifference] = field(default_factory=dict)
    alarms: list[AlarmPair] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the runs are the same."""
        return not self.datastreams and not any(pair.changes for pair in self.alarms)

    def observation_changes(self) -> Counter[Change]:
        """Return how often the observations differ in which way."""
        return sum((one.changes for one in self.datastreams.values()), Counter())

    def alarm_changes(self) -> Counter[Change]:
        """Return how often the alarms differ in which way."""
        return Counter(change for pair in self.alarms for change in pair.changes)


def difference_of(a: Run, b: Run, *, tolerance: float, punctual: int, window: int) -> Difference:
    """Compare two runs.

    Parameters
    ----------
    tolerance
        Results that differ by this share of the larger one are the same.
    punctual
        Alarms that differ by no more [us] came at the same time.
    window
        Alarms of one asset and rule that differ by no more [us] are the same alarm, earlier or later.
    """
    found = Difference((a.name, b.name))
    in_a = in_b = 0
    for one, other in _joined(a.observations, b.observations):
        in_a += one is not None
        in_b += other is not None
        change = _change(one, other, tolerance)
        if change is not None:
            stream = found.datastreams.setdefault((one or other).datastream, StreamDifference())  # type: ignore[union-attr]
            stream.changes[change] += 1
            if len(stream.examples) < _EXAMPLES:
                stream.examples.append(Pair(change, one, other))
    found.observations = (in_a, in_b)
    found.alarms = alarm_pairs(a.alarms, b.alarms, punctual=punctual, window=window)
    return found


def alarm_pairs(a: Iterable[Alarm], b: Iterable[Alarm], *, punctual: int, window: int) -> list[AlarmPair]:
    """Return the alarms of two runs side by side, those of each asset and rule matched by time.

    The matching keeps the order, leaves as few alarms alone as it can and among such has the smallest sum of time
    differences; alarms farther apart than ``window`` [us] are different ones.
    """
    in_a, in_b = _by_rule(a), _by_rule(b)
    pairs = []
    for key in sorted({*in_a, *in_b}):
        for one, other in _matched(in_a.get(key, []), in_b.get(key, []), window):
            pairs.append(AlarmPair(_alarm_changes(one, other, punctual), one, other))
    return sorted(pairs, key=lambda pair: (pair.one.time, pair.one.asset_id, pair.one.rule_id))


def _joined(
    a: Iterable[Observation], b: Iterable[Observation]
) -> Iterator[tuple[Observation | None, Observation | None]]:
    """Yield the observations of both, side by side where datastream and time agree."""
    left, right = iter(a), iter(b)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and _place(one) < _place(other)):
            yield one, None
            one = next(left, None)
        elif one is None or _place(other) < _place(one):
            yield None, other
            other = next(right, None)
        else:
            yield one, other
            one, other = next(left, None), next(right, None)


def _place(observation: Observation) -> tuple[Key, int]:
    return observation.datastream, observation.time


def _change(a: Observation | None, b: Observation | None, tolerance: float) -> Change | None:
    if a is None:
        return Change.NEW
    if b is None:
        return Change.GONE
    if not isclose(a.result, b.result, rel_tol=tolerance, abs_tol=0.0):
        return Change.RESULT
    return None if a.quality == b.quality else Change.QUALITY


def _by_rule(alarms: Iterable[Alarm]) -> dict[tuple[str, str], list[Alarm]]:
    ordered = sorted(alarms, key=lambda one: (one.asset_id, one.rule_id, one.time))
    return {key: list(group) for key, group in groupby(ordered, key=lambda one: (one.asset_id, one.rule_id))}


def _matched(a: Sequence[Alarm], b: Sequence[Alarm], window: int) -> list[tuple[Alarm | None, Alarm | None]]:
    """Align two sequences: the cost is (alarms left alone, sum of time differences)."""
    best: list[list[tuple[int, int]]] = [[(0, 0)] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a), -1, -1):
        for j in range(len(b), -1, -1):
            if (i, j) != (len(a), len(b)):
                best[i][j] = min(cost for cost, _ in _steps(a, b, i, j, best, window))
    pairs: list[tuple[Alarm | None, Alarm | None]] = []
    i = j = 0
    while (i, j) != (len(a), len(b)):
        _, (di, dj) = min(_steps(a, b, i, j, best, window))
        pairs.append((a[i] if di else None, b[j] if dj else None))
        i, j = i + di, j + dj
    return pairs


def _steps(
    a: Sequence[Alarm], b: Sequence[Alarm], i: int, j: int, best: list[list[tuple[int, int]]], window: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield what can be done at a place of the alignment: the cost from there on, and how far it leads in A and B."""
    if i < len(a):
        alone, apart = best[i + 1][j]
        yield (alone + 1, apart), (1, 0)
    if j < len(b):
        alone, apart = best[i][j + 1]
        yield (alone + 1, apart), (0, 1)
    if i < len(a) and j < len(b) and (distance := abs(a[i].time - b[j].time)) <= window:
        alone, apart = best[i + 1][j + 1]
        yield (alone, apart + distance), (1, 1)


def _alarm_changes(a: Alarm | None, b: Alarm | None, punctual: int) -> tuple[Change, ...]:
    if a is None:
        return (Change.NEW,)
    if b is None:
        return (Change.GONE,)
    changes = []
    if abs(b.time - a.time) > punctual:
        changes.append(Change.EARLIER if b.time < a.time else Change.LATER)
    if a.severity != b.severity:
        changes.append(Change.SEVERITY)
    return tuple(changes)
