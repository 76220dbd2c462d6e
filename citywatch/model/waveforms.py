"""Waveform blocks: evenly sampled values, as a device sends them and as they are stored."""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from citywatch.model.identifiers import DatastreamId

Samples = NDArray[np.float32]


class WaveformBlock(msgspec.Struct, frozen=True, eq=False):
    """What a decoded block claims, before anybody checked it against the registry.

    ``name`` of the property as sent, ``start_time`` of the first value [s since the epoch], ``sampling_rate`` above 0
    [Hz], ``values`` shape (n,), n >= 1, finite, in ``unit`` (None: the sender gave none). ``sequence`` and ``sent`` as
    in :class:`~citywatch.model.readings.Readings`.
    """

    name: str
    start_time: float
    sampling_rate: float
    values: Samples
    unit: str | None = None
    sequence: int | None = None
    sent: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """A block of a datastream; times in microseconds since the epoch, ``values`` in the unit of the datastream."""

    datastream_id: DatastreamId
    start_time: int
    received_time: int
    sampling_rate: float
    values: Samples

    @property
    def end_time(self) -> int:
        """Time of the last value [us since the epoch]."""
        return self.start_time + round((len(self.values) - 1) / self.sampling_rate * 1e6)
