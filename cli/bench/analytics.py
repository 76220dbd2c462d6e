"""How quickly the methods of analytics take their blocks, beside a plain copy of the same numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import numpy as np

from analytics.methods.block_features import block_features
from analytics.methods.cusum import Cusum, CusumParams
from analytics.methods.event_density import EventDensity
from analytics.methods.fdd import FddParams, fdd
from analytics.methods.flat_segment import FlatSegment
from analytics.methods.log_variance import LogVariance, LogVarianceParams
from analytics.methods.persistence import Persistence, PersistenceParams
from analytics.methods.rainflow import Rainflow
from analytics.methods.record_novelty import RecordNovelty
from analytics.methods.refractory import Refractory
from analytics.methods.regression import RecursiveRegression, RegressionParams
from analytics.methods.robust_level import RobustLevel, RobustLevelParams
from analytics.methods.rolling import Rolling
from analytics.methods.spectrum import band_powers, spectrum
from analytics.methods.ssi import SsiParams, ssi
from analytics.methods.tail_probability import TailParams, TailProbability
from analytics.methods.ticks import Floats

_CHANNELS: Final = 100
_SAMPLES: Final = 6000  # a minute at 100 Hz
_RATE: Final = 100.0  # [Hz]
_MODAL: Final = 60_000  # ten minutes at 100 Hz
_BANDS: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.1)  # [Hz]


@dataclass(frozen=True, slots=True)
class MethodSpeed:
    """Medians: ``block`` [samples/s] in blocks of many turns of ``datastreams`` datastreams, ``tick`` [ms] for one turn
    of them all.
    """

    method: str
    block: float
    tick: float


@dataclass(frozen=True, slots=True)
class AnalyticsSpeed:
    """``copied`` [samples/s]: the ceiling, a copy of the block; ``methods``; ``features``, ``fdd`` and ``ssi`` [ms]: a
    minute of 100 channels at 100 Hz, and ten minutes of 10 channels.
    """

    datastreams: int
    copied: float
    methods: list[MethodSpeed]
    features: float
    fdd: float
    ssi: float
    rainflow: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures for scripts."""
        figures: dict[str, Any] = {
            "datastreams": self.datastreams,
            "copy_samples_per_s": round(self.copied),
        }
        for one in self.methods:
            figures[f"{one.method}_samples_per_s"] = round(one.block)
            figures[f"{one.method}_tick_ms"] = round(one.tick, 3)
        return figures | {
            "features_100_channels_60_s_ms": round(self.features, 1),
            "fdd_10_channels_600_s_ms": round(self.fdd, 1),
            "ssi_10_channels_600_s_ms": round(self.ssi, 1),
            "rainflow_samples_per_s": round(self.rainflow),
        }


def measure_analytics(datastreams: int) -> AnalyticsSpeed:
    """Measure all methods on noise."""
    rng = np.random.default_rng(1)
    block = rng.normal(0, 1, (max(1_000_000 // datastreams, 2), datastreams))
    methods: list[MethodSpeed] = []
    for name, update in _methods(datastreams).items():
        seconds = _median(lambda update=update: update(block), 3)  # type: ignore[misc]
        tick = _median(lambda update=update: update(block[:1]), 20)  # type: ignore[misc]
        methods.append(MethodSpeed(name, block.size / seconds, 1000 * tick))
    minute = rng.normal(0, 1, (_SAMPLES, _CHANNELS))
    response = rng.normal(0, 1, (_MODAL, 10))
    loads = rng.normal(0, 1, 200_000)
    return AnalyticsSpeed(
        datastreams=datastreams,
        copied=block.size / _median(block.copy, 5),
        methods=methods,
        features=1000 * _median(lambda: _features(minute), 5),
        fdd=1000 * _median(lambda: fdd(response, _RATE, FddParams(segment=4096)), 3),
        ssi=1000 * _median(lambda: ssi(response, _RATE, SsiParams()), 3),
        rainflow=len(loads) / _median(lambda: Rainflow().update(loads), 3),
    )


def _methods(count: int) -> dict[str, Callable[[Floats], object]]:
    floor = np.full(count, 0.01)
    window, flat = Rolling(count, 24), FlatSegment(count)
    model = RecursiveRegression(count, 2, RegressionParams())
    return {
        "robust_level": RobustLevel(floor, RobustLevelParams()).update,
        "record_novelty": RecordNovelty(count).update,
        "cusum": Cusum(count, CusumParams()).update,
        "log_variance": LogVariance(floor, LogVarianceParams()).update,
        "event_density": EventDensity(count, limit=3.0).update,
        "flat_segment": lambda block: flat.update(block, floor),
        "rolling_24": lambda block: window.update(block, lambda windows: np.asarray(np.mean(windows, axis=-1))),
        "regression": lambda block: model.update(block, np.stack([np.ones_like(block), block], axis=-1)),
        "tail_probability": TailProbability(count, TailParams()).update,
        "persistence": Persistence(np.full(count, 3.0), PersistenceParams()).update,
        "refractory": Refractory(count, 120).update,
    }


def _features(minute: Floats) -> None:
    block_features(minute)
    band_powers(*spectrum(minute, _RATE, 1024), _BANDS)


def _median(work: Callable[[], object], times: int) -> float:
    """Return the median time [s] of a piece of work."""
    took: list[float] = []
    for _ in range(times):
        begin = perf_counter()
        work()
        took.append(perf_counter() - begin)
    return float(np.median(took))
