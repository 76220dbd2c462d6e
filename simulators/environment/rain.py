"""Design storms of Chicago shape."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MM_PER_H: Final = 0.36  # 1 L/(s ha) in mm/h
_KM_PER_DEGREE: Final = 111.2


@dataclass(frozen=True, slots=True)
class StormFormula:
    """``q = 167 A1 (1 + C lg P) / (t + b)^n`` in L/(s ha), t in minutes, P in years; ``strength`` is 167 A1."""

    strength: float
    frequency: float
    b: float
    n: float

    def intensity(self, minutes: float, return_period: float) -> float:
        """Return the mean intensity over the worst ``minutes`` [min] at a return period [years], in mm/h."""
        growth = 1 + self.frequency * np.log10(return_period)
        return float(_MM_PER_H * self.strength * growth / (minutes + self.b) ** self.n)


WUHAN: Final = StormFormula(strength=1614.0, frequency=0.887, b=11.23, n=0.658)
"""One of several formulas in circulation for Wuhan; unverified (U)."""


@dataclass(frozen=True, slots=True)
class Storm:
    """A rain cell: ``start`` [s since the epoch], ``duration`` [s], ``return_period`` [years].

    ``peak_ratio`` (0-1) is the share of the duration before the peak. The cell is Gaussian around ``latitude`` and
    ``longitude`` [deg] with standard deviation ``radius`` [km].
    """

    start: float
    duration: float
    return_period: float
    peak_ratio: float
    latitude: float
    longitude: float
    radius: float
    formula: StormFormula = WUHAN

    def at(self, times: NDArray[np.float64], *, latitude: float, longitude: float) -> NDArray[np.float64]:
        """Return the intensity at a place and times (n,) [s since the epoch], shape (n,) [mm/h]."""
        shares = chicago(
            (times - self.start) / 60,
            duration=self.duration / 60,
            return_period=self.return_period,
            peak_ratio=self.peak_ratio,
            formula=self.formula,
        )
        north = (latitude - self.latitude) * _KM_PER_DEGREE
        east = (longitude - self.longitude) * _KM_PER_DEGREE * np.cos(np.radians(latitude))
        weakening = float(np.exp(-(north**2 + east**2) / (2 * self.radius**2)))
        return shares * weakening


def chicago(
    minutes: NDArray[np.float64],
    *,
    duration: float,
    return_period: float,
    peak_ratio: float,
    formula: StormFormula = WUHAN,
) -> NDArray[np.float64]:
    """Return the intensity of a Chicago storm [mm/h], zero outside it.

    Formula: ``i(s) = a ((1 - n) s + b) / (s + b)^(1 + n)``, with ``s = (peak - t) / r`` before the peak and
    ``s = (t - peak) / (1 - r)`` after it [min]. Its integral is the depth that the formula gives for the duration.

    Parameters
    ----------
    minutes
        Shape (n,): time since the start of the storm [min].
    duration
        Length [min].
    return_period
        [years]
    peak_ratio
        r, between 0 and 1.

    References
    ----------
    Keifer and Chu 1957, J. Hydraul. Div. ASCE 83 (4).
    """
    peak = peak_ratio * duration
    span = np.where(minutes < peak, (peak - minutes) / peak_ratio, (minutes - peak) / (1 - peak_ratio))
    strength = formula.intensity(0, return_period) * formula.b**formula.n
    with np.errstate(invalid="ignore"):
        intensity = strength * ((1 - formula.n) * span + formula.b) / (span + formula.b) ** (1 + formula.n)
    return np.where((minutes >= 0) & (minutes <= duration), intensity, 0.0)
