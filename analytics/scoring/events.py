"""Measures on events: what an operator notices of a detector."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.scoring.labelled import Labelled

_MONTH: Final = 30 * 86400.0  # [s]


@dataclass(frozen=True, slots=True)
class EventScore:
    """``events`` that were to be found and ``found`` ones; ``alarms``: uninterrupted runs of rows in alarm, of which
    ``false`` touch no event; ``recall`` and ``precision`` [-]; ``alarms_per_month`` and ``false_per_month``
    [1/(sensor month)]; ``delay_median`` and ``delay_p95`` [s] from the begin of an event to its first row in alarm;
    ``duplicates`` [-]: alarms per event that was found, beyond the first. None where there is nothing to divide by.
    """

    events: int
    found: int
    alarms: int
    false: int
    recall: float | None
    precision: float | None
    alarms_per_month: float | None
    false_per_month: float | None
    delay_median: float | None
    delay_p95: float | None
    duplicates: float | None


def event_score(series: Sequence[Labelled], states: Sequence[NDArray[np.bool_]]) -> EventScore:
    """Return the measures over all series together; events that end in the fitted rows are not counted."""
    delays: list[float] = []
    events = alarms = false = touching = 0
    months = 0.0
    for one, state in zip(series, states, strict=True):
        runs = _runs(state, one.fitted)
        months += one.values.shape[1] * (len(one.time) - one.fitted) * one.interval / _MONTH
        alarms += len(runs)
        false += sum(not any(begin <= last and first <= end for begin, end in one.windows) for first, last in runs)
        for begin, end in one.windows:
            begin = max(begin, one.fitted)  # noqa: PLW2901  # nobody could have spoken before
            if end < one.fitted:
                continue
            events += 1
            rows = np.flatnonzero(state[begin : end + 1])
            if len(rows):
                delays.append(float(one.time[begin + rows[0]] - one.time[begin]))
                touching += sum(begin <= last and first <= end for first, last in runs)
    found = len(delays)
    return EventScore(
        events=events,
        found=found,
        alarms=alarms,
        false=false,
        recall=found / events if events else None,
        precision=1 - false / alarms if alarms else None,
        alarms_per_month=alarms / months if months else None,
        false_per_month=false / months if months else None,
        delay_median=float(np.median(delays)) if delays else None,
        delay_p95=float(np.quantile(delays, 0.95)) if delays else None,
        duplicates=(touching - found) / found if found else None,
    )


def _runs(state: NDArray[np.bool_], fitted: int) -> list[tuple[int, int]]:
    """Return first and last row of each uninterrupted run of scored rows in alarm."""
    scored = state.copy()
    scored[:fitted] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], scored, [False]]).astype(np.int8)))
    return [(int(first), int(last) - 1) for first, last in edges.reshape(-1, 2)]
