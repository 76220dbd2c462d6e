"""Rainflow counting of load cycles."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analytics.methods.ticks import Columns, Floats, observed


@dataclass(frozen=True, slots=True)
class Cycles:
    """Cycles, float64 (k,): ``range`` and ``mean`` [unit of the datastream], ``count`` [-] 1 or 0.5."""

    range: Floats
    mean: Floats
    count: Floats


class Rainflow:
    """Rainflow counting of one datastream, as it comes.

    Formula: of the last three reversals, with ``X`` the newest range and ``Y`` the one before: when ``X >= Y``, ``Y``
    is a cycle, or half a cycle when it begins at the first reversal; what is left at the end are half cycles

    Parameters
    ----------
    values
        Shape (k,), [unit of the datastream]: what :meth:`update` takes.

    Notes
    -----
    ``state`` holds the open reversals [unit of the datastream], the newest still able to move; their number is what it
    has to be, for strain of a bridge some dozens. Values that are missing are left out.

    Examples
    --------
    >>> counting = Rainflow()
    >>> closed, open_ = counting.update(np.array([-2.0, 1, -3, 5, -1, 3, -4, 4, -2])), counting.residue()
    >>> closed.range.tolist(), closed.count.tolist()
    ([3.0, 4.0, 4.0, 8.0], [0.5, 0.5, 1.0, 0.5])
    >>> open_.range.tolist()
    [9.0, 8.0, 6.0]

    References
    ----------
    ASTM E1049-85 (2017), Standard Practices for Cycle Counting in Fatigue Analysis, section 5.4.4 and figure 6.
    """

    def __init__(self) -> None:
        self.state: Columns = {"reversals": np.empty(0)}

    def update(self, values: Floats) -> Cycles:
        """Take values (k,) [unit of the datastream]; return the cycles that they have closed."""
        before = self.state["reversals"]
        settled, moving = before[:-1].tolist(), before[-2:]
        turns = _reversals(np.concatenate([moving, values[observed(values)]]))
        fresh = turns[min(len(moving), 1) : -1].tolist() if len(before) != 1 else turns[:-1].tolist()
        closed: list[tuple[float, float, float]] = []
        for reversal in fresh:
            settled.append(reversal)
            _close(settled, closed)
        self.state["reversals"] = np.array([*settled, *turns[-1:].tolist()])
        return _cycles(closed)

    def residue(self) -> Cycles:
        """Return what would be counted if the datastream ended here."""
        left = self.state["reversals"].tolist()
        closed: list[tuple[float, float, float]] = []
        _close(left, closed)
        closed += [(abs(b - a), (a + b) / 2, 0.5) for a, b in pairwise(left)]
        return _cycles(closed)


def _reversals(values: Floats) -> Floats:
    """Return the first value, where the direction changes, and the last value; repeated values once."""
    if not len(values):
        return values
    values = values[np.append(True, np.diff(values) != 0)]
    rising = np.diff(values) > 0
    inner = np.append(rising[1:] != rising[:-1], [True]) if len(rising) else np.empty(0, dtype=np.bool_)
    return np.asarray(values[np.append(True, inner)], dtype=np.float64)


def _close(reversals: list[float], closed: list[tuple[float, float, float]]) -> None:
    """Take closed cycles off the end of the settled reversals."""
    while len(reversals) >= 3:
        first, second, third = reversals[-3:]
        if abs(third - second) < abs(second - first):
            return
        if len(reversals) == 3:
            closed.append((abs(second - first), (first + second) / 2, 0.5))
            del reversals[0]
        else:
            closed.append((abs(second - first), (first + second) / 2, 1.0))
            del reversals[-3:-1]


def _cycles(rows: list[tuple[float, float, float]]) -> Cycles:
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Cycles(table[:, 0], table[:, 1], table[:, 2])
