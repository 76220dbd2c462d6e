"""A girder bridge: it follows the temperature, trucks bend and shake it, a ship may strike a pier."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.registry import Asset
from simulators.environment import Environment
from simulators.environment.harmonics import cosine
from simulators.events import Episode, ShipImpact
from simulators.randomness import constants
from simulators.samples import Samples
from simulators.scenario import Scenario

_REFERENCE: Final = 15.0  # temperature without strain [Cel]
_EXPANSION: Final = 1.2e-5  # steel and concrete [1/K]
_STRAIN_PER_KELVIN: Final = 11.0  # [um/m/K]; 10-12 measured on girders
_STRAIN_NOISE: Final = 2.0  # [um/m]
_TRUCK_STRAIN: Final = (10.0, 30.0)  # one truck [um/m]
_TRUCK_SPEED: Final = 14.0  # [m/s]
_TILT_NOISE: Final = 0.0015  # [deg]
_TILT_PER_KELVIN: Final = 0.0008  # [deg/K]
_IMPACT_RMS: Final = 0.6  # [m/s2]
_DAMPING_TIME: Final = 12.0  # an impact shakes for so long [s]
_DAY: Final = 86_400.0


class Bridge:
    """Temperature, strain, joints, tilt and vibration of one bridge.

    The structure follows the air with the lag of its mass (3-9 h) and the sun on its deck. Strain is thermal strain
    that the bearings partly let go, plus the trucks that happen to be on the span. Magnitudes are those quoted for
    girder bridges; the constants of a bridge are drawn from its name.
    """

    def __init__(self, asset: Asset, environment: Environment, scenario: Scenario, *, seed: int) -> None:
        rng = constants(seed, asset.asset_id)
        self._asset = asset
        self._environment = environment
        self._scenario = scenario
        self._span = float(asset.parameters.get("span_m", 40.0))
        sunny_afternoon = cosine(1.0, 3.0, _DAY, 14 * 3600 - float(environment.local(np.zeros(1))[0]))
        warmth = environment.air_temperature.plus(sunny_afternoon)
        self._structure = warmth.lagged(float(rng.uniform(3, 9)) * 3600)
        self._restraint = float(rng.uniform(0.3, 0.9))
        self._trucks_per_hour = float(rng.uniform(60, 400))
        self._ambient_rms = float(rng.uniform(0.004, 0.012))

    def measure(  # noqa: PLR0911  # one formula per property
        self, property_id: str, samples: Samples
    ) -> NDArray[np.float64]:
        """Return what a sensor of the bridge reads."""
        times, noise = samples.times, samples.noise.normal(samples.counts)
        warmth = self._structure.at(times) - _REFERENCE
        match property_id:
            case "strain":
                thermal = _STRAIN_PER_KELVIN * self._restraint * warmth
                return thermal + self._truck_strain(samples) + _STRAIN_NOISE * noise
            case "structure_temperature":
                return warmth + _REFERENCE + 0.1 * noise
            case "joint_displacement":
                half = 1000 * self._span / 2  # [mm], the bridge is held in the middle
                return _EXPANSION * half * warmth + 0.1 * noise
            case "tilt":
                return _TILT_PER_KELVIN * warmth + self._impact_tilt(times) + _TILT_NOISE * noise
            case "acceleration_rms":
                traffic = self._environment.traffic(times)
                rms = self._ambient_rms * np.sqrt(0.05 + traffic) * np.exp(0.35 * noise)
                return np.hypot(rms, self._impact_rms(times))
            case "air_temperature":
                return self._environment.air_temperature.at(times) + 0.2 * noise
            case "wind_speed":
                return np.maximum(self._environment.wind_speed(times) * (1 + 0.15 * noise), 0.0)
        raise ValueError(f"a bridge has no {property_id}")

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return that the bridge always has power."""
        return np.ones(len(times), dtype=np.bool_)

    def _truck_strain(self, samples: Samples) -> NDArray[np.float64]:
        """Return the strain of the trucks on the span: a Poisson count of at most two, each of random weight."""
        crossing = self._span / _TRUCK_SPEED / 3600  # [h]
        expected = self._trucks_per_hour * self._environment.traffic(samples.times) * min(crossing, 0.002)
        chance = samples.noise.uniform(samples.counts + 2**40)
        low, high = _TRUCK_STRAIN
        weight = low + (high - low) * samples.noise.uniform(samples.counts + 2**41)
        none, one = np.exp(-expected), np.exp(-expected) * (1 + expected)
        return weight * ((chance > none).astype(np.float64) + (chance > one))

    def _impact_tilt(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        tilt = np.zeros(len(times))
        for episode in self._impacts(times, after=0.0):
            assert isinstance(episode.event, ShipImpact)
            tilt += episode.event.tilt * ((times >= episode.start) & (times < episode.end))
        return tilt

    def _impact_rms(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        rms = np.zeros(len(times))
        for episode in self._impacts(times, after=60.0):
            since = times - episode.start
            rms += np.where(since >= 0, _IMPACT_RMS * np.exp(-np.maximum(since, 0.0) / _DAMPING_TIME), 0.0)
        return rms

    def _impacts(self, times: NDArray[np.float64], *, after: float) -> Iterator[Episode]:
        if not len(times):
            return
        start, end = float(times.min()) - after, float(times.max())
        yield from self._scenario.episodes(start, end, ShipImpact, self._asset.asset_id)
