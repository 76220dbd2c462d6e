"""VUS-PR: how well scores rank anomalous rows, without a threshold and forgiving of blurred labels."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.methods.ticks import Floats

_BUFFERS: Final = range(0, 101, 10)  # [rows]
_THRESHOLDS: Final = 250


def vus_pr(anomalous: NDArray[np.bool_], scores: Floats) -> float | None:
    """Return the volume under the surface of precision, recall and buffer [-], 0 to 1; None without an anomaly.

    Formula: for each buffer ``l`` labels get slopes ``sqrt(1 - d / l)`` over ``l/2`` rows on either side; with
    ``P = (sum(labels) + sum(sloped)) / 2``, at each threshold ``precision = TP / rows``,
    ``recall = min(TP / P, 1) * share of anomalies that are touched``; area by steps, mean over the buffers

    Parameters
    ----------
    anomalous, scores
        Shapes (n,), [-]: labels, and scores where larger is stranger, nan counts as least strange.

    Notes
    -----
    Buffers of 0 to 100 rows in steps of 10, and 250 thresholds evenly over the sorted scores, as its authors take.
    Steps, because trapezoids would give a constant score, which ranks nothing, more than a half.

    References
    ----------
    Paparrizos, Boniol, Palpanas, Tsay, Elmore and Franklin 2022, PVLDB 15 (11) 2774-2787.
    """
    if not anomalous.any():
        return None
    shown = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-shown, kind="stable")
    ranked = shown[order]
    picked = np.linspace(0, len(ranked) - 1, _THRESHOLDS).astype(np.intp)
    rows = np.searchsorted(-ranked, -ranked[picked], side="right")  # rows with at least that score
    return float(np.mean([_area(anomalous, shown, order, ranked[picked], rows, buffer) for buffer in _BUFFERS]))


def _area(
    anomalous: NDArray[np.bool_],
    scores: Floats,
    order: NDArray[np.intp],
    thresholds: Floats,
    rows: NDArray[np.intp],
    buffer: int,
) -> float:
    sloped = _sloped(anomalous, buffer)
    hits = np.cumsum(sloped[order])[rows - 1]
    touched = np.array([scores[begin:end].max() for begin, end in _spans(sloped > 0)])
    existence = np.mean(touched[:, None] >= thresholds, axis=0)
    positive = (np.count_nonzero(anomalous) + sloped.sum()) / 2
    recall = np.concatenate([[0.0], np.minimum(hits / positive, 1.0) * existence])
    return float(np.sum(np.diff(recall) * hits / rows))


def _sloped(anomalous: NDArray[np.bool_], buffer: int) -> Floats:
    labels = anomalous.astype(np.float64)
    reach = np.arange(1, buffer // 2 + 1)
    slope = np.sqrt(1 - reach / max(buffer, 1))
    for begin, end in _spans(anomalous):
        before, after = begin - reach, end - 1 + reach
        inside, within = before >= 0, after < len(labels)
        labels[before[inside]] = np.maximum(labels[before[inside]], slope[inside])
        labels[after[within]] = np.maximum(labels[after[within]], slope[within])
    return labels


def _spans(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]
