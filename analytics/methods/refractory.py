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
            "largest": np.full(count, -np.inf),
            "largest_at": np.full(count, -1, dtype=np.int64),  # as counted by ``seen``
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of scores [unit of the score]; return those that are news, 0 for the others."""
        kept = np.full(block.shape, np.nan)
        streams = np.arange(block.shape[1]) if places is None else places
        for turn, scores in enumerate(block):
            here = observed(scores)
            kept[turn, here] = self._take(streams[here], scores[here])
        return kept

    def _take(self, streams: Places, scores: Floats) -> Floats:
        state, length = self.state, self._length
        seen, before = state["seen"][streams], state["largest"][streams]
        state["newest"][streams, seen % length] = scores
        state["seen"][streams] = seen + 1
        larger = scores >= before
        state["largest"][streams[larger]] = scores[larger]
        state["largest_at"][streams[larger]] = seen[larger]
        # Only where the largest score has just been overwritten is the next one looked for.
        gone = ~larger & (state["largest_at"][streams] <= seen - length)
        rings = state["newest"][streams[gone]]
        state["largest"][streams[gone]] = rings.max(axis=1)
        state["largest_at"][streams[gone]] = seen[gone] - (seen[gone] - rings.argmax(axis=1)) % length
        return np.where(scores > self._growth * before, scores, 0.0)
