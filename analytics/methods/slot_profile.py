"""Seasonal slot profile: what each hour of the day has taught about a datastream, with a robust scale.

A *slot* is an hour of the local day, kept for all days and for working days and days off apart. Learning happens
when an hour of a datastream is over, from values clipped around the profile, so that one block and many blocks give
the same profile and a few wild values do not bend it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

HOURS: Final = 24
SLOTS: Final = 3 * HOURS
"""0-23: all days; 24-47: working days; 48-71: days off."""


@dataclass(frozen=True, slots=True)
class SlotProfileParams:
    """Parameters of a slot profile.

    ``clip`` [robust deviations]: values farther from the profile count as if they were that far. ``memory`` [hours
    learned]: weight of the newest hour is never below 1/memory. ``enough`` [hours learned]: from then on a slot is
    used.
    """

    clip: float = 4.0
    memory: int = 30
    enough: int = 2

    def __post_init__(self) -> None:
        if self.clip <= 0 or self.memory < 1 or self.enough < 1:
            raise ValueError("clip, memory and enough are positive")


@dataclass(slots=True)
class SlotProfile:
    """The profiles of m datastreams.

    ``mean`` and ``variance`` float64 (m, SLOTS), [unit] and [unit^2]; ``hours`` int32 (m, SLOTS): how often a slot
    was learned.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    hours: NDArray[np.int32]

    @classmethod
    def blank(cls, count: int) -> "SlotProfile":
        """Return the profiles of ``count`` datastreams that nobody has seen yet."""
        return cls(np.zeros((count, SLOTS)), np.zeros((count, SLOTS)), np.zeros((count, SLOTS), dtype=np.int32))


def best_slot(
    profile: SlotProfile,
    rows: NDArray[np.intp],
    hour: NDArray[np.intp],
    day_off: NDArray[np.bool_],
    params: SlotProfileParams,
) -> NDArray[np.intp]:
    """Return the slot that knows most about a moment: that of the kind of day, else that of all days, else -1.

    Parameters
    ----------
    rows
        Shape (n,): rows of the profile.
    hour, day_off
        Shape (n,): local hour of the day 0-23 [h], and whether the day is a day off.
    """
    particular = HOURS + HOURS * day_off + hour
    learned = profile.hours[rows, particular] >= params.enough
    common = profile.hours[rows, hour] >= params.enough
    return np.where(learned, particular, np.where(common, hour, -1))


def robust_z(
    values: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    floor: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how far values lie from their profile.

    Formula: ``z = (x - mean) / max(sqrt(variance), floor)``

    Parameters
    ----------
    values, mean, floor
        Shape (n,), [unit of the datastream]; the floor keeps quantised data from giving infinite scores.
    variance
        Shape (n,), [unit^2].

    Returns
    -------
    z
        Shape (n,), [robust deviations].

    Examples
    --------
    >>> robust_z(np.array([7.0]), np.array([1.0]), np.array([4.0]), np.array([0.1])).tolist()
    [3.0]

    References
    ----------
    Rousseeuw and Croux 1993, J. Am. Stat. Assoc. 88 (424), on the need of a scale floor for rounded data.
    """
    return (values - mean) / np.maximum(np.sqrt(variance), floor)


def learn(
    profile: SlotProfile,
    rows: NDArray[np.intp],
    slots: NDArray[np.intp],
    hour_mean: NDArray[np.float64],
    hour_square: NDArray[np.float64],
    params: SlotProfileParams,
) -> None:
    """Take one finished hour of some datastreams into their profiles.

    Formula: ``a = 1 / min(h + 1, memory)``; ``m' = m + a (mean - m)``; ``v' = v + a (mean((x - m)^2) - v)``,
    with ``h`` hours learned before; the first hour sets ``m`` and ``v`` outright.

    Parameters
    ----------
    rows, slots
        Shape (n,): rows and slots to update, no pair twice.
    hour_mean, hour_square
        Shape (n,), [unit] and [unit^2]: mean and mean square of the values of the hour, clipped beforehand.

    References
    ----------
    Welford 1962, Technometrics 4 (3) 419-420, for the recursive form; Holt 2004, Int. J. Forecasting 20 (1) 5-10, for
    exponential forgetting.
    """
    known = profile.hours[rows, slots]
    share = 1.0 / np.minimum(known + 1, params.memory)
    mean = profile.mean[rows, slots]
    around_old = hour_square - 2 * mean * hour_mean + mean**2
    around_own = np.maximum(hour_square - hour_mean**2, 0.0)
    spread = np.where(known == 0, around_own, np.maximum(around_old, 0.0))
    profile.variance[rows, slots] += share * (spread - profile.variance[rows, slots])
    profile.mean[rows, slots] = mean + share * (hour_mean - mean)
    profile.hours[rows, slots] = known + 1
