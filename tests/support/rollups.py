"""Roll-ups computed slowly and obviously, and read back from a database."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from citywatch.clock import from_micros, to_micros
from citywatch.model.observations import Account, Batch, Observations
from citywatch.model.rollups import Resolution
from citywatch.storage.connection import Connection

_MINUTE: Final = 60_000_000  # [us]


class Value(NamedTuple):
    """One observation; ``at`` in microseconds since the epoch."""

    datastream_id: int
    at: int
    result: float
    quality: int


class Rollup(NamedTuple):
    """One bucket, as it is stored."""

    datastream_id: int
    bucket: datetime
    n: int
    good: int
    failed: int
    min: float | None
    max: float | None
    sum: float | None
    last: float | None
    last_at: datetime | None


def batch_of(values: Iterable[Value], *, source: str = "test/test") -> Batch:
    """Return a batch that holds the values in the given order, each received when it was measured."""
    rows = list(values)
    at = np.array([value.at for value in rows], dtype=np.int64)
    observations = Observations(
        datastream_id=np.array([value.datastream_id for value in rows], dtype=np.int32),
        phenomenon_time=at,
        received_time=at.copy(),
        result=np.array([value.result for value in rows], dtype=np.float64),
        quality=np.array([value.quality for value in rows], dtype=np.int16),
    )
    minutes, account_of_row, sizes = np.unique(at // _MINUTE, return_inverse=True, return_counts=True)
    accounts = [
        Account(from_micros(minute * _MINUTE), source, 1, size, 0)
        for minute, size in zip(minutes.tolist(), sizes.tolist(), strict=True)
    ]
    return Batch(observations, account_of_row.astype(np.int32), accounts, [], [])


def expected_rollups(values: Iterable[Value], resolution: Resolution, zone: ZoneInfo) -> list[Rollup]:
    """Return what the roll-ups of stored values must be: days from hours, hours from minutes, minutes from values."""
    finer = {Resolution.HOUR: Resolution.MINUTE, Resolution.DAY: Resolution.HOUR}
    groups: dict[tuple[int, datetime], list[Rollup]] = defaultdict(list)
    if resolution is Resolution.MINUTE:
        for one in sorted(values):
            groups[one.datastream_id, _begin(from_micros(one.at), resolution, zone)].append(_of_value(one))
    else:
        for part in expected_rollups(values, finer[resolution], zone):
            groups[part.datastream_id, _begin(part.bucket, resolution, zone)].append(part)
    return [_joined(stream, bucket, parts) for (stream, bucket), parts in sorted(groups.items())]


def stored_rollups(connection: Connection, resolution: Resolution) -> list[Rollup]:
    """Return all roll-ups of a resolution."""
    rows = connection.execute(
        "SELECT datastream_id, bucket, n, good, failed, min, max, sum, last, last_at"
        f" FROM rollup_{resolution} ORDER BY 1, 2".encode()
    )
    return [Rollup(*row) for row in rows]


def _of_value(value: Value) -> Rollup:
    at, result, is_good = from_micros(value.at), value.result, value.quality < 3
    if value.quality >= 4:
        return Rollup(value.datastream_id, at, 0, 0, 1, None, None, None, None, None)
    return Rollup(value.datastream_id, at, 1, int(is_good), 0, result, result, result, result, at)


def _begin(at: datetime, resolution: Resolution, zone: ZoneInfo) -> datetime:
    if resolution is Resolution.MINUTE:
        return at.replace(second=0, microsecond=0)
    if resolution is Resolution.HOUR:
        return at.replace(minute=0, second=0, microsecond=0)
    local = at.astimezone(zone)
    return datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC)


def _joined(stream: int, bucket: datetime, parts: Sequence[Rollup]) -> Rollup:
    """Join parts that are in the order of time."""
    full = [part for part in parts if part.n]
    total = None
    for part in full:
        assert part.sum is not None
        total = part.sum if total is None else total + part.sum
    return Rollup(
        stream,
        bucket,
        sum(part.n for part in parts),
        sum(part.good for part in parts),
        sum(part.failed for part in parts),
        min((part.min for part in full if part.min is not None), default=None),
        max((part.max for part in full if part.max is not None), default=None),
        total,
        full[-1].last if full else None,
        full[-1].last_at if full else None,
    )


def micros_after(begin: datetime, seconds: float) -> int:
    """Return an instant in microseconds since the epoch."""
    return to_micros(begin + timedelta(seconds=seconds))
