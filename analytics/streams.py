"""The datastreams that analytics looks after, as columns; a *place* is the row of a datastream in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.methods.segments import Segments, segments
from citywatch.model.observations import Observations
from citywatch.model.quality import Flag, QualityTest
from citywatch.model.registry import Datastream, Sampling


class Streams:
    """Static facts of m datastreams.

    Columns float64 (m,): ``interval`` [s], ``resolution`` [unit], and the limits of the quality tests, nan where a
    test is off: ``rate_limit`` [unit/s], ``spike_suspect``, ``spike_fail`` [unit], ``flat_suspect``, ``flat_fail``
    [s], ``gap_factor`` [intervals].
    """

    def __init__(self, datastreams: Sequence[Datastream]) -> None:
        self.all = [
            stream for stream in datastreams if stream.measure.sampling is Sampling.SCALAR and stream.removed_at is None
        ]
        numbers = np.array([stream.datastream_id for stream in self.all], dtype=np.intp)
        self.numbers = numbers
        self._place = np.full(numbers.max(initial=0) + 1, -1, dtype=np.intp)
        self._place[numbers] = np.arange(len(numbers))
        measures = [stream.measure for stream in self.all]
        limits = [measure.limits for measure in measures]
        self.interval = _column([measure.expected_interval for measure in measures])
        self.resolution = _column([measure.resolution for measure in measures])
        self.rate_limit = _column([limit.rate_limit for limit in limits])
        self.spike_suspect = _column([limit.spike_suspect for limit in limits])
        self.spike_fail = _column([limit.spike_fail for limit in limits])
        self.flat_suspect = _column([limit.flat_suspect for limit in limits])
        self.flat_fail = _column([limit.flat_fail for limit in limits])
        self.gap_factor = _column([limit.gap_factor for limit in limits])

    def __len__(self) -> int:
        return len(self.all)

    def places(self, datastream_ids: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return the place of each datastream (n,), -1 for those we do not look after."""
        known = datastream_ids < len(self._place)
        return np.where(known, self._place[np.where(known, datastream_ids, 0)], -1)

    def place_of(self, stream: Datastream) -> int:
        """Return the place of a datastream we look after."""
        return int(self._place[stream.datastream_id])


def _column(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Block:
    """Observations of datastreams we look after, ordered by datastream and time, none older than what was seen.

    ``place`` int (n,); ``time`` float64 (n,) [s since the epoch]; ``micros`` int64 (n,) the same in microseconds;
    ``received`` int64 (n,) [us]; ``value`` float64 (n,); ``flag`` int16 (n,), see :class:`Flag`; ``tests`` int32 (n,),
    bits of :class:`QualityTest`. Quality control fills in ``flag`` and ``tests``.
    """

    place: NDArray[np.intp]
    micros: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.int16]
    tests: NDArray[np.int32]
    segments: Segments

    def __len__(self) -> int:
        return len(self.place)

    @property
    def time(self) -> NDArray[np.float64]:
        """Phenomenon time [s since the epoch]."""
        return self.micros / 1e6

    def where(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Block":
        """Return the chosen rows."""
        place = self.place[rows]
        return Block(
            place=place,
            micros=self.micros[rows],
            received=self.received[rows],
            value=self.value[rows],
            flag=self.flag[rows],
            tests=self.tests[rows],
            segments=segments(place),
        )


def to_block(observations: Observations, streams: Streams, newest: NDArray[np.int64]) -> Block:
    """Return the observations that are newer than what was seen of their datastream.

    Parameters
    ----------
    observations
        Ordered by datastream and time, as committed batches are.
    newest
        Shape (m,), [us since the epoch]: time of the newest observation seen of each datastream.
    """
    place = streams.places(observations.datastream_id)
    fresh = (place >= 0) & (observations.phenomenon_time > newest[place])
    chosen = observations.take(fresh)
    outside = np.where(chosen.quality >= Flag.SUSPECT, QualityTest.GROSS_RANGE, 0).astype(np.int32)
    return Block(
        place=place[fresh],
        micros=chosen.phenomenon_time,
        received=chosen.received_time,
        value=chosen.result,
        flag=chosen.quality.copy(),
        tests=outside,
        segments=segments(place[fresh]),
    )
