"""Two-sided CUSUM with compensation of slow drift."""

from dataclasses import dataclass

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


@dataclass(frozen=True, slots=True)
class CusumParams:
    """``slack`` [deviations]: half the shift that matters; ``clip`` [deviations]: one value adds no more than that;
    ``ceiling`` [deviations]: the sums go no higher, so that they come back soon after the trouble; ``drift``
    [1/samples]: how fast the mean of the residual itself is followed, 0 for not at all.
    """

    slack: float = 0.5
    clip: float = 4.0
    ceiling: float = 50.0
    drift: float = 0.001

    def __post_init__(self) -> None:
        if not (self.slack > 0 and self.clip > self.slack and self.ceiling > 0 and 0 <= self.drift < 1):
            raise ValueError("0 < slack < clip, ceiling > 0 and 0 <= drift < 1")


class Cusum:
    """Two-sided CUSUM of the standardised residuals of m datastreams.

    Formula: ``u = clip(z - b, -c, c)``; ``up' = clip(up + u - k, 0, h)``; ``down' = clip(down - u - k, 0, h)``;
    ``b' = b + drift u``; score ``max(up, down)``

    Parameters
    ----------
    count
        Number of datastreams.
    params
        See :class:`CusumParams`; ``k`` slack, ``c`` clip, ``h`` ceiling.

    Notes
    -----
    ``update`` takes z [deviations] and returns the larger sum [deviations], >= 0. Quickest for small lasting shifts.
    Needs a robust scale; without compensation of drift it ends in permanent alarm on real data.

    Examples
    --------
    >>> Cusum(1, CusumParams(drift=0.0)).update(np.array([[2.0], [2.0], [-1.0]])).ravel().tolist()
    [1.5, 3.0, 1.5]

    References
    ----------
    Page 1954, Biometrika 41 (1/2) 100-115; Montgomery, Introduction to Statistical Quality Control, chapter 9.
    """

    def __init__(self, count: int, params: CusumParams) -> None:
        self._params = params
        self.state: Columns = {"up": np.zeros(count), "down": np.zeros(count), "bias": np.zeros(count)}

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of z [deviations]; return the larger of both sums [deviations]."""
        scores = np.full(block.shape, np.nan)
        params = self._params
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, values in enumerate(block):
                here = observed(values)
                move = np.where(here, np.clip(values - rows["bias"], -params.clip, params.clip), 0.0)
                slack = np.where(here, params.slack, 0.0)
                rows["up"] = np.clip(rows["up"] + move - slack, 0.0, params.ceiling)
                rows["down"] = np.clip(rows["down"] - move - slack, 0.0, params.ceiling)
                rows["bias"] = rows["bias"] + params.drift * move
                scores[turn] = np.where(here, np.maximum(rows["up"], rows["down"]), np.nan)
        return scores
