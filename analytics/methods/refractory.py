"""Refractory time with escalation: the same trouble is said once, unless it grows."""

import numpy as np
from scipy.ndimage import maximum_filter1d

from analytics.methods.ticks import Columns, Floats, Places, lined_up, rows_of


class Refractory:
    """Scores of m datastreams that are larger than all of the last ``length`` ones.

    Formula: ``y[i] = x[i] if x[i] > growth * max(x[i - length], ..., x[i - 1]) else 0``

    Parameters
    ----------
    count
        Number of datastreams.
    length
        Refractory time [samples], >= 1; 80 to 120 is fine for most.
    growth
        How much larger a score has to be to be heard within that time [-], >= 1.

    Notes
    -----
    ``update`` takes scores >= 0 and returns them or 0 [unit of the score]. What stays high stays silent after its first
    peak, what climbs is heard again at each new one: give it calibrated scores and hold them against a limit.

    Examples
    --------
    >>> Refractory(1, 3).update(np.array([[5.0], [4.0], [6.0], [1.0], [1.0], [2.0], [3.0]])).ravel().tolist()
    [5.0, 0.0, 6.0, 0.0, 0.0, 0.0, 3.0]

    References
    ----------
    Lavin and Ahmad 2015, ICMLA, 38-44: the cost of repeated detections in the Numenta Anomaly Benchmark.
    """

    def __init__(self, count: int, length: int, *, growth: float = 1.0) -> None:
        if length < 1 or growth < 1:
            raise ValueError("length >= 1 and growth >= 1")
        self._length = length
        self._growth = growth
        self.state: Columns = {"newest": np.full((count, length), np.nan)}

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of scores [unit of the score]; return those that are news, 0 for the others."""
        kept = np.full(block.shape, np.nan)
        if not block.size:
            return kept
        with rows_of(self.state, places) as rows:
            line, order, rows["newest"] = lined_up(block, rows["newest"])
        filled = np.where(np.isnan(line), -np.inf, line)
        half = self._length // 2
        before = maximum_filter1d(filled, self._length, axis=0, mode="nearest")[half : half + len(block)]
        values = line[self._length :]
        news = np.where(np.isnan(values), np.nan, np.where(values > self._growth * before, values, 0.0))
        np.put_along_axis(kept, order, news, axis=0)
        return kept
