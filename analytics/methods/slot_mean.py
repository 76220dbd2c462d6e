"""Mean of each slot of the day or week, sample by sample, and what is left over it."""

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed


class SlotMean:
    """Seasonal residual of m datastreams against the mean of their slots.

    Formula: ``r = x - mean[slot]``; ``mean[slot]' = mean[slot] + a r``, ``a = max(1 / (n[slot] + 1), rate)``

    Parameters
    ----------
    count, slots
        Number of datastreams and of slots, 24 for hours of the day, 168 for hours of the week.
    rate
        Least weight of a new value [1/samples], in (0, 1].

    Notes
    -----
    ``update`` returns the residual [unit of the datastream], nan for the first value of a slot. The plain mean of what
    came before; ``slot_profile`` learns by the hour, with a scale, and clips.

    Examples
    --------
    >>> two = SlotMean(1, 2, rate=0.1)
    >>> two.update(np.array([[1.0], [9.0], [2.0], [9.0]]), np.array([[0], [1], [0], [1]])).ravel().tolist()
    [nan, nan, 1.0, 0.0]

    References
    ----------
    Holt 2004, Int. J. Forecasting 20 (1) 5-10 (report of 1957): seasonals by exponentially weighted averages.
    """

    def __init__(self, count: int, slots: int, *, rate: float = 0.01) -> None:
        if not 0 < rate <= 1:
            raise ValueError("0 < rate <= 1")
        self._rate = rate
        self.state: Columns = {
            "mean": np.zeros((count, slots)),
            "seen": np.zeros((count, slots), dtype=np.int64),
        }

    def update(self, block: Floats, slots: Places, places: Places | None = None) -> Floats:
        """Take a block (k, c) with the slots (k, c) of its values; return the residuals (k, c)."""
        residuals = np.full(block.shape, np.nan)
        streams = np.arange(block.shape[1]) if places is None else places
        mean, seen = self.state["mean"], self.state["seen"]
        for turn, (values, slot) in enumerate(zip(block, slots, strict=True)):
            here = observed(values)
            row, column, value = streams[here], slot[here], values[here]
            before = seen[row, column]
            away = value - np.where(before > 0, mean[row, column], 0.0)
            residuals[turn, here] = np.where(before > 0, away, np.nan)
            mean[row, column] += np.maximum(1.0 / (before + 1), self._rate) * away
            seen[row, column] = before + 1
        return residuals
