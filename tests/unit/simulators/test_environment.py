"""Weather and traffic against closed forms, almanacs and slow twins."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.environment import Environment
from simulators.environment.harmonics import cosine, wander
from simulators.environment.rain import WUHAN, Storm, chicago
from simulators.environment.sun import sun_elevation
from simulators.environment.traffic import traffic_share
from simulators.randomness import Noise, constants

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC).timestamp()
EIGHT_HOURS = 8 * 3600.0


def dry(_start: float, _end: float) -> list[Storm]:
    return []


@given(counts=st.lists(st.integers(0, 2000), max_size=30))
def test_noise_depends_on_name_and_count_alone(counts: list[int]) -> None:
    whole = Noise(1, "bridge", "strain").normal(np.arange(2001))
    assert np.array_equal(Noise(1, "bridge", "strain").normal(np.array(counts, dtype=np.int64)), whole[counts])


def test_noise_is_standard_normal_and_differs_between_names_and_seeds() -> None:
    counts = np.arange(20_000)
    one = Noise(1, "a").normal(counts)
    assert abs(one.mean()) < 0.03
    assert abs(one.std() - 1) < 0.03
    for other in (Noise(1, "b"), Noise(2, "a")):
        assert abs(np.corrcoef(one, other.normal(counts))[0, 1]) < 0.03
    assert abs(Noise(1, "c").uniform(counts).mean() - 0.5) < 0.01


def test_the_lag_of_a_curve_solves_its_differential_equation() -> None:
    curve, tau, step = cosine(15.0, 4.0, 86_400, 50_000), 5 * 3600.0, 20.0
    times = np.arange(0, 5 * 86_400, step)
    slow = np.empty(len(times))
    slow[0] = curve.lagged(tau).at(times[:1])[0]
    for i, value in enumerate(curve.at(times)[:-1]):
        slow[i + 1] = slow[i] + step / tau * (value - slow[i])
    assert np.abs(curve.lagged(tau).at(times) - slow).max() < 0.01


def test_a_wandering_curve_has_the_scale_it_was_asked_for() -> None:
    curve = wander(constants(1, "test"), scale=2.0, periods=(600, 7200), waves=16)
    assert curve.at(np.arange(0, 40 * 86_400, 300.0)).std() == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(
    ("when", "elevation"),
    [
        # local noon of Wuhan at the solstices and the equinox: 90 - latitude + declination
        (datetime(2026, 6, 21, 4, 24, tzinfo=UTC), 90 - 30.58 + 23.44),
        (datetime(2026, 12, 21, 4, 21, tzinfo=UTC), 90 - 30.58 - 23.44),
        (datetime(2026, 3, 20, 4, 30, tzinfo=UTC), 90 - 30.58 - 0.17),  # ten hours before the equinox
    ],
)
def test_the_sun_culminates_where_the_almanac_says(when: datetime, elevation: float) -> None:
    height = sun_elevation(np.array([when.timestamp()]), latitude=30.58, longitude=114.30)
    assert height[0] == pytest.approx(elevation, abs=0.15)


@settings(deadline=None)
@given(
    duration=st.floats(10, 180),
    return_period=st.floats(1, 100),
    peak_ratio=st.floats(0.1, 0.9),
)
def test_a_chicago_storm_brings_the_depth_of_its_formula(
    duration: float, return_period: float, peak_ratio: float
) -> None:
    minutes = np.linspace(0, duration, 200_001)
    intensity = chicago(minutes, duration=duration, return_period=return_period, peak_ratio=peak_ratio)
    depth = np.trapezoid(intensity, minutes) / 60
    assert depth == pytest.approx(WUHAN.intensity(duration, return_period) * duration / 60, rel=1e-3)
    peak = minutes[intensity.argmax()]
    assert peak == pytest.approx(peak_ratio * duration, abs=duration / 1000)


def test_the_formula_gives_the_figures_of_the_city() -> None:
    """About 81 mm in the hour once in 30 years (worked example beside the formula)."""
    assert WUHAN.intensity(60, 30) == pytest.approx(81.1, abs=0.3)


def test_rain_falls_inside_its_cell_and_time_alone() -> None:
    storm = Storm(1000.0, 1200.0, 5.0, 0.35, 30.5, 114.3, 2.0)
    times = np.array([0.0, 999.0, 1420.0, 2201.0])
    inside = storm.at(times, latitude=30.5, longitude=114.3)
    assert inside[[0, 1, 3]].tolist() == [0, 0, 0]
    assert inside[2] > 50
    assert storm.at(times, latitude=30.7, longitude=114.3)[2] < 1e-6 * inside[2]


def test_streets_are_busiest_in_the_rush_hours_of_working_days() -> None:
    monday = 4 * 86_400.0  # 1970-01-05
    hours = monday + 3600.0 * np.arange(24, dtype=np.float64)
    assert int(traffic_share(hours).argmax()) in {8, 17}
    saturday = hours + 5 * 86_400
    assert traffic_share(saturday)[8] < traffic_share(hours)[8]
    assert traffic_share(np.linspace(0, 14 * 86_400, 5000)).max() <= 1


def test_summers_are_hot_and_afternoons_warmer_than_mornings() -> None:
    environment = Environment(seed=1, utc_offset=EIGHT_HOURS, storms=dry)
    year = NOON + 3600.0 * np.arange(24 * 365, dtype=np.float64)
    air = environment.air_temperature.at(year)
    assert 15 < air.mean() < 19
    local_hour = (environment.local(year) // 3600) % 24
    assert air[local_hour == 15].mean() > air[local_hour == 5].mean() + 4
    assert (environment.wind_speed(year) > 0).all()
    assert not environment.rain(year, latitude=30.5, longitude=114.3).any()
