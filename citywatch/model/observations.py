"""Observations in columns, and the batches in which ingest hands them to storage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from citywatch.errors import Reason
from citywatch.model.devices import DeviceMessages, no_device_messages
from citywatch.model.identifiers import AssetId, SensorId
from citywatch.model.waveforms import Waveform


@dataclass(frozen=True, slots=True)
class Observations:
    """Columns of equal length n.

    ``datastream_id`` int32; ``phenomenon_time`` and ``received_time`` int64 microseconds since the epoch; ``result``
    float64 in the unit of the datastream, finite; ``quality`` int16, values of :class:`~citywatch.model.quality.Flag`.
    """

    datastream_id: NDArray[np.int32]
    phenomenon_time: NDArray[np.int64]
    received_time: NDArray[np.int64]
    result: NDArray[np.float64]
    quality: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.datastream_id)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Observations":
        """Return the chosen rows, in the chosen order."""
        return Observations(
            self.datastream_id[rows],
            self.phenomenon_time[rows],
            self.received_time[rows],
            self.result[rows],
            self.quality[rows],
        )


def joined(parts: Sequence[Observations]) -> Observations:
    """Return the rows of several parts, one part after the other."""
    if not parts:
        numbers, times = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
        return Observations(numbers, times, times, np.empty(0, dtype=np.float64), np.empty(0, dtype=np.int16))
    return Observations(
        np.concatenate([part.datastream_id for part in parts]),
        np.concatenate([part.phenomenon_time for part in parts]),
        np.concatenate([part.received_time for part in parts]),
        np.concatenate([part.result for part in parts]),
        np.concatenate([part.quality for part in parts]),
    )


class Outcome(IntEnum):
    """What became of an accepted observation or waveform block."""

    STORED = 0
    DUPLICATE = 1
    CONFLICT = 2


@dataclass(frozen=True, slots=True)
class Account:
    """The share of one minute of reception and one source in a batch; the open rest is known after the commit."""

    minute: datetime
    source: str
    messages: int
    received: int
    rejected: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or some readings of it, that cannot be accepted; ``indices`` None means the whole message."""

    received_at: datetime
    topic: str
    content_type: str | None
    reason: Reason
    detail: str
    readings: int
    indices: tuple[int, ...] | None
    payload: bytes
    payload_size: int
    payload_sha256: bytes


@dataclass(frozen=True, slots=True)
class SensorStatus:
    """A device said it is there, or the broker said it is gone; ``changed_at`` by the clock of the device."""

    asset_id: AssetId
    sensor_id: SensorId
    state: str
    changed_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction of ingest makes durable.

    ``row_account`` names the account of each observation, ``waveform_account`` that of each waveform block; int32.
    ``row_device`` names the message in ``devices`` of each observation, then of each waveform block; int32.
    ``waveform_quality`` is the flag of the worst value of each block; int16.
    """

    observations: Observations
    row_account: NDArray[np.int32]
    accounts: Sequence[Account]
    dead_letters: Sequence[DeadLetter]
    statuses: Sequence[SensorStatus]
    waveforms: Sequence[Waveform] = ()
    waveform_account: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    waveform_quality: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, dtype=np.int16))
    devices: DeviceMessages = field(default_factory=no_device_messages)
    row_device: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class CommittedBatch:
    """A batch as its followers read it: the observations that were stored, ordered by datastream and time."""

    batch_no: int
    committed_at: datetime
    observations: Observations
