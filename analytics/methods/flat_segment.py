"""Flat segment: a datastream stays in one place for longer than it ever did."""

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


class FlatSegment:
    """Length of the present flat segment of m datastreams against the longest one before.

    Formula: flat while ``abs(x - anchor) <= tolerance``, else ``anchor = x`` and a new segment begins; score
    ``ln(n / longest)`` of its ``n`` values, at least 0

    Parameters
    ----------
    count
        Number of datastreams.
    enough
        Values that are needed before a score is believed, and length from which a segment counts [samples], >= 2.
    decay
        Share of the longest length that is forgotten [1/samples], in [0, 1).

    Notes
    -----
    ``update`` returns the score [-], 0 for what has been seen before, 0.7 for twice as long; nan for the first
    ``enough`` values. Unlike the flat line test it asks what is usual for the datastream and finds the daily peak that
    did not come; it takes about as long as the longest flat segment to say so.

    Examples
    --------
    >>> flat = FlatSegment(1, enough=2, decay=0.0)
    >>> flat.update(np.array([[1.0], [1.0], [5.0], [5.0], [5.0], [5.0]]), np.ones(1)).ravel().round(2).tolist()
    [nan, nan, 0.0, 0.0, 0.41, 0.69]

    References
    ----------
    U.S. IOOS QARTOD, Manual for Real-Time Quality Control of In-Situ Temperature and Salinity Data, test 8, for the
    segment; records of its length as in ``record_novelty``.
    """

    def __init__(self, count: int, *, enough: int = 20, decay: float = 2e-4) -> None:
        if not (enough >= 2 and 0 <= decay < 1):
            raise ValueError("enough >= 2 and 0 <= decay < 1")
        self._enough = enough
        self._decay = decay
        self.state: Columns = {
            "anchor": np.full(count, np.nan),
            "length": np.zeros(count),
            "longest": np.full(count, float(enough)),
            "seen": np.zeros(count, dtype=np.int64),
        }

    def update(self, block: Floats, tolerance: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) with the tolerances (c,) [unit of the datastream]; return the score [-]."""
        scores = np.full(block.shape, np.nan)
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, values in enumerate(block):
                here, length, longest = observed(values), rows["length"], rows["longest"]
                leaves = here & ~(np.abs(values - rows["anchor"]) <= tolerance)
                kept = np.maximum(longest * (1 - self._decay), self._enough)
                longest = np.where(here, np.where(leaves, np.maximum(kept, length), kept), longest)
                length = np.where(leaves, 1.0, length + here)
                score = np.maximum(np.log(np.maximum(length, 1.0) / longest), 0.0)
                scores[turn] = np.where(here & (rows["seen"] >= self._enough), score, np.nan)
                rows["anchor"] = np.where(leaves, values, rows["anchor"])
                rows["length"], rows["longest"] = length, longest
                rows["seen"] = rows["seen"] + here
        return scores
