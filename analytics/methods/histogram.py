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
    """Return the quantile of a histogram, linear within a bin.

    Formula: ``a + (b - a) * (share * N - F(a)) / (F(b) - F(a))``, ``F`` the counts up to a bound, ``a`` to ``b`` the
    bin where they pass ``share * N``

    Parameters
    ----------
    bin_counts
        Shape (len(edges) + 1,), >= 0, not all 0.
    edges
        Bounds of the bins, rising, [unit of the values].
    share
        Which quantile, 0 to 1.
    low, high
        Extremes of the values, [unit of the values]; they bound the outermost bins.

    Returns
    -------
    quantile
        [unit of the values]; in the bin of the exact quantile, so on a 1-2-5 scale wrong by a factor of 2.5 at most.

    Examples
    --------
    >>> quantile([0, 4, 4, 0], np.array([1.0, 2.0, 3.0]), 0.75, low=1.0, high=3.0)
    2.5

    References
    ----------
    Prometheus documentation, "histogram_quantile": the same linear interpolation within a bucket.
    """
    ends = np.concatenate([[low], np.clip(edges, low, high), [high]])
    filled = np.concatenate([[0], np.cumsum(bin_counts)])
    wanted = share * filled[-1]
    place = int(np.searchsorted(filled, wanted, side="left"))
    if place == 0:
        return low
    begin, end = filled[place - 1], filled[place]
    inside = ends[place - 1] + (ends[place] - ends[place - 1]) * (wanted - begin) / (end - begin)
    return float(min(inside, ends[place]))  # rounding may have carried it beyond the bin
