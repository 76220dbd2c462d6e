"""Building observations and committed batches for unit tests of analytics."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from citywatch.clock import to_micros
from citywatch.model.observations import CommittedBatch, Observations

START = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)  # a Monday, 08:00 in Shanghai
Row = tuple[int, float, float]  # datastream, seconds after START, value


def observations_of(rows: Sequence[Row], *, quality: int = 1) -> Observations:
    """Return rows as columns, ordered by datastream and time; received when measured."""
    ordered = sorted(rows)
    micros = np.array([to_micros(START) + round(seconds * 1e6) for _, seconds, _ in ordered], dtype=np.int64)
    return Observations(
        datastream_id=np.array([stream for stream, _, _ in ordered], dtype=np.int32),
        phenomenon_time=micros,
        received_time=micros.copy(),
        result=np.array([value for _, _, value in ordered], dtype=np.float64),
        quality=np.full(len(ordered), quality, dtype=np.int16),
    )


def batch_of(number: int, rows: Sequence[Row], *, at: float | None = None, quality: int = 1) -> CommittedBatch:
    """Return a committed batch; committed ``at`` seconds after START, else with its newest row."""
    moment = max((seconds for _, seconds, _ in rows), default=0.0) if at is None else at
    return CommittedBatch(number, START + timedelta(seconds=moment), observations_of(rows, quality=quality))


def cut(rows: Sequence[Row], places: Iterable[int]) -> list[list[Row]]:
    """Return rows in time order, cut into consecutive pieces at the given places."""
    ordered = sorted(rows, key=lambda row: row[1])
    marks = [0, *sorted({min(place, len(ordered)) for place in places}), len(ordered)]
    return [ordered[a:b] for a, b in pairwise(marks) if b > a]
