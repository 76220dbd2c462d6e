"""QARTOD rate of change test."""

import numpy as np
from numpy.typing import NDArray


def rate_of_change(
    values: NDArray[np.float64],
    times: NDArray[np.float64],
    values_before: NDArray[np.float64],
    times_before: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how fast each value was reached.

    Formula: ``abs(x[i] - x[i-1]) / (t[i] - t[i-1])``

    Parameters
    ----------
    values, values_before
        Shape (n,), [unit of the datastream].
    times, times_before
        Shape (n,), [s], increasing within a datastream; nan where there is no value before.

    Returns
    -------
    rate
        Shape (n,), [unit/s], >= 0; nan where there is no value before.

    Notes
    -----
    Uses the real distance in time, so a gap forgives a large step. A real event fails this test as well: it makes a
    value suspect, never bad.

    Examples
    --------
    >>> rate_of_change(np.array([5.0]), np.array([10.0]), np.array([1.0]), np.array([8.0])).tolist()
    [2.0]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 7.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(values - values_before) / (times - times_before)
