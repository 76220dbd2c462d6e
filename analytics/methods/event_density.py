"""Event density: do events come more often than they used to?"""

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


class EventDensity:
    """Rate of events of m datastreams now against their usual rate.

    Formula: ``e = 1 if score > limit else 0``; ``p' = p + a (e - p)``; ``q' = q + b (e - q)``;
    density ``(p' - q') / sqrt(max(q', b) a / (2 - a))``

    Parameters
    ----------
    count
        Number of datastreams.
    limit
        What counts as an event [unit of the score].
    short, long
        Smoothing ``a`` and ``b`` of the present and the usual rate [1/samples], 0 < long < short < 1.

    Notes
    -----
    ``update`` takes scores and returns the density [deviations]: about 0 as usual, positive for more events; nan until
    ``1 / short`` values are there. Single events say nothing; it finds the rising density of spikes that each look
    familiar.

    Examples
    --------
    >>> density = EventDensity(1, limit=3.0, short=0.1, long=0.01)
    >>> quiet, busy = density.update(np.zeros((50, 1))), density.update(np.full((5, 1), 9.0))
    >>> float(quiet[-1, 0]), bool(busy[-1, 0] > 3)
    (0.0, True)

    References
    ----------
    Roberts 1959, Technometrics 1 (3) 239-250: variance of an exponentially weighted mean.
    """

    def __init__(self, count: int, *, limit: float, short: float = 0.02, long: float = 0.001) -> None:
        if not 0 < long < short < 1:
            raise ValueError("0 < long < short < 1")
        self._limit = limit
        self._short = short
        self._long = long
        self.state: Columns = {
            "present": np.zeros(count),
            "usual": np.zeros(count),
            "seen": np.zeros(count, dtype=np.int64),
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of scores; return the density of events [deviations]."""
        densities = np.full(block.shape, np.nan)
        per_event = self._short / (2 - self._short)
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, scores in enumerate(block):
                here, seen = observed(scores), rows["seen"]
                event = (scores > self._limit).astype(np.float64)
                long = np.maximum(1.0 / (seen + 1), self._long)
                short = np.maximum(1.0 / (seen + 1), self._short)
                rows["present"] = rows["present"] + np.where(here, short * (event - rows["present"]), 0.0)
                rows["usual"] = rows["usual"] + np.where(here, long * (event - rows["usual"]), 0.0)
                rows["seen"] = seen + here
                deviation = np.sqrt(np.maximum(rows["usual"], self._long) * per_event)
                density = (rows["present"] - rows["usual"]) / deviation
                densities[turn] = np.where(here & (seen * self._short >= 1), density, np.nan)
        return densities
