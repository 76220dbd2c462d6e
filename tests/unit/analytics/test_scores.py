"""Streaming scores: the promises of streaming, slow twins, and what each score is for."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytics.methods.cusum import Cusum, CusumParams
from analytics.methods.event_density import EventDensity
from analytics.methods.flat_segment import FlatSegment
from analytics.methods.log_variance import LogVariance, LogVarianceParams
from analytics.methods.mewma import Mewma
from analytics.methods.record_novelty import RecordNovelty
from analytics.methods.regression import RecursiveRegression, RegressionParams, TwinRegression
from analytics.methods.robust_level import RobustLevel, RobustLevelParams
from analytics.methods.shrinkage import distance_limit, ledoit_wolf, mahalanobis
from analytics.methods.slot_mean import SlotMean
from analytics.methods.ticks import Columns
from tests.support.streaming import STREAMS, Floats, Scores, blocks, check, cuts

FLOOR = np.full(STREAMS, 0.01)
LEVEL = RobustLevelParams(rate=0.05, long_rate=0.005, clip=4.0, enough=5)
RESTLESS = LogVarianceParams(short=0.2, long=0.02, clip=4.0, enough=5)
SHIFT = CusumParams(slack=0.5, clip=4.0, ceiling=20.0, drift=0.01)


class FlatAt:
    """A flat segment with one tolerance."""

    def __init__(self) -> None:
        self._flat = FlatSegment(STREAMS, enough=3)

    @property
    def state(self) -> Columns:
        return self._flat.state

    def update(self, block: Floats, places: NDArray[np.intp] | None = None) -> Floats:
        return self._flat.update(block, np.full(block.shape[1], 0.5), places)


class Explained:
    """A twin regression on a constant and the sine of the datastream's own turns."""

    def __init__(self) -> None:
        self._model = TwinRegression(STREAMS, 2, RegressionParams(forgetting=0.98), settled=20)

    @property
    def state(self) -> Columns:
        return self._model.state

    def update(self, block: Floats, places: NDArray[np.intp] | None = None) -> Floats:
        moderate = np.where(np.abs(block) < 1e50, block, np.sign(block))
        regressors = np.stack([np.ones(block.shape), np.cos(moderate)], axis=-1)
        return self._model.update(block, regressors, places=places)[0]


class InSlots:
    """Slots by the sign and size of a value, as if hours."""

    def __init__(self) -> None:
        self._mean = SlotMean(STREAMS, 5, rate=0.1)

    @property
    def state(self) -> Columns:
        return self._mean.state

    def update(self, block: Floats, places: NDArray[np.intp] | None = None) -> Floats:
        slots = np.where(np.isfinite(block), np.clip(np.nan_to_num(block), -2, 2), 0).astype(np.intp) + 2
        return self._mean.update(block, slots, places)


def _averages() -> Scores:
    class Pair:
        """Two channels of an asset: a value and its square root."""

        def __init__(self) -> None:
            self._mewma = Mewma(np.zeros((STREAMS, 2)), np.tile(np.eye(2), (STREAMS, 1, 1)), weight=0.3)

        @property
        def state(self) -> Columns:
            return self._mewma.state

        def update(self, block: Floats, places: NDArray[np.intp] | None = None) -> Floats:
            return self._mewma.update(np.stack([block, np.sqrt(np.abs(block))], axis=-1), places)

    return Pair()


METHODS: dict[str, Callable[[], Scores]] = {
    "robust level": lambda: RobustLevel(FLOOR, LEVEL),
    "record novelty": lambda: RecordNovelty(STREAMS, decay=0.01, enough=3),
    "cusum": lambda: Cusum(STREAMS, SHIFT),
    "log variance": lambda: LogVariance(FLOOR, RESTLESS),
    "event density": lambda: EventDensity(STREAMS, limit=1.0, short=0.2, long=0.02),
    "flat segment": FlatAt,
    "mewma": _averages,
    "regression": Explained,
    "slot mean": InSlots,
}


