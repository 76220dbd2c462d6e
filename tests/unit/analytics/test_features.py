"""Features of blocks: closed forms, a twin, and the worked example of the standard."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.methods.block_features import block_features
from analytics.methods.rainflow import Rainflow
from analytics.methods.spectrum import band_powers, spectrum
from tests.support.streaming import STREAMS, Floats, blocks

HISTORY = [-2.0, 1.0, -3.0, 5.0, -1.0, 3.0, -4.0, 4.0, -2.0]  # ASTM E1049, figure 6


@settings(deadline=None)
@given(blocks())
def test_features_agree_with_their_twin(block: Floats) -> None:
    fast = block_features(block)
    for column in range(STREAMS):
        kept = np.array([x for x in block[:, column] if abs(x) <= 1e100])
        assert fast.present[column] == len(kept) / len(block)
        if not len(kept):
            assert np.isnan([fast.mean[column], fast.rms[column], fast.peak[column], fast.crest[column]]).all()
            continue
        size = float(np.abs(kept).max()) or 1.0
        kept /= size  # squares of tiny values vanish
        assert fast.mean[column] / size == pytest.approx(kept.mean(), rel=1e-9, abs=1e-12)
        assert fast.rms[column] / size == pytest.approx(kept.std(), rel=1e-6, abs=1e-12)
        assert fast.peak[column] / size == pytest.approx(np.abs(kept - kept.mean()).max(), rel=1e-9, abs=1e-12)
        if kept.std() > 1e-6:
            unit = (kept - kept.mean()) / kept.std()
            assert fast.kurtosis[column] == pytest.approx((unit**4).mean(), rel=1e-6)
            assert fast.crest[column] == pytest.approx(np.abs(unit).max(), rel=1e-6)


def test_features_tell_noise_sine_and_impacts_apart() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, 60_000)
    sine = np.sin(np.arange(60_000) * 0.31)
    impacts = noise.copy()
    impacts[::5000] = 20.0
    found = block_features(np.stack([noise, sine, impacts, np.ones(60_000)], axis=1))
    assert found.kurtosis[:2] == pytest.approx([3.0, 1.5], abs=0.1)
    assert found.crest[1] == pytest.approx(np.sqrt(2), rel=1e-3)
    assert found.kurtosis[2] > 10
    assert found.rms[3] == 0
    assert np.isnan(found.kurtosis[3])


def test_bands_hold_the_variance_and_a_hole_silences_its_channel_alone() -> None:
    rng = np.random.default_rng(2)
    time = np.arange(6000) / 100
    samples = np.stack([np.sin(2 * np.pi * 5 * time), rng.normal(0, 2, 6000), rng.normal(0, 1, 6000)], axis=1)
    samples[17, 2] = np.nan
    frequency, density = spectrum(samples, 100.0, 1024)
    powers = band_powers(frequency, density, [0.0, 4.0, 6.0, 50.1])
    assert powers[:, 0] == pytest.approx([0, 0.5, 0], abs=0.01)
    assert powers[:, 1].sum() == pytest.approx(4.0, rel=0.1)
    assert np.isnan(powers[:, 2]).all()
    with pytest.raises(ValueError, match="a segment needs"):
        spectrum(samples[:100], 100.0, 1024)


def test_rainflow_counts_the_example_of_the_standard() -> None:
    counting = Rainflow()
    closed = counting.update(np.array(HISTORY))
    rest = counting.residue()
    counts: dict[float, float] = {}
    for size, count in zip([*closed.range, *rest.range], [*closed.count, *rest.count], strict=True):
        counts[size] = counts.get(size, 0.0) + count
    assert counts == {3.0: 0.5, 4.0: 1.5, 6.0: 0.5, 8.0: 1.0, 9.0: 0.5}
    assert closed.mean.tolist() == [-0.5, -1.0, 1.0, 1.0]


def _rainflow_twin(values: list[float]) -> list[tuple[float, float]]:
    """Return sorted ranges and counts; begins anew after each cycle, as the standard tells it."""
    points: list[float] = []
    for x in values:
        if len(points) >= 2 and (points[-1] - points[-2]) * (x - points[-1]) >= 0:
            points[-1] = x
        elif not points or x != points[-1]:
            points.append(x)
    found: list[tuple[float, float]] = []
    again = True
    while again:
        again = False
        for third in range(2, len(points)):
            newest, before = abs(points[third] - points[third - 1]), abs(points[third - 1] - points[third - 2])
            if newest >= before:
                again = True
                found.append((before, 0.5 if third == 2 else 1.0))
                del points[third - 2 : third - 1 if third == 2 else third]
                break
    found += [(abs(b - a), 0.5) for a, b in pairwise(points)]
    return sorted(found)


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5), max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_rainflow_agrees_with_its_twin_however_it_is_cut(loads: list[int], where: list[int]) -> None:
    values = np.array(loads, dtype=np.float64)
    counting = Rainflow()
    closed = [counting.update(part) for part in np.split(values, sorted(where))]
    parts = [*closed, counting.residue()]
    found = sorted((size, count) for part in parts for size, count in zip(part.range, part.count, strict=True))
    assert found == _rainflow_twin([float(x) for x in loads])


def test_rainflow_goes_on_from_its_state_and_forgives_holes() -> None:
    whole, first, second = Rainflow(), Rainflow(), Rainflow()
    rng = np.random.default_rng(3)
    values = rng.normal(0, 1, 500)
    whole.update(values)
    first.update(np.insert(values[:200], 50, [np.nan, np.inf]))
    second.state["reversals"] = first.state["reversals"].copy()
    second.update(values[200:])
    assert second.state["reversals"].tolist() == whole.state["reversals"].tolist()
