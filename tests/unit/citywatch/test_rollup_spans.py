"""Touched buckets: exactly those that are touched, each once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citywatch.model.rollups import touched_spans

WIDTH = 10
Stretch = tuple[int, int, int]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(-80, 300), st.integers(0, 60)), max_size=30))
def test_spans_are_the_touched_buckets_joined(stretches: list[Stretch]) -> None:
    columns = np.array([(stream, first, first + length) for stream, first, length in stretches], dtype=np.int64)
    columns = columns.reshape(-1, 3)
    streams, begin, end = touched_spans(columns[:, 0].astype(np.int32), columns[:, 1], columns[:, 2], width=WIDTH)

    touched = {
        (stream, bucket)
        for stream, first, length in stretches
        for bucket in range(first // WIDTH, (first + length) // WIDTH + 1)
    }
    spans = list(zip(streams.tolist(), begin.tolist(), end.tolist(), strict=True))
    covered = [(stream, bucket) for stream, b, e in spans for bucket in range(b // WIDTH, e // WIDTH)]
    assert sorted(touched) == covered  # each once, in order
    assert all((stream, b // WIDTH - 1) not in touched for stream, b, _ in spans)  # neighbours are joined
