"""QARTOD flat line test, on time instead of a number of samples."""

import numpy as np
from numpy.typing import NDArray

from analytics.methods.segments import Segments


def flat_since(
    values: NDArray[np.float64],
    times: NDArray[np.float64],
    tolerance: NDArray[np.float64],
    segments: Segments,
    previous_values: NDArray[np.float64],
    previous_since: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return since when each value has not changed.

    Formula: ``since[i] = since[i-1] if abs(x[i] - x[i-1]) <= tolerance else t[i]``

    Parameters
    ----------
    values, times, tolerance
        Shape (n,), [unit of the datastream], [s] and [unit of the datastream].
    segments
        The datastreams in the columns, m of them.
    previous_values, previous_since
        Shape (m,), [unit of the datastream] and [s]: the last value before the block and since when it stood;
        nan where there is none.

    Returns
    -------
    since
        Shape (n,), [s]; ``times - since`` is how long the value has stood.

    Notes
    -----
    Counting samples instead of time flags healthy sensors: whole-millimetre level sensors repeat a value for many
    minutes, and some vibration channels are refreshed once a second by design.

    Examples
    --------
    >>> from analytics.methods.segments import segments
    >>> one = segments(np.zeros(4, dtype=np.intp))
    >>> x, t = np.array([3.0, 3.0, 4.0, 4.0]), np.array([10.0, 20.0, 30.0, 40.0])
    >>> flat_since(x, t, np.full(4, 0.5), one, np.array([3.0]), np.array([0.0])).tolist()
    [0.0, 0.0, 30.0, 30.0]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 8.
    """
    before = segments.shifted(values, previous_values)
    changed = ~(np.abs(values - before) <= tolerance)
    rows = np.arange(len(values))
    newest = np.maximum.accumulate(np.where(changed, rows, -1))
    carried = newest < segments.starts[segments.of_row]  # no change yet in this block
    return np.where(carried, previous_since[segments.of_row], times[np.maximum(newest, 0)])
