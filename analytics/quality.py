"""Quality control: the QARTOD tests that look at the neighbours of a value in time.

Ingest has run the tests that need the value alone (syntax, time, gross range). A value that failed there is no
neighbour: it would make its good successors look wrong.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.methods.flat_line import flat_since
from analytics.methods.rate_of_change import rate_of_change
from analytics.methods.spike import spike
from analytics.state import Columns
from analytics.streams import Block, Streams
from citywatch.model.quality import Flag, QualityTest


@dataclass(frozen=True, slots=True)
class QualityFindings:
    """Values that tests found fault with, as columns (k,): datastream number, time [us], tests and flag."""

    number: NDArray[np.intp]
    micros: NDArray[np.int64]
    tests: NDArray[np.int32]
    flag: NDArray[np.int16]


class QualityControl:
    """Runs spike, rate of change and flat line over blocks; keeps the last two values of every datastream."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        count = len(streams)
        self.state: Columns = {
            "last_value": np.full(count, np.nan),
            "last_micros": np.zeros(count, dtype=np.int64),
            "before_last_value": np.full(count, np.nan),
            "flat_since": np.full(count, np.nan),
        }

    def update(self, block: Block) -> QualityFindings:
        """Test a block: its ``flag`` and ``tests`` are filled in; return all findings, also on values before it.

        The verdict of the spike test comes one value late, so it is among the findings and not in the block: what a
        detector sees must not depend on where a block ends.
        """
        sound = np.flatnonzero(block.flag != Flag.FAIL)
        tested = block.where(sound)
        state, parts = self.state, tested.segments
        places = parts.streams
        before = parts.shifted(tested.value, state["last_value"][places])
        earlier = self._judge_last(tested)
        spiky = self._spikes(tested, before)
        since = self._test(tested, before)
        self._remember(tested, before, since)
        block.flag[sound], block.tests[sound] = tested.flag, tested.tests

        tests, flag = block.tests.copy(), block.flag.copy()
        tests[sound] |= np.where(spiky >= Flag.SUSPECT, QualityTest.SPIKE, 0)
        flag[sound] = np.maximum(flag[sound], spiky)
        faulty = tests != 0
        return QualityFindings(
            number=np.concatenate([earlier.number, self._streams.numbers[block.place[faulty]]]),
            micros=np.concatenate([earlier.micros, block.micros[faulty]]),
            tests=np.concatenate([earlier.tests, tests[faulty]]),
            flag=np.concatenate([earlier.flag, flag[faulty]]),
        )

    def _test(self, block: Block, before: NDArray[np.float64]) -> NDArray[np.float64]:
        """Run rate of change and flat line; return since when [s] each value stands."""
        state, parts, streams = self.state, block.segments, self._streams
        places, time = parts.streams, block.time
        last = state["last_micros"][places]
        time_before = parts.shifted(time, np.where(last > 0, last / 1e6, np.nan))
        rate = rate_of_change(block.value, time, before, time_before)
        _mark(block, QualityTest.RATE_OF_CHANGE, rate > streams.rate_limit[block.place], Flag.SUSPECT)

        tolerance = streams.resolution[block.place] / 2
        since = flat_since(
            block.value, time, tolerance, parts, state["last_value"][places], state["flat_since"][places]
        )
        _mark(block, QualityTest.FLAT_LINE, time - since > streams.flat_suspect[block.place], Flag.SUSPECT)
        _mark(block, QualityTest.FLAT_LINE, time - since > streams.flat_fail[block.place], Flag.FAIL)
        return since

    def _spikes(self, block: Block, before: NDArray[np.float64]) -> NDArray[np.int16]:
        """Return the spike flag of every value that has a successor in the block, pass for the others."""
        after = np.full(len(block), np.nan)
        after[:-1] = block.value[1:]
        after[block.segments.lasts] = np.nan
        return self._spike_flag(spike(block.value, before, after), block.place)

    def _judge_last(self, block: Block) -> QualityFindings:
        """Return the verdict on the values that were the newest before the block."""
        state, places = self.state, block.segments.streams
        height = spike(
            state["last_value"][places], state["before_last_value"][places], block.value[block.segments.starts]
        )
        flag = self._spike_flag(height, places)
        spiky = flag >= Flag.SUSPECT
        return QualityFindings(
            number=self._streams.numbers[places[spiky]],
            micros=state["last_micros"][places[spiky]],
            tests=np.full(np.count_nonzero(spiky), QualityTest.SPIKE, dtype=np.int32),
            flag=flag[spiky],
        )

    def _spike_flag(self, height: NDArray[np.float64], place: NDArray[np.intp]) -> NDArray[np.int16]:
        suspect, fail = height > self._streams.spike_suspect[place], height > self._streams.spike_fail[place]
        return np.where(fail, Flag.FAIL, np.where(suspect, Flag.SUSPECT, Flag.PASS)).astype(np.int16)

    def _remember(self, block: Block, before: NDArray[np.float64], since: NDArray[np.float64]) -> None:
        lasts, places = block.segments.lasts, block.segments.streams
        self.state["before_last_value"][places] = before[lasts]
        self.state["last_value"][places] = block.value[lasts]
        self.state["last_micros"][places] = block.micros[lasts]
        self.state["flat_since"][places] = since[lasts]


def _mark(block: Block, test: QualityTest, failed: NDArray[np.bool_], flag: Flag) -> None:
    block.tests[failed] |= test
    block.flag[failed] = np.maximum(block.flag[failed], flag)
