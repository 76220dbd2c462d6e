"""Down-sampling for charts agrees with a slow obvious twin and keeps what people look for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.methods.largest_triangles import largest_triangles


def slow(times: list[float], values: list[float], points: int) -> list[int]:
    """Return the same rows, one triangle after the other."""
    count = len(times)
    if count <= points:
        return list(range(count))
    edges = [1 + bucket * (count - 2) // (points - 2) for bucket in range(points - 1)]
    buckets = [list(range(begin, end)) for begin, end in pairwise(edges)]
    chosen = [0]
    for number, bucket in enumerate(buckets):
        following = buckets[number + 1] if number + 1 < len(buckets) else [count - 1]
        ct = sum(times[row] for row in following) / len(following)
        cx = sum(values[row] for row in following) / len(following)
        at, ax = times[chosen[-1]], values[chosen[-1]]
        areas = [abs((at - ct) * (values[row] - ax) - (at - times[row]) * (cx - ax)) / 2 for row in bucket]
        chosen.append(bucket[areas.index(max(areas))])
    return [*chosen, count - 1]


# whole numbers: sums are exact in whatever order they are made
columns = st.lists(st.tuples(st.integers(1, 9), st.integers(-50, 50)), max_size=120)


@given(columns, st.integers(3, 40))
def test_it_agrees_with_its_twin(steps: list[tuple[int, int]], points: int) -> None:
    times = np.cumsum([step for step, _ in steps], dtype=np.float64)
    values = np.array([value for _, value in steps], dtype=np.float64)
    rows = largest_triangles(times, values, points)
    assert rows.tolist() == slow(times.tolist(), values.tolist(), points)
    assert len(rows) == min(len(steps), points)
    assert bool(np.all(np.diff(rows) > 0))


def test_a_lone_peak_is_drawn() -> None:
    values = np.zeros(100_000)
    values[54_321] = 1.0
    assert 54_321 in largest_triangles(np.arange(100_000.0), values, 50)


def test_two_points_are_no_line() -> None:
    with pytest.raises(ValueError, match="points 2"):
        largest_triangles(np.arange(5.0), np.zeros(5), 2)
