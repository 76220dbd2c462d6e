"""How busy the roads are."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_HOURS: Final = np.arange(25.0)
# Shares of the busiest hour; a plausible shape with two peaks on working days, not a count of a particular road.
_WORKING_DAY: Final = np.array(
    [.18, .12, .09, .08, .10, .22, .52, .92, 1.0, .82, .74, .72,
     .68, .70, .74, .78, .88, 1.0, .96, .78, .62, .50, .38, .26, .18],
)  # fmt: skip
_DAY_OFF: Final = np.array(
    [.24, .17, .12, .10, .10, .14, .24, .38, .52, .64, .72, .76,
     .74, .72, .72, .74, .78, .80, .76, .68, .58, .50, .42, .32, .24],
)  # fmt: skip


def traffic_share(local_seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the traffic at local times (n,) [s since 1970-01-01 local] as a share (0-1) of the busiest hour."""
    days, seconds = np.divmod(local_seconds, 86_400)
    hour = seconds / 3600
    day_off = (days.astype(np.int64) + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    share: NDArray[np.float64] = np.where(
        day_off, np.interp(hour, _HOURS, _DAY_OFF), np.interp(hour, _HOURS, _WORKING_DAY)
    )
    return share
