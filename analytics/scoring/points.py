"""Measures on rows: F1, false alarms, missed alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.scoring.labelled import Labelled


@dataclass(frozen=True, slots=True)
class PointScore:
    """``f1`` [-]; ``false_alarm_rate`` and ``missed_alarm_rate`` [%]; None where there is nothing to divide by."""

    f1: float | None
    false_alarm_rate: float | None
    missed_alarm_rate: float | None


def point_score(series: Sequence[Labelled], states: Sequence[NDArray[np.bool_]]) -> PointScore:
    """Return the measures over all scored rows together.

    Formula: ``F1 = 2 TP / (2 TP + FP + FN)``, ``FAR = FP / (FP + TN)``, ``MAR = FN / (FN + TP)``; without point
    adjustment, which makes random scores look excellent
    """
    truth = np.concatenate([one.anomalous[one.fitted :] for one in series])
    said = np.concatenate([state[one.fitted :] for one, state in zip(series, states, strict=True)])
    hits, false = int(np.count_nonzero(truth & said)), int(np.count_nonzero(~truth & said))
    missed, quiet = int(np.count_nonzero(truth & ~said)), int(np.count_nonzero(~truth & ~said))
    return PointScore(
        _share(2 * hits, 2 * hits + false + missed),
        _share(100 * false, false + quiet),
        _share(100 * missed, missed + hits),
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
