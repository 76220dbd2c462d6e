"""Ticks: the layout of streaming methods, one row per turn and one column per datastream.

A streaming method keeps ``state``, columns whose first axis counts all datastreams, and takes blocks float64 (k, c):
the next k turns of c datastreams. nan, infinite and absurd values (beyond 1e100) mean *nothing was observed*: they get
the score nan and leave no trace. Turns are taken one after the other over all datastreams at once, so one block and
many blocks give the same bits, and saving and restoring ``state`` continues as if nothing had happened.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.methods.segments import Segments

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Columns = dict[str, NDArray[Any]]
"""Named columns whose first axis counts the datastreams."""

_ABSURD: Final = 1e100  # squares of what is smaller can be added up without overflow


class Streaming(Protocol):
    """A streaming score: a state that takes blocks and returns one score for each value."""

    state: Columns

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of the datastreams in the rows ``places`` (c,) of the state; None: all of them."""
        ...


def observed(values: Floats) -> NDArray[np.bool_]:
    """Return where something was observed."""
    return np.abs(values) <= _ABSURD


@contextmanager
def rows_of(state: Columns, places: Places | None) -> Iterator[Columns]:
    """Lend the rows of some datastreams, none twice; what is assigned to the names goes back into the state."""
    chosen = dict(state) if places is None else {name: column[places] for name, column in state.items()}
    yield chosen
    for name, column in chosen.items():
        if places is None:
            state[name] = column
        else:
            state[name][places] = column


def to_ticks(column: Floats, parts: Segments) -> Floats:
    """Return a column (n,) as ticks (k, m): row i holds the i-th value of each segment, nan when it has fewer.

    Examples
    --------
    >>> from analytics.methods.segments import segments
    >>> to_ticks(np.array([1.0, 2.0, 3.0]), segments(np.array([7, 7, 9]))).tolist()
    [[1.0, 3.0], [2.0, nan]]
    """
    turn = _turns(parts)
    table = np.full((int(turn.max(initial=-1)) + 1, len(parts.starts)), np.nan)
    table[turn, parts.of_row] = column
    return table


def from_ticks(table: Floats, parts: Segments) -> Floats:
    """Return ticks (k, m) as the column (n,) that :func:`to_ticks` makes them of."""
    return np.asarray(table[_turns(parts), parts.of_row], dtype=np.float64)


def _turns(parts: Segments) -> NDArray[np.intp]:
    return np.arange(len(parts.of_row)) - parts.starts[parts.of_row]
