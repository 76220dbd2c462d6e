"""Height of the sun."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_DAY: Final = 86_400.0  # [s]
_JULIAN_2000: Final = 946_728_000.0  # 2000-01-01T12:00Z [s since the epoch]


def sun_elevation(times: NDArray[np.float64], *, latitude: float, longitude: float) -> NDArray[np.float64]:
    """Return the elevation of the sun's centre above the horizon [deg], without refraction.

    Parameters
    ----------
    times
        Shape (n,) [s since the epoch].
    latitude, longitude
        WGS 84 [deg].

    References
    ----------
    Low-precision solar coordinates of the Astronomical Almanac (Michalsky 1988, Solar Energy 40 (3) 227-235): good to
    0.01 deg from 1950 to 2050.
    """
    days = (times - _JULIAN_2000) / _DAY
    anomaly = np.radians(357.528 + 0.9856003 * days)
    mean_longitude = 280.460 + 0.9856474 * days
    ecliptic = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    sidereal = np.radians(280.46062 + 360.98564737 * days + longitude)
    hour_angle = sidereal - ascension
    height = np.arcsin(
        np.sin(np.radians(latitude)) * np.sin(declination)
        + np.cos(np.radians(latitude)) * np.cos(declination) * np.cos(hour_angle)
    )
    elevation: NDArray[np.float64] = np.degrees(height)
    return elevation
