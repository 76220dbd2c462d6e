"""The score of the Numenta Anomaly Benchmark, for detections at one threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.scoring.labelled import Labelled

Detections = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a false row costs, and a missed window; a window that is found at once counts 1."""

    false_row: float
    missed: float


PROFILES: Final = {"standard": Profile(0.11, 1.0), "low_fp": Profile(0.22, 1.0), "low_fn": Profile(0.11, 2.0)}


def nab_score(series: Sequence[Labelled], detections: Sequence[Detections], profile: Profile) -> float | None:
    """Return the normalised score [-] over all series: 100 for a perfect detector, 0 for a silent one.

    Formula: ``100 (S + missed w) / (w + missed w)`` over ``w`` windows, ``S`` the sum of window and row scores; a
    window scores its earliest detection by ``(2 / (1 + exp(5 y)) - 1) / 0.98661`` with ``y`` from -1 at its first row
    to 0 behind its last, a false row the same with ``y >= 0`` in widths of the window before it, -1 from 3 on

    Parameters
    ----------
    series
        Labelled series; rows before ``fitted`` are not scored.
    detections
        For each series bool (n,): the rows that are called anomalous.

    Returns
    -------
    score
        [-], below 0 for a detector worse than silence; None when there is no window at all.

    References
    ----------
    Lavin and Ahmad 2015, ICMLA, 38-44. Here the threshold is fixed in advance; published tables choose it on the
    labels.
    """
    windows = sum(len(one.windows) for one in series)
    if not windows:
        return None
    total = sum(_raw(one, found, profile) for one, found in zip(series, detections, strict=True))
    return 100 * (total + profile.missed * windows) / (windows * (1 + profile.missed))


def _raw(series: Labelled, found: Detections, profile: Profile) -> float:
    scored = found.copy()
    scored[: series.fitted] = False
    total = 0.0
    false = scored & ~series.anomalous
    for begin, end in series.windows:
        hits = np.flatnonzero(scored[begin : end + 1])
        if len(hits):
            width = end - begin + 1
            total += float(_sigmoid(np.array((hits[0] - width) / width)) / _sigmoid(np.array(-1.0)))
        elif end >= series.fitted:
            total -= profile.missed
    rows = np.flatnonzero(false)
    if not len(rows):
        return total
    ends = np.array([end for _, end in series.windows], dtype=np.intp)
    widths = np.array([end - begin + 1 for begin, end in series.windows], dtype=np.float64)
    before = np.searchsorted(ends, rows, side="left") - 1
    known = before >= 0
    past = np.full(len(rows), np.inf)
    past[known] = (rows[known] - ends[before[known]]) / np.maximum(widths[before[known]] - 1, 1)
    return total + profile.false_row * float(np.where(past >= 3, -1.0, _sigmoid(np.minimum(past, 3.0))).sum())


def _sigmoid(position: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 / (1 + np.exp(5 * position)) - 1
