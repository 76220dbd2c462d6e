"""Roll-ups: what is known of a datastream per minute, hour and day."""

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Resolution(StrEnum):
    """Length of the buckets, finest first; minutes and hours are those of UTC, days those of the city."""

    MINUTE = "1min"
    HOUR = "1h"
    DAY = "1day"


MINUTE: Final = 60_000_000  # [us]
HOUR: Final = 60 * MINUTE
"""Buckets in microseconds. Days have no fixed length."""


def touched_spans(
    datastream_id: NDArray[np.int32], first: NDArray[np.int64], last: NDArray[np.int64], *, width: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the whole buckets that stretches of time touch, neighbours joined: disjoint, by datastream and time.

    Parameters
    ----------
    datastream_id
        Shape (n,).
    first, last
        Shape (n,), [us since the epoch]: first and last instant of each stretch, both included.
    width
        Length of a bucket [us].

    Returns
    -------
    datastream_id, begin, end
        Shape (k,), k <= n; ``begin`` is included, ``end`` is not, both are multiples of ``width``.
    """
    if not len(datastream_id):
        return datastream_id, first, last
    order = np.lexsort((first, datastream_id))
    stream, begin, end = datastream_id[order], first[order] // width, last[order] // width + 1
    # the furthest end so far, per datastream: every datastream has a shelf of numbers of its own
    shelf = (np.cumsum(np.r_[False, stream[1:] != stream[:-1]]) + 1) * np.int64(end.max() - begin.min() + 1)
    reached = np.maximum.accumulate(end + shelf) - shelf
    opens = np.ones(len(stream), dtype=np.bool_)
    opens[1:] = (stream[1:] != stream[:-1]) | (begin[1:] > reached[:-1])
    closes = np.r_[opens[1:], True]
    return stream[opens], begin[opens] * width, reached[closes] * width
