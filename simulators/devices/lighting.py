"""Street lighting: a cabinet with a breaker and a meter, and the lamps behind it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.registry import Asset
from simulators.environment import Environment
from simulators.environment.harmonics import cosine
from simulators.events import BreakerTrip, CableTheft, Event, LampFailure, Leakage
from simulators.randomness import constants
from simulators.samples import Samples
from simulators.scenario import Scenario

_NOMINAL: Final = 228.0  # supply [V]
_SWITCH_ELEVATION: Final = -2.5  # lamps burn while the sun is lower [deg]
_DIM_FROM: Final = 23.0  # local hour
_DIM_UNTIL: Final = 5.0
_DIMMED: Final = 0.6
_POWER_FACTOR: Final = 0.96
_SOUND_LEAKAGE: Final = 4.0  # of cables in good order [mA]
_DAY: Final = 86_400.0


class Supply:
    """The voltage of a cabinet and the hours of its lamps."""

    def __init__(self, cabinet: Asset, environment: Environment, scenario: Scenario, *, seed: int) -> None:
        rng = constants(seed, cabinet.asset_id)
        self._cabinet = cabinet
        self._environment = environment
        self._scenario = scenario.of(cabinet.asset_id)
        self._whole = scenario
        evening = 20 * 3600 - float(environment.local(np.zeros(1))[0])
        self._voltage = cosine(_NOMINAL + float(rng.normal(0, 2)), -3.0, _DAY, evening)

    def is_closed(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the breaker is closed at times (n,), shape (n,)."""
        return ~during(self._scenario, times, BreakerTrip, self._cabinet.asset_id)

    def reaches_lamps(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the lamps are supplied at times (n,), shape (n,): breaker and cables are in order."""
        return self.is_closed(times) & ~during(self._scenario, times, CableTheft, self._cabinet.asset_id)

    def scenario_of(self, lamp: Asset) -> Scenario:
        """Return the events that can befall a lamp."""
        return self._whole.of(lamp.asset_id)

    def leakage(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the current that leaks from the cables into the ground at times (n,), shape (n,) [mA]."""
        leaking = np.full(len(times), _SOUND_LEAKAGE)
        if len(times):
            start, end = float(times.min()), float(times.max())
            for episode in self._scenario.episodes(start, end, Leakage, self._cabinet.asset_id):
                assert isinstance(episode.event, Leakage)
                leaking += episode.event.current * ((times >= episode.start) & (times < episode.end))
        return np.where(self.reaches_lamps(times), leaking, 0.0)

    def voltage(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the voltage behind the breaker at times (n,), shape (n,) [V]."""
        return np.where(self.is_closed(times), self._voltage.at(times), 0.0)

    def burning(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the commanded level of the lamps at times (n,), shape (n,) [0-1]: by the sun, dimmed late at night."""
        place = {"latitude": self._cabinet.latitude, "longitude": self._cabinet.longitude}
        dark = self._environment.sun(times, **place) < _SWITCH_ELEVATION
        hour = np.mod(self._environment.local(times), _DAY) / 3600
        late = (hour >= _DIM_FROM) | (hour < _DIM_UNTIL)
        return np.where(dark, np.where(late, _DIMMED, 1.0), 0.0)


class Lamp:
    """A lamp with its controller, which needs the supply of the cabinet."""

    def __init__(self, asset: Asset, supply: Supply, *, seed: int) -> None:
        rng = constants(seed, asset.asset_id)
        self._asset = asset
        self._supply = supply
        self._scenario = supply.scenario_of(asset)
        self._power = float(asset.parameters.get("power_w", 150.0)) * float(rng.normal(1.0, 0.015))
        self._standby = float(rng.uniform(0.4, 0.8))  # [W]
        self._drop = float(rng.uniform(0.5, 4.0))  # along the cable [V]

    def measure(self, property_id: str, samples: Samples) -> NDArray[np.float64]:
        """Return what the controller reads."""
        noise = samples.noise.normal(samples.counts)
        supplied = self._supply.reaches_lamps(samples.times)
        voltage = np.where(supplied, np.maximum(self._supply.voltage(samples.times) - self._drop, 0.0), 0.0)
        if property_id == "supply_voltage":
            return np.where(voltage > 0, voltage + 0.3 * noise, 0.0)
        power = self.power(samples.times)
        match property_id:
            case "active_power":
                return power * (1 + 0.004 * noise)
            case "current":
                apparent = power / _POWER_FACTOR
                return np.divide(apparent, voltage, out=np.zeros_like(power), where=voltage > 0) * (1 + 0.004 * noise)
            case "power_factor":
                burning = power > 2 * self._standby
                return np.where(burning, _POWER_FACTOR, 0.4) + 0.003 * noise
        raise ValueError(f"a lamp has no {property_id}")

    def power(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the true power at times (n,), shape (n,) [W]."""
        level = np.where(
            during(self._scenario, times, LampFailure, self._asset.asset_id), 0.0, self._supply.burning(times)
        )
        return np.where(self._supply.reaches_lamps(times), self._standby + self._power * level, 0.0)

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the cabinet supplies the controller."""
        return self._supply.reaches_lamps(times)


class Cabinet:
    """A cabinet whose meter has a battery and goes on when the breaker is open."""

    def __init__(self, supply: Supply, lamps: list[Lamp]) -> None:
        self._supply = supply
        self._lamps = lamps

    def measure(self, property_id: str, samples: Samples) -> NDArray[np.float64]:
        """Return what the meter reads."""
        noise = samples.noise.normal(samples.counts)
        voltage = self._supply.voltage(samples.times)
        if property_id == "supply_voltage":
            return np.where(voltage > 0, voltage + 0.4 * noise, np.abs(0.2 * noise))
        power = sum((lamp.power(samples.times) for lamp in self._lamps), np.zeros(len(samples.times)))
        match property_id:
            case "active_power":
                return power * (1 + 0.002 * noise)
            case "current":
                apparent = power / _POWER_FACTOR
                return np.divide(apparent, voltage, out=np.zeros_like(power), where=voltage > 0)
            case "leakage_current":
                return np.maximum(self._supply.leakage(samples.times) + 0.5 * noise, 0.0)
        raise ValueError(f"a cabinet has no {property_id}")

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return that the meter always has power."""
        return np.ones(len(times), dtype=np.bool_)


def during(scenario: Scenario, times: NDArray[np.float64], kind: type[Event], asset_id: str) -> NDArray[np.bool_]:
    """Return whether an event of a kind lasts at an asset at times (n,), shape (n,)."""
    lasts = np.zeros(len(times), dtype=np.bool_)
    if len(times):
        for episode in scenario.episodes(float(times.min()), float(times.max()), kind, asset_id):
            lasts |= (times >= episode.start) & (times < episode.end)
    return lasts
