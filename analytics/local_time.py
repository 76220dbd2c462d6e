"""Local hours: where the day of the city begins, for whole columns of instants."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

_HOUR = 3600
_SATURDAY = 5


class LocalHours:
    """Numbers the hours of local time since 1970-01-01T00:00 local."""

    def __init__(self, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._offset = lru_cache(maxsize=100_000)(self._offset_of)

    def of(self, time: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the number of the local hour of each instant (n,) [s since the epoch]."""
        utc_hours, inverse = np.unique((time // _HOUR).astype(np.int64), return_inverse=True)
        offsets = np.array([self._offset(hour) for hour in utc_hours.tolist()], dtype=np.float64)
        return ((time + offsets[inverse]) // _HOUR).astype(np.int64)

    def _offset_of(self, utc_hour: int) -> float:
        offset = datetime.fromtimestamp(utc_hour * _HOUR, UTC).astimezone(self._zone).utcoffset()
        assert offset is not None
        return offset.total_seconds()


def hour_of_day(local_hour: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the hour of the day, 0-23 [h], of numbered local hours (n,)."""
    return (local_hour % 24).astype(np.intp)


def is_day_off(local_hour: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether numbered local hours (n,) lie on a Saturday or Sunday; 1970-01-01 was a Thursday."""
    weekday = (local_hour // 24 + 3) % 7
    return weekday >= _SATURDAY
