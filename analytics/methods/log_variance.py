"""Log-variance ratio: a datastream becomes restless, or falls asleep."""

from dataclasses import dataclass

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of

_TINY = 1e-200  # keeps the logarithm of a variance of zero finite


@dataclass(frozen=True, slots=True)
class LogVarianceParams:
    """``short`` and ``long`` [1/samples]: smoothing of the present and of the usual variance, 0 < long < short <= 1;
    ``clip`` [deviations]: what is farther off teaches the usual variance as if it were that far; ``enough`` [samples]:
    no score before.
    """

    short: float = 0.05
    long: float = 0.001
    clip: float = 4.0
    enough: int = 60

    def __post_init__(self) -> None:
        if not (0 < self.long < self.short <= 1 and self.clip > 0 and self.enough >= 2):
            raise ValueError("0 < long < short <= 1, clip > 0 and enough >= 2")


class LogVariance:
    """Log of the present over the usual variance of m datastreams.

    Formula: ``e = x - l``; ``l' = l + a e``; ``v' = v + a (e^2 - v)``; ``V' = V + b (min(e^2, c^2 V) - V)``;
    score ``ln((v' + f^2) / (V' + f^2))``

    Parameters
    ----------
    floor
        Shape (m,), [unit of the datastream], >= 0: the deviation ``f`` that quantisation makes by itself.
    params
        See :class:`LogVarianceParams`; ``a`` short, ``b`` long, ``c`` clip.

    Notes
    -----
    ``update`` returns the score [-]: 0 as usual, 0.7 twice the variance, -0.7 half of it; nan for the first
    ``enough`` values. Growing variance is a loose part, turbulence or interference, shrinking variance a dying sensor.

    Examples
    --------
    >>> calm = LogVariance(np.zeros(1), LogVarianceParams(enough=2))
    >>> scores = calm.update(np.tile([[1.0], [-1.0]], (200, 1)))
    >>> bool(abs(scores[-1, 0]) < 0.1), bool(calm.update(np.array([[9.0]]))[0, 0] > 1)
    (True, True)

    References
    ----------
    MacGregor and Harris 1993, J. Quality Technology 25 (2) 106-118: exponentially weighted moving variance.
    """

    def __init__(self, floor: Floats, params: LogVarianceParams) -> None:
        self._floor = floor**2 + _TINY
        self._params = params
        count = len(floor)
        self.state: Columns = {
            "level": np.zeros(count),
            "present": np.zeros(count),
            "usual": np.zeros(count),
            "seen": np.zeros(count, dtype=np.int64),
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c); return the log-variance ratio [-]."""
        scores = np.full(block.shape, np.nan)
        floor = self._floor if places is None else self._floor[places]
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, values in enumerate(block):
                scores[turn] = self._take(rows, values, floor)
        return scores

    def _take(self, rows: Columns, values: Floats, floor: Floats) -> Floats:
        params, seen = self._params, rows["seen"]
        here = observed(values)
        away = np.where(here & (seen > 0), values - rows["level"], 0.0)
        square = away**2
        bound = np.where(seen >= params.enough, params.clip**2 * np.maximum(rows["usual"], floor), np.inf)
        short = np.where(here, np.maximum(1.0 / (seen + 1), params.short), 0.0)
        long = np.where(here, np.maximum(1.0 / (seen + 1), params.long), 0.0)
        rows["level"] = np.where(here & (seen == 0), values, rows["level"] + short * away)
        rows["present"] = rows["present"] + short * (square - rows["present"])
        rows["usual"] = rows["usual"] + long * (np.minimum(square, bound) - rows["usual"])
        rows["seen"] = seen + here
        ratio = np.log(rows["present"] + floor) - np.log(rows["usual"] + floor)
        return np.where(here & (seen >= params.enough), ratio, np.nan)
