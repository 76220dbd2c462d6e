"""QARTOD tests and the windows they look at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.methods.attenuated_signal import AttenuatedSignal
from analytics.methods.climatology import beyond_climatology
from analytics.methods.multi_variate import moves_alone
from analytics.methods.neighbour import neighbour
from analytics.methods.rolling import Rolling
from analytics.methods.segments import segments
from analytics.methods.ticks import from_ticks, to_ticks
from tests.support.streaming import STREAMS, Floats, blocks, check, cuts


@pytest.mark.parametrize("by_range", [False, True])
@settings(deadline=None)
@given(blocks(), blocks(), cuts)
def test_attenuated_signal_streams(by_range: bool, first: Floats, second: Floats, where: list[int]) -> None:
    check(lambda: AttenuatedSignal(STREAMS, 5, by_range=by_range), first, second, where)


@settings(deadline=None)
@given(blocks(), st.integers(2, 7))
def test_windows_agree_with_their_twin(block: Floats, length: int) -> None:
    fast = Rolling(STREAMS, length).update(block, lambda windows: windows[..., 0] + 2 * windows[..., -1])
    for column in range(STREAMS):
        kept: list[float] = []
        for row, value in enumerate(block[:, column]):
            if not abs(value) <= 1e100:
                assert np.isnan(fast[row, column])
                continue
            kept.append(float(value))
            expected = kept[-length] + 2 * kept[-1] if len(kept) >= length else np.nan
            np.testing.assert_equal(fast[row, column], expected)


def test_a_loose_accelerometer_is_attenuated() -> None:
    rng = np.random.default_rng(3)
    signal = rng.normal(0, 1, (400, 1))
    signal[200:] *= 0.01
    spread = AttenuatedSignal(1, 50).update(signal)
    assert np.nanmin(spread[:200]) > 0.5
    assert np.nanmax(spread[250:]) < 0.02


@settings(deadline=None)
@given(blocks())
def test_neighbour_agrees_with_its_twin(block: Floats) -> None:
    fast = neighbour(block)
    for row, values in enumerate(block):
        for column, value in enumerate(values):
            others = [float(x) for place, x in enumerate(values) if place != column and abs(x) <= 1e100]
            expected = value - np.median(others) if others and abs(value) <= 1e100 else np.nan
            np.testing.assert_allclose(fast[row, column], expected, rtol=1e-12, equal_nan=True)


def test_nothing_is_beyond_a_band_nobody_knows() -> None:
    nothing = np.array([np.nan])
    assert np.isnan(beyond_climatology(np.ones(1), nothing, nothing, np.zeros(1)))[0]
    assert not moves_alone(nothing, np.zeros(1), np.ones(1), np.ones(1))[0]
    assert not moves_alone(np.full(1, 9.0), nothing, np.ones(1), np.ones(1))[0]


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_ticks_and_columns_are_the_same_values(lengths: list[int]) -> None:
    parts = segments(np.repeat(np.arange(len(lengths)), lengths).astype(np.intp))
    column = np.arange(sum(lengths), dtype=np.float64)
    table = to_ticks(column, parts)
    assert table.shape == (max(lengths), len(lengths))
    assert from_ticks(table, parts).tolist() == column.tolist()


def test_a_window_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Rolling(1, 1)
