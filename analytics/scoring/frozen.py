"""The detectors that are scored, with one setting for all files and no look-ahead.

The settings were chosen once, on the recorded development files, and are frozen: they stand here as constants and no
option changes them, so that a table never shows a threshold that was fitted to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.methods.block_features import block_features
from analytics.methods.event_density import EventDensity
from analytics.methods.mewma import Mewma
from analytics.methods.persistence import Persistence, PersistenceParams
from analytics.methods.record_novelty import RecordNovelty
from analytics.methods.refractory import Refractory
from analytics.methods.robust_level import RobustLevel, RobustLevelParams
from analytics.methods.rolling import Rolling
from analytics.methods.shrinkage import ledoit_wolf
from analytics.methods.slot_mean import SlotMean
from analytics.methods.ticks import Floats
from analytics.scoring.labelled import Labelled

NOVELTY: Final = 0.15
"""Sum of the record novelties from which a single channel is anomalous [-]."""

SHIFT: Final = 3.5
"""MEWMA distance of an asset from which it is anomalous [largest one of the fitted rows]."""

_DECAY: Final = 1e-4
_REFRACTORY: Final = 120
_GROWTH: Final = 1.5
_RANGE: Final = 0.05  # novelty of the trivial baseline
_WEIGHT: Final = 0.08
_LEAST: Final = 1e-9  # variance of a channel that stands still
_SETTLING: Final = 50  # rows until the averages have forgotten where they began
_RANDOM: Final = 0.001  # share of rows the random baseline calls anomalous
_RELEASE: Final = PersistenceParams(wanted=1, window=1, release=1.0, hold=5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a detector says of a series: ``scores`` float64 (n,) [-], larger is stranger, and ``state`` bool (n,): in
    which rows it is in alarm; both say nothing in the fitted rows.
    """

    scores: Floats
    state: NDArray[np.bool_]


_T = TypeVar("_T", bound=np.generic)
Detector = Callable[[Sequence[Labelled]], list[Verdict]]


def citywatch(series: Sequence[Labelled]) -> list[Verdict]:
    """Judge single channels by record novelty, assets of several channels by MEWMA."""
    single = [one for one in series if one.values.shape[1] == 1]
    novel = iter(_novelties(single) if single else [])
    return [next(novel) if one.values.shape[1] == 1 else _shift(one) for one in series]


def always(series: Sequence[Labelled]) -> list[Verdict]:
    """Call everything anomalous."""
    return [_verdict(one, np.ones(len(one.time)), 0.5) for one in series]


def by_chance(series: Sequence[Labelled]) -> list[Verdict]:
    """Call one row in a thousand anomalous."""
    rng = np.random.default_rng(1)
    return [_verdict(one, rng.random(len(one.time)), 1 - _RANDOM) for one in series]


def range_novelty(series: Sequence[Labelled]) -> list[Verdict]:
    """Call anomalous what leaves the range seen so far by a twentieth of it, in any channel."""
    table = _side_by_side([channel for one in series for channel in one.values.T])
    novelty = np.nan_to_num(RecordNovelty(table.shape[1], decay=2e-4).update(table))
    ends = np.cumsum([one.values.shape[1] for one in series])
    largest = [part.max(axis=1) for part in np.split(novelty, ends[:-1], axis=1)]
    return [_verdict(one, found[: len(one.time)], _RANGE) for one, found in zip(series, largest, strict=True)]


DETECTORS: Final[dict[str, Detector]] = {
    "citywatch": citywatch,
    "range novelty": range_novelty,
    "random": by_chance,
    "always": always,
}


