"""Every method is documented as formula, unit, source and worked example, and agrees with a slow obvious twin."""

import ast
import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import analytics.methods
from analytics.methods.flat_line import flat_since
from analytics.methods.rate_of_change import rate_of_change
from analytics.methods.segments import segments
from analytics.methods.slot_profile import SlotProfile, SlotProfileParams, best_slot, learn
from analytics.methods.spike import spike

LAYOUTS = {"segments", "ticks"}  # how columns are laid out: no formulas
MODULES = [name for _, name, _ in pkgutil.iter_modules(analytics.methods.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    module = importlib.import_module(f"analytics.methods.{name}")
    result = doctest.testmod(module, extraglobs={"np": np})
    assert result.failed == 0


@pytest.mark.parametrize("name", [name for name in MODULES if name not in LAYOUTS])
def test_formulas_carry_unit_source_and_example(name: str) -> None:
    source = Path(importlib.import_module(f"analytics.methods.{name}").__file__ or "").read_text(encoding="utf-8")
    documented = [
        ast.get_docstring(node) or ""
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    formulas = [text for text in documented if "Formula:" in text]
    assert formulas
    for text in formulas:
        assert re.search(r"\[[^\]]+\]", text), "no unit"
        assert "References" in text
        assert "Parameters" in text


def streams_of(lengths: list[int]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.repeat(np.arange(len(lengths)), lengths).astype(np.intp)


lengths = st.lists(st.integers(1, 8), min_size=1, max_size=5)


@given(lengths, st.integers(0, 2**32 - 1))
def test_flat_since_agrees_with_its_twin(parts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    of_stream = segments(streams_of(parts))
    count = sum(parts)
    values = rng.integers(0, 3, count).astype(float)
    times = np.concatenate([np.cumsum(rng.uniform(0.1, 5, length)) for length in parts]) + 100
    tolerance = np.full(count, 0.4)
    previous_value = np.where(rng.random(len(parts)) < 0.5, np.nan, rng.integers(0, 3, len(parts)).astype(float))
    previous_since = np.where(np.isnan(previous_value), np.nan, 50.0)
    fast = flat_since(values, times, tolerance, of_stream, previous_value, previous_since)
    slow = []
    row = 0
    for part, length in enumerate(parts):
        last, since = previous_value[part], previous_since[part]
        for _ in range(length):
            if not abs(values[row] - last) <= 0.4:
                since = times[row]
            slow.append(since)
            last = values[row]
            row += 1
    assert fast.tolist() == slow


def test_spike_and_rate_have_no_verdict_without_neighbours() -> None:
    nothing = np.array([np.nan])
    assert np.isnan(spike(np.array([1.0]), nothing, np.array([1.0])))[0]
    assert np.isnan(rate_of_change(np.array([1.0]), np.array([5.0]), nothing, nothing))[0]


def test_profile_learns_mean_and_spread_of_an_hour() -> None:
    profile, params = SlotProfile.blank(1), SlotProfileParams(memory=10)
    rng = np.random.default_rng(7)
    row, slot = np.array([0]), np.array([5])
    for _ in range(200):
        hour = rng.normal(20.0, 3.0, 60)
        learn(profile, row, slot, np.array([hour.mean()]), np.array([(hour**2).mean()]), params)
    assert profile.mean[0, 5] == pytest.approx(20.0, abs=0.6)
    assert np.sqrt(profile.variance[0, 5]) == pytest.approx(3.0, rel=0.15)
    assert profile.hours[0, 5] == 200
    assert not profile.hours[0, :5].any()


def test_the_particular_slot_is_preferred_once_it_knows_enough() -> None:
    profile, params = SlotProfile.blank(1), SlotProfileParams(enough=2)
    row, hour, off = np.array([0]), np.array([7]), np.array([True])
    assert best_slot(profile, row, hour, off, params).tolist() == [-1]
    profile.hours[0, 7] = 2
    assert best_slot(profile, row, hour, off, params).tolist() == [7]
    profile.hours[0, 24 + 24 + 7] = 2
    assert best_slot(profile, row, hour, off, params).tolist() == [55]


@pytest.mark.parametrize("bad", [{"clip": 0}, {"memory": 0}, {"enough": 0}])
def test_impossible_parameters_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        SlotProfileParams(**bad)  # type: ignore[arg-type]
