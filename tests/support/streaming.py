"""What every streaming method promises, as checks that take the method and its blocks."""

import io
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


class Scores(Protocol):
    """A streaming method."""

    @property
    def state(self) -> Columns: ...
    def update(self, block: Floats, places: NDArray[np.intp] | None = None) -> Floats: ...


STREAMS = 4


@st.composite
def blocks(draw: st.DrawFn) -> Floats:
    """Blocks (k, STREAMS): noise, steps, constants, quantised and huge values, with holes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    length = draw(st.integers(1, 60))
    block = rng.normal(0, 1, (length, STREAMS))
    kind = draw(st.sampled_from(["noise", "step", "constant", "quantised", "huge", "tiny", "nothing"]))
    match kind:
        case "step":
            block[length // 2 :] += 50
        case "constant":
            block[:] = draw(st.sampled_from([0.0, 1.0, -3.5]))
        case "quantised":
            block = np.round(block)
        case "huge":
            block *= 1e90
            block[rng.integers(length)] = np.inf
        case "tiny":
            block *= 1e-200
        case "nothing":
            block[:] = np.nan
        case _:
            pass
    block[rng.random(block.shape) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    return block


cuts = st.lists(st.integers(0, 60), max_size=6)


def in_parts(method: Scores, block: Floats, where: list[int]) -> Floats:
    """Return what a method says of a block that comes in parts, empty ones among them."""
    return np.concatenate([method.update(part) for part in np.split(block, sorted(where))])


def saved_and_restored(make: Callable[[], Scores], method: Scores) -> Scores:
    """Return a new method with the state of another, gone through bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **method.state)
    buffer.seek(0)
    again = make()
    with np.load(buffer, allow_pickle=False) as saved:
        for name, column in again.state.items():
            assert column.dtype == saved[name].dtype
            assert column.shape == saved[name].shape
            column[...] = saved[name]
    return again


def check(make: Callable[[], Scores], first: Floats, second: Floats, where: list[int]) -> None:
    """Check all promises: any cutting, any restart, datastreams apart or together, and no score for nothing."""
    whole, parts = make(), make()
    scores = whole.update(first)
    assert scores.shape == first.shape
    np.testing.assert_array_equal(in_parts(parts, first, where), scores)
    assert np.isnan(scores[~(np.abs(first) <= 1e100)]).all()
    assert not np.isinf(scores).any()

    again = saved_and_restored(make, whole)
    chosen = np.array([2, 0])
    some = saved_and_restored(make, whole)
    later = whole.update(second)
    np.testing.assert_array_equal(again.update(second), later)
    np.testing.assert_array_equal(some.update(second[:, chosen], chosen), later[:, chosen])
