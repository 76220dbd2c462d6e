"""Robust level and scale of each datastream, followed sample by sample, and the score against them."""

from dataclasses import dataclass

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of

_TINY = 1e-100  # keeps a scale of zero from dividing


@dataclass(frozen=True, slots=True)
class RobustLevelParams:
    """``rate`` and ``long_rate`` [1/samples]: smoothing of level and scale, and of the long-run scale, in (0, 1];
    ``clip`` [robust deviations]: what is farther off teaches as if it were that far; ``enough`` [samples]: no score
    before.
    """

    rate: float = 0.005
    long_rate: float = 0.0005
    clip: float = 4.0
    enough: int = 20

    def __post_init__(self) -> None:
        if not (0 < self.long_rate <= self.rate <= 1 and self.clip > 0 and self.enough >= 2):
            raise ValueError("0 < long_rate <= rate <= 1, clip > 0 and enough >= 2")


class RobustLevel:
    """Robust z of m datastreams by exponential smoothing of clipped deviations.

    Formula: ``s = max(sqrt(v), 0.1 sqrt(V), floor)``; ``z = (x - l) / s``; ``d = s clip(z, -c, c)``;
    ``l' = l + a d``; ``v' = v + a (d^2 - v)``; ``V' = V + b (d^2 - V)``; ``a`` and ``b`` begin as ``1 / n``

    Parameters
    ----------
    floor
        Shape (m,), [unit of the datastream], >= 0: smallest scale that is believed, half the resolution or more.
    params
        See :class:`RobustLevelParams`.

    Notes
    -----
    ``update`` returns z [robust deviations] against what was known before the value; nan for the first ``enough``
    values. One wild value moves the level by ``a c s`` at most; a lasting step is learned, in about ``1 / a`` samples.

    Examples
    --------
    >>> level = RobustLevel(np.array([0.5]), RobustLevelParams(enough=2))
    >>> level.update(np.array([[10.0], [10.0], [13.0]])).ravel().tolist()
    [nan, nan, 6.0]

    References
    ----------
    Gelper, Fried and Croux 2010, J. Forecasting 29 (3) 285-300: exponential smoothing of clipped deviations.
    """

    def __init__(self, floor: Floats, params: RobustLevelParams) -> None:
        self._floor = np.maximum(floor, _TINY)
        self._params = params
        count = len(floor)
        self.state: Columns = {
            "level": np.zeros(count),
            "variance": np.zeros(count),
            "long_variance": np.zeros(count),
            "seen": np.zeros(count, dtype=np.int64),
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c); return z [robust deviations]."""
        scores = np.full(block.shape, np.nan)
        floor = self._floor if places is None else self._floor[places]
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, values in enumerate(block):
                scores[turn] = self._take(rows, values, floor)
        return scores

    def _take(self, rows: Columns, values: Floats, floor: Floats) -> Floats:
        params, seen = self._params, rows["seen"]
        here, known = observed(values), seen >= params.enough
        scale = np.maximum(np.sqrt(np.maximum(rows["variance"], 0.01 * rows["long_variance"])), floor)
        away = np.where(here, values - np.where(seen == 0, values, rows["level"]), 0.0)
        bound = np.where(known, params.clip * scale, np.inf)
        moved = np.clip(away, -bound, bound)
        share = np.where(here, np.maximum(1.0 / (seen + 1), params.rate), 0.0)
        long_share = np.where(here, np.maximum(1.0 / (seen + 1), params.long_rate), 0.0)
        rows["level"] = np.where(here & (seen == 0), values, rows["level"] + share * moved)
        rows["variance"] = rows["variance"] + share * (moved**2 - rows["variance"])
        rows["long_variance"] = rows["long_variance"] + long_share * (moved**2 - rows["long_variance"])
        rows["seen"] = seen + here
        return np.where(here & known, away / scale, np.nan)
