"""One budget of alarms for all sensors, and what it means for each of them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.methods.ticks import Floats

MONTH: Final = 30 * 86400.0
"""A month of 30 days [s]."""


def tail_limit(budget: float, interval: Floats, cluster: Floats | float = 1.0) -> Floats:
    """Return below which tail probability a score is an alarm.

    Formula: ``p = budget * cluster * interval / month``, at most 1

    Parameters
    ----------
    budget
        False alarms that are accepted per sensor and month [1/month], > 0.
    interval
        Shape (m,), [s]: time between the scores of each datastream, > 0.
    cluster
        Shape (m,) or one number [-], >= 1: scores beyond a limit that come together and are one alarm
        (``mean_cluster``).

    Returns
    -------
    limit
        Shape (m,), [-].

    Notes
    -----
    A probability below ``1 / n`` cannot be known from n scores: until a datastream has been seen for a month or so, its
    limit rests on the extrapolated tail.

    Examples
    --------
    >>> tail_limit(1.0, np.array([60.0, 3600.0])).round(7).tolist()
    [2.31e-05, 0.0013889]

    References
    ----------
    ANSI/ISA-18.2-2016, clause 16: alarm rates as the measure of an alarm system.
    """
    return np.minimum(budget * cluster * interval / MONTH, 1.0)


def mean_cluster(exceeds: NDArray[np.bool_]) -> float:
    """Return how many exceedances come together, the inverse of the extremal index.

    Formula: with the gaps ``T`` between N exceedances, ``theta = 2 sum(T - 1)^2 / (N sum((T - 1) (T - 2)))``, or
    ``2 sum(T)^2 / (N sum(T^2))`` when no gap is above 2; at most 1; the mean cluster is ``1 / theta``

    Parameters
    ----------
    exceeds
        Shape (n,), [-]: which scores of one datastream are beyond a limit.

    Returns
    -------
    cluster
        [-] >= 1; 1 with fewer than three exceedances.

    Examples
    --------
    >>> lonely = np.zeros(1000, dtype=bool)
    >>> lonely[[100, 480, 510, 800]] = True
    >>> mean_cluster(lonely), mean_cluster(np.repeat(lonely, 5)) > 2
    (1.0, True)

    References
    ----------
    Ferro and Segers 2003, J. Royal Statistical Society B 65 (2) 545-556: the intervals estimator.
    """
    gaps = np.diff(np.flatnonzero(exceeds)).astype(np.float64)
    if len(gaps) < 2:
        return 1.0
    if gaps.max() <= 2:
        index = 2 * gaps.sum() ** 2 / (len(gaps) * np.sum(gaps**2))
    else:
        index = 2 * np.sum(gaps - 1) ** 2 / (len(gaps) * np.sum((gaps - 1) * (gaps - 2)))
    return 1.0 / min(float(index), 1.0)


def combined_tail(tails: Floats) -> Floats:
    """Return one tail probability for several scores of the same values.

    Formula: ``1 - (1 - min(p))^s`` over the s scores that say something

    Parameters
    ----------
    tails
        Shape (s, ...), [-]: tail probabilities of the scores, nan where a score says nothing.

    Returns
    -------
    tail
        Shape (...), [-]; nan where no score says anything.

    Notes
    -----
    Exact for independent scores; dependent ones make it too large, so it keeps the budget either way.

    Examples
    --------
    >>> combined_tail(np.array([[0.5, np.nan], [0.01, np.nan]])).round(4).tolist()
    [0.0199, nan]

    References
    ----------
    Sidak 1967, J. Am. Stat. Assoc. 62 (318) 626-633.
    """
    said = ~np.isnan(tails)
    smallest = np.where(said, tails, 1.0).min(axis=0)
    count = said.sum(axis=0)
    return np.where(count > 0, -np.expm1(count * np.log1p(-np.minimum(smallest, 1 - 1e-16))), np.nan)
