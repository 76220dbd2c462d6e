"""The newest values of each datastream, as windows that slide over blocks."""

from collections.abc import Callable

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, lined_up, rows_of


class Rolling:
    """The last ``length`` values of m datastreams.

    Formula: ``window[i] = x[i - length + 1], ..., x[i]``, over what was observed

    Parameters
    ----------
    count, length
        Number of datastreams and of values [samples]; length >= 2.

    Notes
    -----
    A statistic is computed from each window anew. Running sums would be quicker for long windows, and wrong for ever
    after one huge value.

    Examples
    --------
    >>> Rolling(1, 2).update(np.array([[1.0], [np.nan], [3.0], [7.0]]), lambda window: window.mean(-1)).tolist()
    [[nan], [nan], [2.0], [5.0]]

    References
    ----------
    Higham 1993, SIAM J. Sci. Comput. 14 (4) 783-799, on the error of sums.
    """

    def __init__(self, count: int, length: int) -> None:
        if length < 2:
            raise ValueError("a window has at least 2 samples")
        self.length = length
        self.state: Columns = {"newest": np.full((count, length), np.nan)}

    def update(self, block: Floats, statistic: Callable[[Floats], Floats], places: Places | None = None) -> Floats:
        """Return a statistic [unit of the statistic] of the window that ends at each value (k, c).

        ``statistic`` turns windows (..., length), oldest first, into values (...). nan until a window is full, and
        where nothing was observed.
        """
        result = np.full(block.shape, np.nan)
        if not len(block):
            return result
        with rows_of(self.state, places) as rows:
            line, order, rows["newest"] = lined_up(block, rows["newest"])
        windows = np.lib.stride_tricks.sliding_window_view(line[1:], self.length, axis=0)
        full = ~np.isnan(windows[..., 0]) & ~np.isnan(windows[..., -1])
        moved = np.full(block.shape, np.nan)
        moved[full] = statistic(windows[full])
        np.put_along_axis(result, order, moved, axis=0)
        return result
