"""QARTOD spike test."""

import numpy as np
from numpy.typing import NDArray


def spike(values: NDArray[np.float64], before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each value stands out from the mean of its neighbours.

    Formula: ``abs(x[i] - (x[i-1] + x[i+1]) / 2)``

    Parameters
    ----------
    values, before, after
        Shape (n,), [unit of the datastream]: a value, the one before it and the one after it; nan where there is none.

    Returns
    -------
    height
        Shape (n,), [unit of the datastream], >= 0; nan where a neighbour is missing.

    Notes
    -----
    The verdict on a value is known one sample later. Two spikes side by side hide each other.

    Examples
    --------
    >>> spike(np.array([5.0]), np.array([1.0]), np.array([3.0])).tolist()
    [3.0]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 6.
    """
    return np.abs(values - (before + after) / 2)
