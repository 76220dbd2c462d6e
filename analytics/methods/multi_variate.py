"""QARTOD multi-variate test: one property moves, and another that should move along does not."""

import numpy as np
from numpy.typing import NDArray

from analytics.methods.ticks import Floats


def moves_alone(rate: Floats, companion_rate: Floats, rate_limit: Floats, companion_limit: Floats) -> NDArray[np.bool_]:
    """Return which values change quickly while their companion stands still.

    Formula: ``abs(r1) > limit1 and abs(r2) < limit2``

    Parameters
    ----------
    rate, rate_limit
        Shape (n,), [unit/s]: rate of change of a property (``rate_of_change``), and what is quick; limits >= 0.
    companion_rate, companion_limit
        Shape (n,), [unit of the companion/s]: the same of the property that physics ties to it.

    Returns
    -------
    alone
        Shape (n,), [-]: true is suspect; false where a rate is nan.

    Notes
    -----
    Rain that moves no water level, a lamp that is switched without its power: the test says that the two disagree, not
    which of them is wrong.

    Examples
    --------
    >>> moves_alone(np.array([3.0, 3.0]), np.array([0.0, 2.0]), np.ones(2), np.ones(2)).tolist()
    [True, False]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 9.
    """
    return (np.abs(rate) > rate_limit) & (np.abs(companion_rate) < companion_limit)
