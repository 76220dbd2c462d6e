"""On delay, dead band and off delay of alarm tiers."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors.tiers import Threshold, TierMachine
from citywatch.model.rules import Severity

MINOR = Threshold(Severity.MINOR, limit=20.0, release=16.0, on_delay=20.0, off_delay=60.0)
CRITICAL = Threshold(Severity.CRITICAL, limit=80.0, release=64.0, on_delay=0.0, off_delay=60.0)


def severities(samples: Sequence[tuple[float, float]]) -> list[Severity | None]:
    machine = TierMachine((MINOR, CRITICAL))
    return [machine.update(score, time) for time, score in samples]


def test_a_tier_holds_after_its_on_delay() -> None:
    assert severities([(0, 25), (10, 25), (20, 25)]) == [None, None, Severity.MINOR]


def test_a_single_wild_value_does_not_raise() -> None:
    assert severities([(0, 25), (10, 10), (20, 25), (30, 25)]) == [None] * 4


def test_a_tier_without_delay_holds_at_once() -> None:
    assert severities([(0, 90)]) == [Severity.CRITICAL]


def test_the_dead_band_keeps_a_tier_until_the_value_is_clearly_better() -> None:
    samples = [(0, 25), (20, 25), (30, 18), (200, 18), (210, 15), (260, 15), (270, 15)]
    assert severities(samples)[3:] == [Severity.MINOR, Severity.MINOR, Severity.MINOR, None]


def test_a_relapse_during_the_off_delay_starts_it_anew() -> None:
    samples = [(0, 25), (20, 25), (30, 15), (80, 18), (90, 15), (140, 15), (150, 15)]
    assert severities(samples)[-2:] == [Severity.MINOR, None]


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 100)), max_size=60))
def test_a_held_tier_was_beyond_its_limit_for_its_delay(steps: Sequence[tuple[float, float]]) -> None:
    """Whenever the severity rises to minor, every score of the last 20 s was beyond the limit."""
    machine, time, history, before = TierMachine((MINOR,)), 0.0, [], None
    for gap, score in steps:
        time += gap
        history.append((time, score))
        now = machine.update(score, time)
        if now is not None and before is None:
            recent = [value for moment, value in history if moment >= time - MINOR.on_delay]
            assert all(value > MINOR.limit for value in recent)
        before = now


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 100)), max_size=60), st.integers(0, 60))
def test_saved_and_restored_machines_go_on_alike(steps: Sequence[tuple[float, float]], at: int) -> None:
    whole, first, second = TierMachine((MINOR, CRITICAL)), TierMachine((MINOR, CRITICAL)), None
    time = 0.0
    for place, (gap, score) in enumerate(steps):
        time += gap
        if place == at:
            second = TierMachine((MINOR, CRITICAL))
            second.restore(first.to_facts())
        machine = second or first
        assert whole.update(score, time) == machine.update(score, time)
