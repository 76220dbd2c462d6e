"""The newest values of each datastream, as windows that slide over blocks."""

from collections.abc import Callable

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


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
        seen = observed(block)
        whole = bool(seen.all())
        order = np.argsort(~seen, axis=0, kind="stable")  # what was observed moves up, in its order
        values = block if whole else np.take_along_axis(np.where(seen, block, np.nan), order, axis=0)
        with rows_of(self.state, places) as rows:
            line = np.concatenate([rows["newest"], values.T], axis=1)
            ends = seen.sum(axis=0)[:, None] + np.arange(self.length)
            rows["newest"] = line[:, len(block) :].copy() if whole else np.take_along_axis(line, ends, axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(line[:, 1:], self.length, axis=1)
        full = ~np.isnan(windows[..., 0]) & ~np.isnan(windows[..., -1])
        moved = np.full(full.shape, np.nan)
        if full.all():
            moved[:] = statistic(windows)
        else:
            moved[full] = statistic(windows[full])
        np.put_along_axis(result, order, moved.T, axis=0)
        return result
