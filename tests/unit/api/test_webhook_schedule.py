"""Pauses between attempts, Retry-After, and the circuit breaker."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks.circuit import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    OPENS_AFTER,
    after_failure,
    after_success,
    is_recovery,
)
from api.webhooks.schedule import LONGEST_WISH, SCHEDULE, pause_after, retry_after
from citywatch.storage.serving.deliveries import Circuit

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_pauses_follow_the_recommended_schedule_with_a_little_jitter() -> None:
    rng = np.random.default_rng(1)
    pauses = [pause_after(failures, rng) for failures in range(1, len(SCHEDULE) + 1)]
    assert all(pause and plan <= pause <= 1.1 * plan for pause, plan in zip(pauses, SCHEDULE, strict=True))
    assert pause_after(len(SCHEDULE) + 1, rng) is None
    assert sum(SCHEDULE, timedelta()) > timedelta(days=3)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 0 ", 0),
        ("9" * 5000, LONGEST_WISH.total_seconds()),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(minutes=3), usegmt=True), 180),
        (format_datetime(NOW - timedelta(days=3), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=300), usegmt=True), LONGEST_WISH.total_seconds()),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    found = retry_after(header, NOW)
    assert (None if found is None else found.total_seconds()) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_does_harm(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or timedelta(0) <= found <= LONGEST_WISH


def test_the_circuit_opens_after_many_failures_in_a_row_for_longer_and_longer() -> None:
    rng, circuit, pauses = np.random.default_rng(1), Circuit(), []
    for _ in range(OPENS_AFTER + 10):
        circuit = after_failure(circuit, NOW, rng)
        pauses.append(None if circuit.open_until is None else circuit.open_until - NOW)
    assert pauses[: OPENS_AFTER - 1] == [None] * (OPENS_AFTER - 1)
    opened = [pause for pause in pauses if pause is not None]
    assert FIRST_PAUSE <= opened[0] <= 1.1 * FIRST_PAUSE
    assert opened == sorted(opened)
    assert LONGEST_PAUSE <= opened[-1] <= 1.1 * LONGEST_PAUSE
    assert after_success(circuit) == Circuit()
    assert is_recovery(circuit, Circuit())
    assert not is_recovery(Circuit(1), Circuit())


@given(st.lists(st.one_of(st.none(), st.integers(0, 86_400)), min_size=1, max_size=30))
def test_an_endpoint_is_left_alone_as_long_as_it_asked(wishes: list[int | None]) -> None:
    rng, circuit = np.random.default_rng(1), Circuit()
    for wish in wishes:
        before = circuit.open_until
        circuit = after_failure(circuit, NOW, rng, wish=None if wish is None else timedelta(seconds=wish))
        if wish is not None:
            assert circuit.open_until is not None
            assert circuit.open_until >= NOW + timedelta(seconds=wish)
        assert before is None or (circuit.open_until is not None and circuit.open_until >= before)
    assert circuit.failures == len(wishes)
