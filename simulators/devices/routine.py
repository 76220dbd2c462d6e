"""Assets without physics of their own: every property keeps its habit, which follows traffic or the air."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.registry import Asset
from simulators.environment import Environment
from simulators.randomness import constants
from simulators.samples import Samples


@dataclass(frozen=True, slots=True)
class Habit:
    """A usual ``level``, what the ``busy`` hour and a ``warm`` air of 27 Cel add to it, noise (one sigma), least value.

    All in the unit of the property.
    """

    level: float
    busy: float = 0.0
    warm: float = 0.0
    noise: float = 0.0
    least: float = 0.0


HABITS: Final = {
    "convergence": Habit(1.5, warm=0.2, noise=0.02, least=-50.0),
    "carbon_monoxide": Habit(2.0, busy=18.0, noise=0.6),
    "relative_humidity": Habit(72.0, warm=-6.0, noise=1.0, least=20.0),
    "methane": Habit(0.0, noise=0.15),
    "well_temperature": Habit(17.0, warm=6.0, noise=0.05, least=-20.0),
    "oxygen": Habit(20.8, noise=0.03),
    "hydrogen_sulfide": Habit(0.1, warm=0.1, noise=0.03),
    "water_depth": Habit(0.0, noise=0.8),
    "gas_pressure": Habit(200.0, busy=-6.0, noise=0.3, least=2.0),
    "gas_flow": Habit(4.0, busy=16.0, warm=-2.0, noise=0.3),
    "water_level": Habit(1.6, busy=0.3, noise=0.01),
    "water_flow": Habit(40.0, busy=60.0, noise=1.0),
    "water_pressure": Habit(380.0, busy=-60.0, noise=2.0, least=60.0),
    "supply_voltage": Habit(228.0, busy=-3.0, noise=0.4),
    "active_power": Habit(3_000.0, busy=2_000.0, noise=20.0),
    "current": Habit(14.0, busy=9.0, noise=0.1),
    "leakage_current": Habit(6.0, noise=0.4),
    "cover_tilt": Habit(0.4, noise=0.1),
    "battery_voltage": Habit(3.8, warm=0.05, noise=0.01, least=3.1),
    "oxygen_demand": Habit(28.0, busy=10.0, noise=1.0, least=2.0),
    "ammonia": Habit(1.6, busy=0.8, noise=0.1),
    "acidity": Habit(7.3, noise=0.05, least=5.0),
    "tilt": Habit(0.1, warm=0.02, noise=0.01, least=-5.0),
    "fine_dust": Habit(38.0, busy=15.0, warm=-8.0, noise=3.0, least=2.0),
    "sound_level": Habit(48.0, busy=18.0, noise=1.5, least=32.0),
}
"""Plausible courses, so that every kind of asset has live values; no measurements of a real city stand behind them."""


_ALIKE: Final = {"oxygen", "supply_voltage", "battery_voltage", "acidity", "relative_humidity", "well_temperature"}
"""Properties that are much the same everywhere."""


class Routine:
    """What the sensors of an asset read on days like any other.

    Formula: ``level share + busy traffic + warm (T_air - 17) / 10 + noise``, not below ``least``; the share of an asset
    lies between 0.8 and 1.2. Rain and air temperature are those of the environment.
    """

    def __init__(self, asset: Asset, environment: Environment, *, seed: int) -> None:
        self._asset = asset
        self._environment = environment
        self._share = float(constants(seed, asset.asset_id).uniform(0.8, 1.2))

    def measure(self, property_id: str, samples: Samples) -> NDArray[np.float64]:
        """Return what a sensor of the asset reads."""
        times, noise = samples.times, samples.noise.normal(samples.counts)
        air = self._environment.air_temperature.at(times)
        if property_id == "air_temperature":
            return air + 0.2 * noise
        if property_id == "rain_rate":
            return self._environment.rain(times, latitude=self._asset.latitude, longitude=self._asset.longitude)
        if property_id not in HABITS:
            raise ValueError(f"{self._asset.asset_id} has no {property_id}")
        habit = HABITS[property_id]
        share = 1.0 if property_id in _ALIKE else self._share
        course = habit.busy * self._environment.traffic(times) + habit.warm * (air - 17.0) / 10
        return np.maximum(habit.level * share + course + habit.noise * noise, habit.least)

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return that there is always power."""
        return np.ones(len(times), dtype=np.bool_)
