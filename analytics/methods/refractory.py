"""Refractory time with escalation: the same trouble is said once, unless it grows."""

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed


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
        self.state: Columns = {
            "newest": np.full((count, length), -np.inf),  # a ring
            "seen": np.zeros(count, dtype=np.int64),
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of scores [unit of the score]; return those that are news, 0 for the others."""
        kept = np.full(block.shape, np.nan)
        newest, seen = self.state["newest"], self.state["seen"]
        streams = np.arange(block.shape[1]) if places is None else places
        for turn, scores in enumerate(block):
            here = observed(scores)
            row, score = streams[here], scores[here]
            before = (newest if places is None and here.all() else newest[row]).max(axis=1)
            kept[turn, here] = np.where(score > self._growth * before, score, 0.0)
            newest[row, seen[row] % self._length] = score
            seen[row] += 1
        return kept
