"""What is known of devices: the messages of a batch, and the figures of an hour."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from citywatch.model.identifiers import AssetId, SensorId

NONE = -1
"""A column's word for: the message does not say."""


@dataclass(frozen=True, slots=True)
class DeviceMessages:
    """Messages of registered sensors, columns of equal length n in the order of arrival.

    ``datastream_id`` int32 names the sensor by one of its datastreams; ``received``, ``sent`` int64 [us since the
    epoch]; ``seq`` int64; ``readings`` int32, accepted or not; ``is_repeated`` bool: nothing new in it.
    """

    datastream_id: NDArray[np.int32]
    received: NDArray[np.int64]
    seq: NDArray[np.int64]
    sent: NDArray[np.int64]
    readings: NDArray[np.int32]
    is_repeated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.datastream_id)


def no_device_messages() -> DeviceMessages:
    """Return columns of length 0."""
    numbers, flags = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
    small = np.empty(0, dtype=np.int32)
    return DeviceMessages(small, numbers, numbers, numbers, small, flags)


@dataclass(frozen=True, slots=True)
class SequenceState:
    """The count of a device: bit n of ``seen``: number ``last`` - n has arrived; ``sent`` is that of ``last``."""

    last: int
    seen: int
    sent: int | None


@dataclass(frozen=True, slots=True)
class DeviceState:
    """When a device was last heard [us since the epoch], and its count."""

    heard: int
    sequence: SequenceState | None


@dataclass(slots=True)
class DeviceHour:
    """What came from a device within an hour of reception; times in seconds, histograms int64."""

    messages: int = 0
    readings: int = 0
    repeated: int = 0
    skipped: int = 0
    out_of_order: int = 0
    restarts: int = 0
    skew_messages: int = 0
    skew_min: float | None = None
    skew_median: float | None = None
    skew_max: float | None = None
    skew_counts: list[int] = field(default_factory=list)
    lateness_rows: int = 0
    lateness_sum: float = 0.0
    lateness_max: float | None = None
    lateness_p95: float | None = None
    lateness_counts: list[int] = field(default_factory=list)


SensorKey = tuple[AssetId, SensorId]
HourKey = tuple[AssetId, SensorId, datetime]