@pytest.mark.parametrize("name", METHODS)
@settings(deadline=None)
@given(blocks(), blocks(), cuts)
def test_any_cutting_and_any_restart_give_the_same(name: str, first: Floats, second: Floats, where: list[int]) -> None:
    check(METHODS[name], first, second, where)


@pytest.mark.parametrize("name", METHODS)
@settings(deadline=None)
@given(blocks())
def test_hostile_values_pass(name: str, hostile: Floats) -> None:
    method = METHODS[name]()
    method.update(hostile)
    rng = np.random.default_rng(1)
    assert np.isfinite(method.update(rng.normal(0, 1, (120, STREAMS)))[100:]).all()


# --- slow twins: one datastream, one value at a time ---


def _level_twin(values: list[float]) -> Iterator[float]:
    level = variance = long_variance = 0.0
    for seen, x in enumerate(values):
        if seen == 0:
            level = x
        scale = max(math.sqrt(max(variance, 0.01 * long_variance)), 0.01)
        away = x - level
        yield away / scale if seen >= 5 else math.nan
        moved = max(-4 * scale, min(4 * scale, away)) if seen >= 5 else away
        level += max(1 / (seen + 1), 0.05) * moved if seen else 0.0
        variance += max(1 / (seen + 1), 0.05) * (moved**2 - variance)
        long_variance += max(1 / (seen + 1), 0.005) * (moved**2 - long_variance)


def _record_twin(values: list[float]) -> Iterator[float]:
    low = high = math.nan
    for seen, x in enumerate(values):
        if seen == 0:
            low = high = x
        span = high - low
        beyond = max(x - high, low - x, 0.0)
        yield math.nan if seen < 3 else 0.0 if not beyond else min(beyond / span, 1.0) if span else 1.0
        low, high = min(x, low + 0.01 * span), max(x, high - 0.01 * span)


def _cusum_twin(values: list[float]) -> Iterator[float]:
    up = down = bias = 0.0
    for z in values:
        u = max(-4.0, min(4.0, z - bias))
        up, down = min(max(up + u - 0.5, 0), 20.0), min(max(down - u - 0.5, 0), 20.0)
        bias += 0.01 * u
        yield max(up, down)


def _variance_twin(values: list[float]) -> Iterator[float]:
    level = present = usual = 0.0
    for seen, x in enumerate(values):
        away = x - level if seen else 0.0
        a, b = max(1 / (seen + 1), 0.2), max(1 / (seen + 1), 0.02)
        square = away**2
        level = level + a * away if seen else x
        present += a * (square - present)
        usual += b * ((min(square, 16 * max(usual, 1e-4)) if seen >= 5 else square) - usual)
        yield math.log((present + 1e-4) / (usual + 1e-4)) if seen >= 5 else math.nan


def _density_twin(values: list[float]) -> Iterator[float]:
    present = usual = 0.0
    for seen, score in enumerate(values):
        event = 1.0 if score > 1 else 0.0
        present += max(1 / (seen + 1), 0.2) * (event - present)
        usual += max(1 / (seen + 1), 0.02) * (event - usual)
        yield (present - usual) / math.sqrt(max(usual, 0.02) * 0.2 / 1.8) if seen >= 5 else math.nan


def _slot_twin(values: list[float]) -> Iterator[float]:
    means: dict[int, float] = {}
    counts: dict[int, int] = {}
    for x in values:
        slot = int(max(-2.0, min(2.0, x)))
        seen = counts.get(slot, 0)
        mean = means.get(slot, x)
        yield x - mean if seen else math.nan
        means[slot] = mean + max(1 / (seen + 1), 0.1) * (x - mean)
        counts[slot] = seen + 1


