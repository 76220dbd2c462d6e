"""From scores to alarms: tail probabilities, one budget, persistence and refractory time."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.methods.alarm_budget import MONTH, combined_tail, mean_cluster, tail_limit
from analytics.methods.persistence import Persistence, PersistenceParams
from analytics.methods.refractory import Refractory
from analytics.methods.tail_probability import TailParams, TailProbability, fit_tail
from tests.support.streaming import STREAMS, Floats, Scores, blocks, check, cuts

TAIL = TailParams(peaks=10, enough=15)
RULE = PersistenceParams(wanted=2, window=3, release=0.5, hold=2)

METHODS: dict[str, Callable[[], Scores]] = {
    "tail probability": lambda: TailProbability(STREAMS, TAIL),
    "persistence": lambda: Persistence(np.full(STREAMS, 0.8), RULE),
    "refractory": lambda: Refractory(STREAMS, 7),
    "refractory of one": lambda: Refractory(STREAMS, 1),
}


@pytest.mark.parametrize("name", METHODS)
@settings(deadline=None)
@given(blocks(), blocks(), cuts)
def test_any_cutting_and_any_restart_give_the_same(name: str, first: Floats, second: Floats, where: list[int]) -> None:
    check(METHODS[name], first, second, where)


@settings(deadline=None)
@given(blocks(), st.integers(1, 9), st.sampled_from([1.0, 1.5]))
def test_refractory_agrees_with_its_twin(block: Floats, length: int, growth: float) -> None:
    block = np.abs(block)
    fast = Refractory(STREAMS, length, growth=growth).update(block)
    for column in range(STREAMS):
        kept = [float(x) for x in block[:, column] if abs(x) <= 1e100]
        slow = [
            x if all(x > growth * y for y in kept[max(row - length, 0) : row]) else 0.0 for row, x in enumerate(kept)
        ]
        assert [x for x in fast[:, column].tolist() if x == x] == slow  # noqa: PLR0124  # nan


@settings(deadline=None)
@given(blocks())
def test_persistence_agrees_with_its_twin(block: Floats) -> None:
    fast = Persistence(np.full(STREAMS, 0.8), RULE).update(block)
    for column in range(STREAMS):
        recent: list[bool] = []
        raised, calm = False, 0
        for row, score in enumerate(block[:, column].tolist()):
            if not abs(score) <= 1e100:
                continue
            recent = [*recent, score > 0.8][-3:]
            calm = calm + 1 if score <= 0.4 else 0
            if raised and calm >= 2:
                raised, recent = False, []
            raised = raised or sum(recent) >= 2
            assert fast[row, column] == raised


def test_tail_probability_agrees_with_its_twin() -> None:
    rng = np.random.default_rng(2)
    block = rng.gamma(2.0, 1.0, (300, STREAMS))
    fast = TailProbability(STREAMS, TAIL).update(block)
    for column in range(STREAMS):
        for row in range(15, 300):
            before = np.sort(block[:row, column])[-11:]
            score = block[row, column]
            if score <= before[0]:
                assert fast[row, column] == 10 / row
            else:
                shape, scale = (float(part[0]) for part in fit_tail((before[1:] - before[0])[None]))
                inside = max(1 + shape * (score - before[0]) / scale, 0.0)
                expected = max(10 / row * inside ** (-1 / shape), 1 / (100 * row))
                assert fast[row, column] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_the_fit_finds_the_tail_it_was_given(shape: float) -> None:
    uniform = np.random.default_rng(3).random((50, 400))
    drawn = 2 * ((uniform**-shape - 1) / shape if shape else -np.log(uniform))
    found, scale = fit_tail(np.sort(drawn, axis=1))
    assert found.mean() == pytest.approx(shape, abs=0.03)
    assert scale.mean() == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("kind", ["normal", "exponential", "uniform"])
def test_one_budget_holds_for_scores_of_any_shape(kind: str) -> None:
    rng = np.random.default_rng(4)
    size = (6000, 60)
    draws = {"normal": rng.normal(size=size), "exponential": rng.exponential(size=size), "uniform": rng.random(size)}
    tails = TailProbability(60, TailParams()).update(draws[kind])
    limit = tail_limit(8.64, np.full(60, 300.0))  # 8640 scores a month: one in a thousand
    assert limit[0] == pytest.approx(1e-3)
    months = 60 * 5000 * 300.0 / MONTH
    alarms = (tails[1000:] < limit).sum() / months
    assert 8.64 / 1.6 < alarms < 8.64 * 1.6


def test_constant_scores_make_the_first_other_one_rare_but_not_impossible() -> None:
    tail = TailProbability(1, TAIL)
    assert (tail.update(np.zeros((100, 1)))[15:, 0] == 10 / np.arange(15, 100)).all()
    assert tail.update(np.array([[1e-9]]))[0, 0] == 1 / (100 * 100)


def test_clusters_are_counted_as_one_alarm() -> None:
    rng = np.random.default_rng(5)
    single = rng.random(20_000) < 0.005
    assert mean_cluster(single) == pytest.approx(1.0, abs=0.2)
    together = np.zeros(100_000, dtype=np.bool_)
    for begin in np.flatnonzero(single):
        together[5 * begin : 5 * begin + 4] = True
    assert mean_cluster(together) == pytest.approx(4.0, rel=0.4)
    assert tail_limit(1.0, np.array([60.0]), 4.0)[0] == pytest.approx(4 * 60 / MONTH)
    assert mean_cluster(np.ones(9, dtype=np.bool_)) >= 1


def test_several_scores_share_the_budget() -> None:
    tails = np.random.default_rng(6).random((5, 20_000))
    assert (combined_tail(tails) < 0.01).mean() == pytest.approx(0.01, rel=0.3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TailParams(peaks=5),
        lambda: PersistenceParams(wanted=4, window=3),
        lambda: Refractory(1, 0),
    ],
)
def test_impossible_parameters_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"[<>]="):
        make()
