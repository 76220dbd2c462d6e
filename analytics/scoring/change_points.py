"""The change-point score of the Skoltech Anomaly Benchmark."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.scoring.labelled import Labelled
from analytics.scoring.nab import Profile

_WINDOW: Final = 60.0  # behind each change point [s]


def change_point_score(
    series: Sequence[Labelled], states: Sequence[NDArray[np.bool_]], profile: Profile
) -> float | None:
    """Return the normalised score [-] of changes of state: 100 for finding all at once, 0 for a silent detector.

    Formula: ``100 (S + missed c) / (c + missed c)`` over ``c`` labelled changes, ``S`` the sum of ``(a + b)/2 -
    (a - b)/2 tanh(y) / tanh(pi/2)`` with ``a = 1``, ``b = -false_row`` and ``y`` from -pi/2 to pi/2 over the 60 s
    behind a change, for the first row there in which the state changes; every change of state outside costs
    ``false_row``, a change without one ``missed``. None without labelled changes.

    References
    ----------
    Katser and Kozitsin 2020, Skoltech Anomaly Benchmark (SKAB), the code of its measures.
    """
    total, changes = 0.0, 0
    for one, state in zip(series, states, strict=True):
        scored = state.copy()
        scored[: one.fitted] = False
        said = one.time[1:][scored[1:] != scored[:-1]]
        windows = _windows(one)
        changes += len(windows)
        outside = np.ones(len(said), dtype=np.bool_)
        for begin, end in windows:
            inside = (said >= begin) & (said <= end)
            outside &= ~inside
            total += _gain(float(said[inside][0]), begin, end, profile) if inside.any() else -profile.missed
        total -= profile.false_row * np.count_nonzero(outside)
    return 100 * (total + profile.missed * changes) / (changes * (1 + profile.missed)) if changes else None


def _windows(series: Labelled) -> list[tuple[float, float]]:
    """Return begin and end [s] of the windows; where two overlap, the later one begins where the earlier one ends."""
    windows: list[tuple[float, float]] = []
    for row in series.changes:
        if row >= series.fitted:
            begin = float(series.time[row])
            windows.append((max(begin, windows[-1][1] if windows else begin), begin + _WINDOW))
    return windows


def _gain(moment: float, begin: float, end: float, profile: Profile) -> float:
    late = np.pi * ((moment - begin) / max(end - begin, 1e-9) - 0.5)
    high, low = 1.0, -profile.false_row
    return float((high + low) / 2 - (high - low) / 2 * np.tanh(late) / np.tanh(np.pi / 2))