def _flat_twin(values: list[float]) -> Iterator[float]:
    anchor, length, longest = math.nan, 0.0, 3.0
    for seen, x in enumerate(values):
        longest = max(longest * (1 - 2e-4), 3.0)
        if abs(x - anchor) <= 0.5:
            length += 1
        else:
            anchor, longest, length = x, max(longest, length), 1.0
        yield max(math.log(length / longest), 0.0) if seen >= 3 else math.nan


TWINS: dict[str, Callable[[list[float]], Iterator[float]]] = {
    "robust level": _level_twin,
    "record novelty": _record_twin,
    "cusum": _cusum_twin,
    "log variance": _variance_twin,
    "event density": _density_twin,
    "flat segment": _flat_twin,
    "slot mean": _slot_twin,
}


@pytest.mark.parametrize("name", TWINS)
@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_scores_agree_with_their_twins(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    block = np.round(rng.normal(0, 1, (70, STREAMS)).cumsum(axis=0) * rng.choice([0.2, 1.0]), 1)
    block[rng.random(block.shape) < 0.2] = np.nan
    fast = METHODS[name]().update(block)
    for column in range(STREAMS):
        here = ~np.isnan(block[:, column])
        slow = list(TWINS[name](block[here, column].tolist()))
        np.testing.assert_allclose(fast[here, column], slow, rtol=1e-6, atol=1e-9)


def test_regression_agrees_with_weighted_least_squares() -> None:
    rng = np.random.default_rng(5)
    count, forgetting, prior = 60, 0.97, 1e3
    x = np.stack([np.ones(count), rng.normal(0, 1, count)], axis=-1)
    y = x @ [2.0, -0.7] + rng.normal(0, 0.1, count)
    model = RecursiveRegression(1, 2, RegressionParams(forgetting=forgetting, prior=prior))
    model.update(y[:, None], x[:, None, :])
    weights = forgetting ** np.arange(count - 1, -1, -1)
    normal = x.T @ (weights[:, None] * x) + forgetting**count / prior * np.eye(2)
    np.testing.assert_allclose(model.state["coefficient"][0], np.linalg.solve(normal, x.T @ (weights * y)), rtol=1e-8)


def test_a_frozen_regression_learns_nothing_and_its_uncertainty_stays_bounded() -> None:
    model = RecursiveRegression(1, 2, RegressionParams(forgetting=0.9))
    calm = np.stack([np.ones((500, 1)), np.zeros((500, 1))], axis=-1)
    model.update(np.ones((500, 1)), calm)
    assert np.trace(model.state["uncertainty"][0]) <= 2000 * (1 + 1e-9)
    before = model.state["coefficient"].copy()
    model.update(np.full((500, 1), 9.0), calm, np.zeros((500, 1), dtype=np.bool_))
    assert model.state["coefficient"].tolist() == before.tolist()


def test_slow_damage_shows_as_drift_between_the_twins() -> None:
    rng = np.random.default_rng(6)
    turns = 4000
    temperature = 10 * np.sin(np.arange(turns) / 50)
    frequency = 2.0 - 0.01 * temperature + rng.normal(0, 0.002, turns)
    frequency[2000:] -= np.linspace(0, 0.1, 2000)
    x = np.stack([np.ones(turns), temperature / 10], axis=-1)[:, None, :]
    twin = TwinRegression(1, 2, RegressionParams(forgetting=0.99), settled=1000)
    errors, drift = twin.update(frequency[:, None], x)
    assert np.abs(errors[1000:]).max() < 0.02  # the adaptive model absorbs it
    assert np.abs(drift[1000:2000]).max() < 0.01
    assert drift[-1, 0] == pytest.approx(-0.1, abs=0.01)


def test_robust_level_survives_outliers_and_learns_a_lasting_step() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(100, 1, (3000, 1))
    values[500:600:10] = 1e6
    values[1000:] += 30
    method = RobustLevel(np.array([0.1]), RobustLevelParams(rate=0.01, long_rate=0.001))
    z = method.update(values)
    assert np.abs(z[700:1000]).max() < 6
    assert z[1000, 0] > 10
    assert np.abs(z[2500:]).max() < 6


def test_cusum_finds_a_small_shift_that_single_values_hide() -> None:
    rng = np.random.default_rng(9)
    z = rng.normal(0, 1, (2000, 1))
    z[1500:] += 1.0
    sums = Cusum(1, CusumParams(drift=0.0)).update(z)
    assert sums[100:1500].max() < 12
    assert sums[1600, 0] > 12


def test_flat_middle_and_rising_density_are_found_inside_the_known_range() -> None:
    day = np.where(np.arange(288) % 288 < 144, 0.0, 10.0)
    values = np.tile(day, 12)
    values[9 * 288 : 10 * 288] = 0.0  # the day without its peak
    flat = FlatSegment(1, enough=10).update(values[:, None], np.ones(1))
    assert np.nanmax(flat[2 * 288 : 9 * 288]) < 0.05  # what the longest length has forgotten in half a day
    assert np.nanmax(flat[9 * 288 : 10 * 288]) > 0.6

    scores = np.zeros((3000, 1))
    scores[::100] = 9.0
    scores[2000:2300:10] = 9.0
    density = EventDensity(1, limit=3.0).update(scores)
    assert np.nanmax(density[100:2000]) < 2
    assert np.nanmax(density[2000:2300]) > 4


@settings(deadline=None)
@given(st.integers(3, 30), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_shrinkage_agrees_with_its_twin(count: int, size: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(0, 1, (count, size)) * np.arange(1, size + 1)
    result = ledoit_wolf(vectors)
    centred = vectors - vectors.mean(axis=0)
    sample = sum(np.outer(row, row) for row in centred) / count
    target = np.trace(sample) / size * np.eye(size)
    distance = np.linalg.norm(sample - target) ** 2 / size
    noise = sum(np.linalg.norm(np.outer(row, row) - sample) ** 2 for row in centred) / (size * count**2)
    share = 1.0 if distance == 0 else min(noise, distance) / distance
    if size > 1:
        assert result.share == pytest.approx(share, rel=1e-6, abs=1e-9)
    expected = share * target + (1 - share) * sample
    np.testing.assert_allclose(result.covariance, expected, rtol=1e-6, atol=1e-9)
    near = mahalanobis(vectors, result.mean, result.covariance)
    slow = [float(row @ np.linalg.solve(result.covariance, row)) for row in centred]
    np.testing.assert_allclose(near, slow, rtol=1e-6)


def test_mewma_has_the_false_alarms_of_its_distribution_and_finds_a_joint_shift() -> None:
    rng = np.random.default_rng(11)
    covariance = np.array([[[1.0, 0.9], [0.9, 1.0]]])
    vectors = rng.multivariate_normal(np.zeros(2), covariance[0], (4000, 1))
    single = Mewma(np.zeros((1, 2)), covariance, weight=1.0).update(vectors)
    assert (single > distance_limit(2, 0.05)).mean() == pytest.approx(0.05, abs=0.015)
    shifted = vectors[:200] + np.array([0.5, -0.5])  # against the correlation: each channel looks normal
    scores = Mewma(np.zeros((1, 2)), covariance, weight=0.2).update(shifted)
    assert scores[50:].min() > distance_limit(2, 0.001)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RobustLevelParams(rate=0),
        lambda: CusumParams(slack=0),
        lambda: LogVarianceParams(short=0.001, long=0.01),
        lambda: RecordNovelty(1, decay=0.5),
        lambda: EventDensity(1, limit=1, short=0.1, long=0.2),
        lambda: FlatSegment(1, enough=1),
        lambda: Mewma(np.zeros((1, 1)), np.ones((1, 1, 1)), weight=0),
        lambda: RegressionParams(forgetting=0),
        lambda: ledoit_wolf(np.full((3, 2), np.nan)),
    ],
)
def test_impossible_parameters_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"[<>]|at least"):
        make()
