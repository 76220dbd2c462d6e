"""Largest-Triangle-Three-Buckets: few points that draw the same picture."""

import numpy as np
from numpy.typing import NDArray


def largest_triangles(times: NDArray[np.float64], values: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """Return which rows to draw so that a chart of ``points`` points looks like one of all rows.

    Formula: of bucket k the row b that maximises
    ``abs((t[a] - t[c]) * (x[b] - x[a]) - (t[a] - t[b]) * (x[c] - x[a])) / 2``, where a is the row chosen of bucket
    k - 1 and (t[c], x[c]) the mean of bucket k + 1

    Parameters
    ----------
    times
        Shape (n,), [s], rising.
    values
        Shape (n,), [unit of the datastream], finite.
    points
        [rows] to keep, at least 3; all are kept when there are not more.

    Returns
    -------
    rows
        Shape (min(n, points),), rising; the first row and the last are always among them.

    Notes
    -----
    Peaks stay, which a mean would flatten; but counts and means of what is drawn are not those of what was measured.
    Of equal triangles the first row wins. Time grows with n, memory with the largest bucket.

    Examples
    --------
    >>> times = np.arange(8.0)
    >>> largest_triangles(times, np.array([0.0, 0, 0, 9, 0, 0, 0, 0]), 4).tolist()
    [0, 3, 4, 7]

    References
    ----------
    Sveinn Steinarsson, Downsampling Time Series for Visual Representation, University of Iceland, 2013, section 4.2.
    """
    count = len(times)
    if points < 3:
        raise ValueError(f"points {points}: a line has at least 3 here")
    if count <= points:
        return np.arange(count)
    edges = 1 + np.arange(points - 1) * (count - 2) // (points - 2)  # of the buckets between first row and last
    sizes = np.diff(edges)
    mean_time = np.append(np.add.reduceat(times[: count - 1], edges[:-1]) / sizes, times[-1])
    mean_value = np.append(np.add.reduceat(values[: count - 1], edges[:-1]) / sizes, values[-1])
    rows = np.empty(points, dtype=np.intp)
    rows[0], rows[-1] = 0, count - 1
    last = 0
    for bucket in range(points - 2):
        begin, end = edges[bucket], edges[bucket + 1]
        t, x = times[last], values[last]
        areas = np.abs(
            (t - mean_time[bucket + 1]) * (values[begin:end] - x)
            - (t - times[begin:end]) * (mean_value[bucket + 1] - x)
        )
        last = begin + int(np.argmax(areas))
        rows[bucket + 1] = last
    return rows
