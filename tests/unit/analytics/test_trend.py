"""The trend: exact lines, dates on both sides, noise that widens the range."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.methods.trend import project

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(90)]


def test_a_straight_line_reaches_its_target_on_the_day_it_does() -> None:
    trend = project(DAYS, [50 + 0.25 * number for number in range(90)], 100.0)
    assert trend is not None
    assert trend.slope == pytest.approx(0.25)
    assert trend.reached == trend.earliest == trend.latest == FIRST + timedelta(days=200)


def test_a_figure_that_falls_never_gets_there() -> None:
    trend = project(DAYS, [50 - 0.25 * number for number in range(90)], 100.0)
    assert trend is not None
    assert (trend.reached, trend.earliest, trend.latest) == (None, None, None)


def test_a_figure_that_is_there_is_there_today() -> None:
    trend = project(DAYS, [100.0] * 90, 100.0)
    assert trend is not None
    assert trend.reached == trend.latest == DAYS[-1]


def test_a_fortnight_is_the_least() -> None:
    assert project(DAYS[:13], [50.0] * 13, 100.0) is None
    assert project(DAYS[:14], [50.0] * 14, 100.0) is not None


@given(seed=st.integers(0, 10_000), noise=st.floats(0.1, 3))
def test_the_range_holds_the_date_of_the_line(seed: int, noise: float) -> None:
    random = np.random.default_rng(seed)
    trend = project(DAYS, (60 + 0.2 * np.arange(90) + noise * random.normal(size=90)).tolist(), 100.0)
    assert trend is not None
    assert trend.slope_low < trend.slope < trend.slope_high
    assert trend.earliest is not None
    assert trend.reached is None or trend.earliest <= trend.reached
    assert trend.latest is None or (trend.reached is not None and trend.reached <= trend.latest)


def test_days_that_are_alike_are_worth_fewer_than_days_that_are_not() -> None:
    random = np.random.default_rng(3)
    apart = random.normal(size=90)
    alike = np.convolve(random.normal(size=99), np.ones(10), "valid")
    alike *= apart.std() / alike.std()
    widths = []
    for noise in (apart, alike):
        trend = project(DAYS, (50 + 0.2 * np.arange(90) + noise).tolist(), 100.0)
        assert trend is not None
        widths.append(trend.slope_high - trend.slope_low)
    assert widths[1] > 2 * widths[0]


def test_nine_of_ten_ranges_hold_the_truth() -> None:
    """Calibration on 400 drawn histories whose days are independent; the true date is known."""
    random = np.random.default_rng(1)
    truth, held = FIRST + timedelta(days=200), 0
    for _ in range(400):
        trend = project(DAYS, (60 + 0.2 * np.arange(90) + random.normal(size=90)).tolist(), 100.0)
        assert trend is not None
        assert trend.earliest is not None
        held += trend.earliest <= truth and (trend.latest is None or truth <= trend.latest)
    assert 0.85 <= held / 400 <= 0.96
