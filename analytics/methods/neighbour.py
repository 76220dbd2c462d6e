"""QARTOD neighbour test: does a sensor agree with its siblings?"""

import numpy as np

from analytics.methods.ticks import Floats, observed


def neighbour(values: Floats) -> Floats:
    """Return by how much each sensor differs from the median of its siblings at the same time.

    Formula: ``x[i] - median(x[j] for j != i)``

    Parameters
    ----------
    values
        Shape (k, g), [unit of the datastreams]: k turns of g siblings, nan where one said nothing.

    Returns
    -------
    difference
        Shape (k, g), [unit of the datastreams], with sign; nan where a value or all its siblings are missing.

    Notes
    -----
    With one sibling nobody knows which of the two is wrong; from three sensors on, one outlier cannot move the median
    of the others beyond them. A difference that lasts is a faulty sensor; all of them away from their profiles is a
    process event.

    Examples
    --------
    >>> neighbour(np.array([[1.0, 2.0, 9.0]])).tolist()
    [[-4.5, -3.0, 7.5]]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 11.
    """
    seen = observed(values)
    shown = np.where(seen, values, np.nan)
    rank = np.argsort(np.argsort(shown, axis=1, kind="stable"), axis=1, kind="stable")
    ordered = np.sort(shown, axis=1)  # nan last
    others = seen.sum(axis=1, keepdims=True) - 1
    low, high = np.maximum((others - 1) // 2, 0), np.maximum(others // 2, 0)
    last = values.shape[1] - 1
    below = np.take_along_axis(ordered, np.minimum(low + (rank <= low), last), axis=1)
    above = np.take_along_axis(ordered, np.minimum(high + (rank <= high), last), axis=1)
    return np.where(others >= 1, shown - (below + above) / 2, np.nan)
