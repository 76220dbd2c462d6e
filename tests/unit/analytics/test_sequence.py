"""The count of a device, against what really happened to its messages."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.methods.histogram import LATENESS_EDGES, SKEW_EDGES, counts, quantile
from analytics.sequence import JUMP, WINDOW, advance
from citywatch.model.devices import SequenceState

Message = tuple[int, int | None, bool]  # number, send time, delivered again


def follow(messages: Sequence[Message], state: SequenceState | None = None) -> tuple[SequenceState | None, list[int]]:
    """Return the state after some messages, and skipped, out of order, restarts."""
    sums = [0, 0, 0]
    for seq, sent, again in messages:
        step = advance(state, seq, sent, is_repeated=again)
        state = step.state
        sums = [a + b for a, b in zip(sums, (step.skipped, step.out_of_order, step.restarts), strict=True)]
    return state, sums


def plain(*numbers: int) -> list[Message]:
    return [(number, None, False) for number in numbers]


def stamped(*numbers: int, start: int = 0) -> list[Message]:
    return [(number, start + number, False) for number in numbers]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (plain(0, 1, 2, 3), [0, 0, 0]),
        (plain(17, 18, 19), [0, 0, 0]),
        (plain(0, 1, 5), [3, 0, 0]),
        (plain(0, 2, 1, 3), [1, 1, 0]),
        (stamped(0, 2, 1, 3), [1, 1, 0]),
        (plain(0, 1, 2, 0, 1, 2), [0, 0, 1]),
        ([*stamped(0, 1, 2), *stamped(0, 1, 2, start=100)], [0, 0, 1]),
        ([*stamped(*range(100)), *stamped(3, 4, start=1000)], [0, 0, 1]),
        ([*stamped(*range(100)), *stamped(0, 1, start=-500)], [0, 0, 1]),  # the clock began anew as well
        ([*stamped(0, 1, 2, 3), (1, 1, False)], [0, 0, 0]),  # an old message once more, not marked
        ([*stamped(0, 1, 2, 3), (1, 1, True), (3, 3, True)], [0, 0, 0]),
        ([(5, None, False), (9, None, True)], [3, 0, 0]),  # marked as redelivered, yet never committed before
        (plain(0, JUMP), [JUMP - 1, 0, 0]),
        (plain(0, JUMP + 1, JUMP + 2), [0, 0, 1]),
        (stamped(*range(0, 500, 2), 1), [249, 1, 0]),  # too far behind to be remembered, but sent earlier
    ],
)
def test_what_a_count_means(messages: list[Message], expected: list[int]) -> None:
    assert follow(messages)[1] == expected


@given(
    st.integers(1, 300).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.sets(st.integers(1, size), max_size=size),
            st.lists(st.tuples(st.integers(0, size), st.booleans()), max_size=30),
            st.lists(st.integers(0, 400), max_size=4),
        )
    ),
    st.booleans(),
)
def test_losses_and_redeliveries_are_told_apart(
    story: tuple[int, set[int], list[tuple[int, bool]], list[int]], with_time: bool
) -> None:
    size, lost, again, cuts = story
    sent = [number for number in range(size + 1) if number not in lost]
    messages: list[Message] = [(number, 1000 + number if with_time else None, False) for number in sent]
    for number, _ in again:  # a redelivery comes at any time after its message
        if number in sent:
            messages.insert(
                max(place for place, one in enumerate(messages) if one[0] == number) + 1,
                (number, 1000 + number if with_time else None, True),
            )
    missing = sum(1 for number in lost if number < sent[-1])
    state, sums = follow(messages)
    assert sums == [missing, 0, 0]
    parts: list[int] = [0, 0, 0]
    part_state: SequenceState | None = None
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(messages)], strict=True):
        part_state, more = follow(messages[begin:end], part_state)
        parts = [a + b for a, b in zip(parts, more, strict=True)]
    assert (part_state, parts) == (state, sums), "a restart of the process changes nothing"


@given(st.permutations(range(40)), st.booleans())
def test_whatever_the_order_nothing_is_missing_in_the_end(order: list[int], with_time: bool) -> None:
    first = [(0, 100, False)] if with_time else [(0, None, False)]
    messages = [*first, *((1 + number, 101 + number if with_time else None, False) for number in order)]
    _, (skipped, out_of_order, restarts) = follow(messages)
    assert (skipped - out_of_order, restarts) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 2**53 - 1), st.none() | st.integers(0, 2**57), st.booleans()), max_size=50))
def test_no_numbers_can_break_the_state(messages: list[Message]) -> None:
    state, (skipped, _, _) = follow(messages)
    assert skipped <= JUMP * len(messages)
    if state is not None:
        assert 0 <= state.seen < 2**WINDOW, "it fits a bigint"


@given(
    st.lists(st.floats(-90_000, 90_000, allow_nan=False), min_size=1, max_size=60),
    st.sampled_from([0.05, 0.5, 0.95, 1.0]),
)
def test_quantiles_lie_in_the_bin_of_the_exact_one(values: list[float], share: float) -> None:
    column = np.array(values)
    (found,) = counts(column, np.zeros(len(column), dtype=np.intp), 1, SKEW_EDGES)
    guess = quantile(found, SKEW_EDGES, share, low=column.min(), high=column.max())
    exact = float(np.sort(column)[max(int(np.ceil(share * len(column) - 1e-9)) - 1, 0)])
    bounds = np.concatenate([[-np.inf], SKEW_EDGES, [np.inf]])
    place = int(np.searchsorted(SKEW_EDGES, exact, side="right"))
    assert bounds[place] <= guess <= bounds[place + 1]
    assert column.min() <= guess <= column.max()


def test_histograms_of_groups_are_those_of_their_values() -> None:
    values, group = np.array([-5.0, 0.015, 0.02, 3.0, 1e9]), np.array([0, 1, 1, 0, 1])
    found = counts(values, group, 2, LATENESS_EDGES)
    assert found.sum(axis=1).tolist() == [2, 3]
    assert found[0, 0] == 1
    assert found[1, [1, 2, -1]].tolist() == [1, 1, 1]
