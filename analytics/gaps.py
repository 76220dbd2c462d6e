"""QARTOD gap test on a timer: datastreams that have fallen silent.

Silence is measured on the clock of the batches, from reception to reception; while ingest itself was away nobody was
silent.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from analytics.state import Columns
from analytics.streams import Streams
from citywatch.clock import to_micros

_AWAY = 30_000_000  # [us] between two batches: ingest commits one at least every few seconds


@dataclass(frozen=True, slots=True)
class GapChanges:
    """Datastream numbers (k,) whose gap began or ended, with the time [us] of the last observation before the gap."""

    began: NDArray[np.intp]
    began_micros: NDArray[np.int64]
    ended: NDArray[np.intp]


class GapWatch:
    """Knows when each datastream was last heard."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        count = len(streams)
        self._patience = (streams.gap_factor * streams.interval * 1e6).astype(np.int64)
        self._patience = np.maximum(self._patience, 30_000_000)  # batching and network take their time
        self.now = 0
        self.state: Columns = {
            "heard": np.zeros(count, dtype=np.int64),
            "newest": np.zeros(count, dtype=np.int64),
            "silent": np.zeros(count, dtype=np.bool_),
        }

    def hear(self, places: NDArray[np.intp], received: NDArray[np.int64], micros: NDArray[np.int64]) -> None:
        """Take note of observations: places, time of reception and phenomenon time [us], columns (n,)."""
        np.maximum.at(self.state["heard"], places, received)
        np.maximum.at(self.state["newest"], places, micros)

    def tick(self, committed_at: datetime) -> GapChanges:
        """Take the time of a batch; return which datastreams fell silent or spoke again.

        A datastream that never spoke is not silent: it has not begun.
        """
        now = to_micros(committed_at)
        heard, silent = self.state["heard"], self.state["silent"]
        if self.now and now - self.now > _AWAY:
            heard[heard > 0] += now - self.now
        self.now = now
        quiet = (heard > 0) & (now - heard > self._patience)
        began, ended = quiet & ~silent, silent & ~quiet
        self.state["silent"] = quiet
        numbers = self._streams.numbers
        return GapChanges(numbers[began], self.state["newest"][began], numbers[ended])
