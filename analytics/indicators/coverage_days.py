"""Coverage by day: whole kinds of assets at once, from how many good observations each datastream had on each day.

An asset counts in a district on the days that begin while it is there. It is monitored on a day when every property
its kind requires was measured by a sensor that was on the asset, reached the required share of the observations
expected of a whole day, and had its calibration in order when the day ended. The best sensor of a
property decides. A day is a function of the registry and the roll-ups of that day alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.coverage import DayCoverage, Gap, Roster

_STAGES: Final = (Gap.NOT_INSTALLED, Gap.NOT_REPORTING, Gap.NOT_PASSING, Gap.NOT_CALIBRATED, Gap.NONE)
_DONE: Final = len(_STAGES) - 1
_OUT: Final = -1  # the asset does not count on that day


@dataclass(frozen=True, slots=True)
class Days:
    """Consecutive days: their dates, and their bounds (d + 1,) int64 [us since the epoch]."""

    dates: tuple[date, ...]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.dates)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How far each asset of a roster got on each day.

    Parameters
    ----------
    stage
        Shape (n, d) int8: place of its gap in the order of stages, -1 where it does not count.
    share
        Shape (n, d) float32, 0-1: of the required property that did worst.
    worst
        Shape (n, d) int8: place of that property in the rule.
    """

    stage: NDArray[np.int8]
    share: NDArray[np.float32]
    worst: NDArray[np.int8]


def judge_days(roster: Roster, days: Days, good: NDArray[np.int32]) -> Verdicts:
    """Return the verdict on every asset of a roster on every day.

    Parameters
    ----------
    good
        Shape (m, d): number of good observations of each datastream of the roster on each day.
    """
    begin, end = days.bounds[:-1], days.bounds[1:]
    on_asset = (roster.installed[:, None] < end) & (roster.removed[:, None] > begin)
    expected = np.maximum((end - begin) / 1e6 / roster.interval[:, None], 1.0)
    share = np.where(on_asset, np.minimum(good / expected, 1.0), 0.0)
    passing = on_asset & (share >= roster.rule.min_share) & (share > 0)
    stage = on_asset.astype(np.int8)
    stage += share > 0
    stage += passing
    stage += passing & _calibrated(roster, days)

    properties = len(roster.rule.required)
    slots = len(roster.asset_id) * properties
    shape = (len(roster.asset_id), properties, len(days))
    of_slot = _highest(stage, roster.slot, slots).reshape(shape)
    best = _highest(share, roster.slot, slots).reshape(shape)
    # what got least far decides, among equals what had the smallest share, then the order of the rule
    worst = np.argmin(of_slot + best / 2, axis=1)
    picked = worst[:, None, :]
    reached = np.take_along_axis(of_slot, picked, axis=1)[:, 0, :].astype(np.int8)
    counts = (roster.begin[:, None] <= begin) & (begin < roster.end[:, None])
    return Verdicts(
        stage=np.where(counts, reached, np.int8(_OUT)),
        share=np.take_along_axis(best, picked, axis=1)[:, 0, :].astype(np.float32),
        worst=worst.astype(np.int8),
    )


def _calibrated(roster: Roster, days: Days) -> NDArray[np.bool_]:
    """Return whether the calibration of each datastream was in order at the end of each day, shape (m, d).

    Where the rule names no age, one that has expired is out of order, and one that nobody ever made is not asked for.
    """
    shape = (len(roster.datastream_id), len(days))
    ends = days.bounds[1:]
    changes = np.zeros((shape[0], shape[1] + 1), dtype=np.int32)
    # valid up to an end e when calibrated < e <= expires: what happens at the end belongs to the next day
    first = np.searchsorted(ends, roster.calibrated, side="right")
    past = np.maximum(np.searchsorted(ends, roster.expires, side="right"), first)
    np.add.at(changes, (roster.calibration_of, first), 1)
    np.add.at(changes, (roster.calibration_of, past), -1)
    valid: NDArray[np.bool_] = np.cumsum(changes, axis=1)[:, :-1] > 0
    if roster.rule.calibration_days is None:
        earliest = np.full(shape[0], len(ends))
        np.minimum.at(earliest, roster.calibration_of, first)
        valid |= np.arange(len(ends)) < earliest[:, None]
    return valid


def _highest(values: NDArray[np.generic], slot: NDArray[np.intp], slots: int) -> NDArray[np.float64]:
    """Return the highest value of each slot and day; 0 for a slot that nothing fills. ``slot`` ascends."""
    found = np.zeros((slots, values.shape[1]))
    if len(slot):
        first = np.flatnonzero(np.r_[True, slot[1:] != slot[:-1]])
        found[slot[first]] = np.maximum.reduceat(values, first, axis=0)
    return found


def by_district(roster: Roster, days: Days, verdicts: Verdicts) -> Iterator[DayCoverage]:
    """Yield the coverage of each day and district that has an asset, ordered."""
    names, district = np.unique(np.array(roster.district_id, dtype=object), return_inverse=True)
    order = np.lexsort((np.array(roster.asset_id, dtype=object).astype(str), district))
    rows_of = np.split(order, np.flatnonzero(np.diff(district[order])) + 1) if len(order) else []
    gaps = np.array(_STAGES, dtype=object)
    assets = np.array(roster.asset_id, dtype=object)
    properties = np.array(roster.rule.required, dtype=object)
    for number, day in enumerate(days.dates):
        for name, rows in zip(names, rows_of, strict=True):
            stage = verdicts.stage[rows, number]
            here, reached = rows[stage != _OUT], stage[stage != _OUT]
            if not len(here):
                continue
            counts = np.bincount(reached, minlength=_DONE + 1)
            at_least = counts[::-1].cumsum()[::-1].tolist()
            yield DayCoverage(
                day=day,
                kind_id=roster.kind_id,
                district_id=name,
                asset_id=assets[here].tolist(),
                gap=gaps[reached].tolist(),
                share=verdicts.share[here, number].tolist(),
                property_id=properties[verdicts.worst[here, number]].tolist(),
                required=at_least[0],
                installed=at_least[1],
                reporting=at_least[2],
                passing=at_least[3],
                monitored=at_least[4],
            )