def _novelties(series: Sequence[Labelled]) -> list[Verdict]:
    table = _side_by_side([one.values[:, 0] for one in series])
    hour, week = np.zeros(table.shape, dtype=np.intp), np.zeros(table.shape, dtype=np.intp)
    for place, one in enumerate(series):
        hours = (one.time // 3600).astype(np.intp)
        hour[: len(hours), place], week[: len(hours), place] = hours % 24, hours % 168
    later = np.arange(len(table))[:, None] >= [min(one.fitted, 200) for one in series]
    spread = block_features(np.where(later, np.nan, table)).rms
    total = sum(
        np.nan_to_num(RecordNovelty(len(series), decay=_DECAY).update(feature))
        for feature in _features(table, np.nan_to_num(spread), hour, week)
    )
    scores = np.where(np.isnan(table), np.nan, total)
    news = Refractory(len(series), _REFRACTORY, growth=_GROWTH).update(scores)
    found: list[Verdict] = []
    for place, one in enumerate(series):
        state = np.nan_to_num(news[: len(one.time), place]) >= NOVELTY
        found.append(Verdict(_after(one, np.nan_to_num(scores[: len(one.time), place])), _after(one, state)))
    return found


def _side_by_side(channels: Sequence[Floats]) -> Floats:
    """Return channels as columns of one table, nan behind the end of the shorter ones."""
    table = np.full((max(len(channel) for channel in channels), len(channels)), np.nan)
    for place, channel in enumerate(channels):
        table[: len(channel), place] = channel
    return table


def _features(table: Floats, spread: Floats, hour: NDArray[np.intp], week: NDArray[np.intp]) -> list[Floats]:
    count = table.shape[1]
    previous = np.vstack([np.full((1, count), np.nan), table[:-1]])
    deviation = Rolling(count, 24).update(table, lambda windows: np.asarray(np.std(windows, axis=-1)))
    away = RobustLevel(np.zeros(count), RobustLevelParams(rate=0.01, long_rate=0.001)).update(table)
    return [
        table,
        table - previous,
        Rolling(count, 24).update(table, _mean),
        Rolling(count, 100).update(table, _mean),
        np.log(deviation + 1e-3 * spread + 1e-12),
        SlotMean(count, 24, rate=0.01).update(table, hour),
        SlotMean(count, 168, rate=0.02).update(table, week),
        EventDensity(count, limit=3.0).update(np.abs(away)),
    ]


def _mean(windows: Floats) -> Floats:
    return np.asarray(np.mean(windows, axis=-1), dtype=np.float64)


def _shift(series: Labelled) -> Verdict:
    unit = _scaled(series)
    averages = np.zeros_like(unit)
    average = np.zeros(unit.shape[1])
    for row, values in enumerate(np.nan_to_num(unit)):
        average = average + _WEIGHT * (values - average)
        averages[row] = average
    usual = ledoit_wolf(averages[_SETTLING : series.fitted])
    # Healthy rows depend on each other, so the covariance is that of the averages and not of single rows.
    covariance = (usual.covariance + _LEAST * np.eye(unit.shape[1])) * (2 - _WEIGHT) / _WEIGHT
    distance = np.sqrt(Mewma(usual.mean[None], covariance[None], weight=_WEIGHT).update(unit[:, None, :])[:, 0])
    scores = np.nan_to_num(distance) / max(float(np.nan_to_num(distance[_SETTLING : series.fitted]).max()), 1.0)
    state = Persistence(np.array([SHIFT]), _RELEASE).update(scores[:, None])[:, 0] > 0
    return Verdict(_after(series, scores), _after(series, state))


def _scaled(series: Labelled) -> Floats:
    """Return the channels in robust deviations of the fitted rows; one that is silent there stays silent."""
    scaled = np.full(series.values.shape, np.nan)
    for place, channel in enumerate(series.values.T):
        healthy = channel[: series.fitted]
        healthy = healthy[np.isfinite(healthy)]
        if len(healthy):
            middle = np.median(healthy)
            scale = max(1.4826 * np.median(np.abs(healthy - middle)), 0.5 * np.std(healthy))
            scaled[:, place] = (channel - middle) / (scale if scale > 0 else 1.0)
    return scaled


def _verdict(series: Labelled, scores: Floats, limit: float) -> Verdict:
    return Verdict(_after(series, scores), _after(series, scores >= limit))


def _after(series: Labelled, column: NDArray[_T]) -> NDArray[_T]:
    later = column.copy()
    later[: series.fitted] = 0
    return later
