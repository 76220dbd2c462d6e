"""The environment of one city."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.environment.harmonics import Harmonics, cosine, wander
from simulators.environment.rain import Storm
from simulators.environment.sun import sun_elevation
from simulators.environment.traffic import traffic_share
from simulators.randomness import constants

_DAY: Final = 86_400.0  # [s]
_YEAR: Final = 365.2425 * _DAY
_HOTTEST_DAY: Final = 201 * _DAY  # 21 July [s since the start of 1970]

Storms = Callable[[float, float], Sequence[Storm]]


class Environment:
    """Weather and traffic as functions of time.

    Yearly and daily course of the air temperature are those of Wuhan's climate in round figures (17 Cel on average,
    about 4 Cel in January and 29 Cel in July). ``utc_offset`` [s] turns UTC into local time; ``storms`` returns the
    storms that touch an interval [s since the epoch].
    """

    def __init__(self, *, seed: int, utc_offset: float, storms: Storms) -> None:
        rng = constants(seed, "environment")
        self._utc_offset = utc_offset
        self._storms = storms
        year = cosine(17.0, 12.5, _YEAR, _HOTTEST_DAY)
        day = cosine(0.0, 3.5, _DAY, 15 * 3600 - utc_offset)
        self.air_temperature: Harmonics = year.plus(day).plus(wander(rng, scale=2.0, periods=(6 * 3600, 6 * _DAY)))
        self._breeze = wander(rng, scale=0.9, periods=(600, 3 * _DAY))

    def local(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return local seconds since 1970 for times (n,) [s since the epoch]."""
        return times + self._utc_offset

    def wind_speed(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean wind speed at times (n,), shape (n,) [m/s]."""
        return 2.5 * np.exp(0.6 * self._breeze.at(times))

    def traffic(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the traffic at times (n,) as a share of the busiest hour, shape (n,) [0-1]."""
        return traffic_share(self.local(times))

    def rain(self, times: NDArray[np.float64], *, latitude: float, longitude: float) -> NDArray[np.float64]:
        """Return the rain at a place and times (n,), shape (n,) [mm/h]."""
        total = np.zeros(len(times))
        if len(times):
            for storm in self._storms(float(times.min()), float(times.max())):
                total += storm.at(times, latitude=latitude, longitude=longitude)
        return total

    def sun(self, times: NDArray[np.float64], *, latitude: float, longitude: float) -> NDArray[np.float64]:
        """Return the elevation of the sun at a place and times (n,), shape (n,) [deg]."""
        return sun_elevation(times, latitude=latitude, longitude=longitude)
