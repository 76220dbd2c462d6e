"""QARTOD attenuated signal test: a sensor that still answers but hardly moves."""

import numpy as np

from analytics.methods.rolling import Rolling
from analytics.methods.ticks import Columns, Floats, Places


class AttenuatedSignal:
    """Spread of the last values of m datastreams.

    Formula: ``s = sqrt(mean((x - mean(x))^2))`` or ``s = max(x) - min(x)`` over the newest ``length`` values

    Parameters
    ----------
    count, length
        Number of datastreams and of values [samples]; length >= 2.
    by_range
        Take the range instead of the standard deviation.

    Notes
    -----
    ``update`` returns the spread [unit of the datastream], nan until ``length`` values are there; below a limit of the
    datastream is suspect, below a smaller one bad. The flat line test asks for no change at all; this one finds the
    accelerometer that comes loose or loses gain. A calm night attenuates a signal as well.

    Examples
    --------
    >>> AttenuatedSignal(1, 3, by_range=True).update(np.array([[1.0], [3.0], [2.0], [2.0]])).ravel().tolist()
    [nan, nan, 2.0, 1.0]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 10.
    """

    def __init__(self, count: int, length: int, *, by_range: bool = False) -> None:
        self._window = Rolling(count, length)
        self._by_range = by_range

    @property
    def state(self) -> Columns:
        """The newest values."""
        return self._window.state

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Return the spread [unit of the datastream] of the window that ends at each value (k, c)."""
        return self._window.update(block, _range if self._by_range else _deviation, places)


def _deviation(windows: Floats) -> Floats:
    return np.asarray(np.std(windows, axis=-1), dtype=np.float64)


def _range(windows: Floats) -> Floats:
    return np.asarray(np.ptp(windows, axis=-1), dtype=np.float64)
