"""A line through a daily figure, and when it will reach a target: the date with its uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

_FEWEST: Final = 14  # days; fewer say nothing about a trend
_FARTHEST: Final = 20_000  # days ahead


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through a figure by day.

    ``level`` is that of the line on the last of the ``days`` it was laid through, ``slope`` [1/d] with its interval
    ``slope_low`` to ``slope_high``. ``reached``, ``earliest`` and ``latest`` are the first day, not before the last
    one, on which the line, and the ends of its band, are at the target; ``None``: not within 20,000 days.
    """

    days: int

    level: float
    slope: float
    slope_low: float
    slope_high: float
    reached: date | None
    earliest: date | None
    latest: date | None


def project(days: Sequence[date], values: Sequence[float], target: float, *, confidence: float = 0.9) -> Trend | None:
    """Return the trend of a figure that shall rise to a target, ``None`` when there are fewer than 14 days.

    Formula: ``y = mean(y) + b (t - mean(t)) +- q s sqrt(1 / n + (t - mean(t))^2 / S)`` with
    ``s^2 = sum(residual^2) / (m - 2)``, ``m = n (1 - r) / (1 + r)``, r the correlation of neighbouring residuals,
    ``S = sum((t - mean(t))^2)`` and q the quantile of Student's t with m - 2 degrees of freedom. The dates are where
    this band meets the target.

    Parameters
    ----------
    days, values
        Days [d] in ascending order, and the figure [unit of the figure] on each.
    target
        [unit of the figure]
    confidence
        0-1, two-sided.

    Notes
    -----
    Days that follow each other are alike: n of them are worth m independent ones. It says what happens if things go
    on as they did.

    Examples
    --------
    >>> from datetime import date, timedelta
    >>> days = [date(2026, 1, 1) + timedelta(days=number) for number in range(20)]
    >>> project(days, [50.0 + number for number in range(20)], 100.0).reached
    datetime.date(2026, 2, 20)

    References
    ----------
    Santer et al., Statistical significance of trends and trend differences in layer-average atmospheric temperature
    time series, J. Geophys. Res. 105 (2000) 7337. Draper & Smith, Applied Regression Analysis, 1998,
    section 3.2.
    """
    if len(days) < _FEWEST:
        return None
    day = np.array([one.toordinal() for one in days], dtype=np.float64)
    value = np.array(values, dtype=np.float64)
    x = day - day.mean()
    spread = float(x @ x)
    slope = float(x @ (value - value.mean())) / spread
    residual = value - value.mean() - slope * x
    independent = _independent(residual)
    variance = float(residual @ residual) / max(independent - 2.0, 1.0)
    width = float(stdtrit(max(independent - 2.0, 1.0), 0.5 + confidence / 2))

    ahead = np.arange(_FARTHEST + 1, dtype=np.float64)
    at = ahead + x[-1]
    line = value.mean() + slope * at
    band = width * np.sqrt(variance * (1.0 / len(day) + at**2 / spread))
    of_slope = width * np.sqrt(variance / spread)
    last = days[-1]
    return Trend(
        days=len(days),
        level=float(line[0]),
        slope=slope,
        slope_low=slope - float(of_slope),
        slope_high=slope + float(of_slope),
        reached=_first(line >= target, last),
        earliest=_first(line + band >= target, last),
        latest=_first(line - band >= target, last),
    )


def _independent(residual: NDArray[np.float64]) -> float:
    """Return how many independent values correlated residuals are worth, at least 3."""
    power = float(residual @ residual)
    correlation = float(residual[1:] @ residual[:-1]) / power if power > 1e-18 else 0.0
    correlation = min(max(correlation, 0.0), 0.99)
    return max(len(residual) * (1 - correlation) / (1 + correlation), 3.0)


def _first(reached: NDArray[np.bool_], last: date) -> date | None:
    return last + timedelta(days=int(np.argmax(reached))) if reached.any() else None
