"""QARTOD climatology test: is a value usual for its hour and kind of day?"""

import numpy as np

from analytics.methods.ticks import Floats


def beyond_climatology(values: Floats, mean: Floats, variance: Floats, floor: Floats, width: float = 4.0) -> Floats:
    """Return how far values lie outside the band of their slot.

    Formula: ``max(abs(x - mean) - width * max(sqrt(variance), floor), 0)``

    Parameters
    ----------
    values, mean, floor
        Shape (n,), [unit of the datastream]: values, and the profile of their slots (``slot_profile``) with the
        smallest deviation that is believed.
    variance
        Shape (n,), [unit^2], >= 0.
    width
        Half the width of the band [robust deviations], > 0.

    Returns
    -------
    excess
        Shape (n,), [unit of the datastream], 0 inside the band; nan where value or profile is nan. Outside is suspect.

    Notes
    -----
    A rare event is outside as well: the test makes a value suspect, never bad.

    Examples
    --------
    >>> one = np.ones(3)
    >>> beyond_climatology(np.array([20.0, 25.0, 13.0]), 20 * one, one, 0 * one).tolist()
    [0.0, 1.0, 3.0]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 5.
    """
    band = width * np.maximum(np.sqrt(variance), floor)
    return np.maximum(np.abs(values - mean) - band, 0.0)
