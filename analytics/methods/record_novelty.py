"""Record novelty: how far a value leaves the range seen so far."""

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


class RecordNovelty:
    """Novelty of values of m datastreams against their own range, which re-arms slowly.

    Formula: ``novelty = min(max(x - high, low - x, 0) / (high - low), 1)``; then
    ``high' = max(x, high - decay (high - low))`` and ``low' = min(x, low + decay (high - low))``

    Parameters
    ----------
    count
        Number of datastreams.
    decay
        Share of the range that is forgotten at either end [1/samples], in [0, 0.5).
    enough
        Values that are needed before a novelty is believed [samples], >= 2.

    Notes
    -----
    ``update`` returns the novelty [-], 0 inside the range, 1 at most; nan for the first ``enough`` values. It has no
    scale to be set, is rare by nature (the n-th of independent values is a record with probability 2/n) and does not
    repeat itself. It is blind to what happens inside the known range: give it differences, means or residuals too.

    Examples
    --------
    >>> RecordNovelty(1, decay=0.0, enough=2).update(np.array([[0.0], [4.0], [2.0], [5.0]])).ravel().tolist()
    [nan, nan, 0.0, 0.25]

    References
    ----------
    Arnold, Balakrishnan and Nagaraja 1998, Records, Wiley, chapter 2: the rate of records.
    """

    def __init__(self, count: int, *, decay: float = 2e-4, enough: int = 20) -> None:
        if not (0 <= decay < 0.5 and enough >= 2):
            raise ValueError("0 <= decay < 0.5 and enough >= 2")
        self._decay = decay
        self._enough = enough
        self.state: Columns = {
            "low": np.full(count, np.inf),
            "high": np.full(count, -np.inf),
            "seen": np.zeros(count, dtype=np.int64),
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c); return the novelty [-]."""
        scores = np.full(block.shape, np.nan)
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, values in enumerate(block):
                here = observed(values)
                low, high = rows["low"], rows["high"]
                span = np.where(rows["seen"] > 0, high - low, 0.0)
                beyond = np.maximum(np.maximum(values - high, low - values), 0.0)
                novelty = np.divide(beyond, span, out=np.ones(len(values)), where=beyond < span)
                novelty = np.where(beyond > 0, novelty, 0.0)
                scores[turn] = np.where(here & (rows["seen"] >= self._enough), novelty, np.nan)
                rows["low"] = np.where(here, np.minimum(values, low + self._decay * span), low)
                rows["high"] = np.where(here, np.maximum(values, high - self._decay * span), high)
                rows["seen"] = rows["seen"] + here
        return scores
