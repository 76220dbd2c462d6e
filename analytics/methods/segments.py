"""Segments: the runs of rows that belong to one datastream, in columns ordered by datastream and time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Segments:
    """Where each datastream begins in the columns.

    ``starts`` int (m,): first row of each segment; ``of_row`` int (n,): the segment of each row; ``streams``
    int (m,): the datastream of each segment.
    """

    starts: NDArray[np.intp]
    of_row: NDArray[np.intp]
    streams: NDArray[np.intp]

    @property
    def lasts(self) -> NDArray[np.intp]:
        """Last row of each segment, int (m,)."""
        return np.append(self.starts, len(self.of_row))[1:] - 1

    def shifted(self, column: NDArray[np.float64], previous: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value before each row: from the row above, or ``previous`` (m,) for the first of a segment.

        Examples
        --------
        >>> two = segments(np.array([7, 7, 9]))
        >>> two.shifted(np.array([1.0, 2.0, 3.0]), np.array([0.5, np.nan])).tolist()
        [0.5, 1.0, nan]
        """
        moved = np.empty_like(column)
        moved[1:] = column[:-1]
        moved[self.starts] = previous
        return moved


def segments(streams: NDArray[np.intp]) -> Segments:
    """Return the segments of a column of datastream numbers (n,) in which equal numbers stand together."""
    begins = np.ones(len(streams), dtype=np.bool_)
    begins[1:] = streams[1:] != streams[:-1]
    starts = np.flatnonzero(begins)
    return Segments(starts, np.cumsum(begins) - 1, streams[starts])
