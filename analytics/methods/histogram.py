"""Histograms of durations on a fixed 1-2-5 scale: counts that add up, and quantiles out of them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_STEPS: Final = [mantissa * 10.0**exponent for exponent in range(-2, 5) for mantissa in (1, 2, 5)]

LATENESS_EDGES: Final = np.array([*_STEPS, 1e5])
"""Bounds [s] of the bins of durations, (22,); the first bin holds everything below 10 ms, negative ones too."""

SKEW_EDGES: Final = np.concatenate([-LATENESS_EDGES[::-1], LATENESS_EDGES])
"""Bounds [s] of the bins of differences with a sign, (44,); the middle bin is -10 ms to 10 ms."""


def counts(
    values: NDArray[np.float64], group: NDArray[np.intp], groups: int, edges: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return how many values of each group fall into each bin, int64 (groups, len(edges) + 1)."""
    bins = len(edges) + 1
    place = group * bins + np.searchsorted(edges, values, side="right")
    return np.bincount(place, minlength=groups * bins).reshape(groups, bins).astype(np.int64)


def quantile(
    bin_counts: Sequence[int] | NDArray[np.int64], edges: NDArray[np.float64], share: float, *, low: float, high: float
) -> float:
    """Return the quantile of a histogram, linear within a bin; ``low`` and ``high`` are the extremes of the values.

    The result lies in the same bin as the exact quantile, so it is wrong by a factor of 2.5 at most.
    """
    ends = np.concatenate([[low], np.clip(edges, low, high), [high]])
    filled = np.concatenate([[0], np.cumsum(bin_counts)])
    wanted = share * filled[-1]
    place = int(np.searchsorted(filled, wanted, side="left"))
    if place == 0:
        return low
    begin, end = filled[place - 1], filled[place]
    return float(ends[place - 1] + (ends[place] - ends[place - 1]) * (wanted - begin) / (end - begin))
