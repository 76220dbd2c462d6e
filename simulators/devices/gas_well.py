"""A valve well of the gas network: sewer gas that follows the temperature, and sometimes a leak."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.registry import Asset
from simulators.environment import Environment
from simulators.events import GasLeak, SewerGas
from simulators.randomness import constants
from simulators.samples import Samples
from simulators.scenario import Scenario

_LEL: Final = 0.05  # lower explosive limit of methane, volume share
_ATMOSPHERE: Final = 101_325.0  # [Pa]
_GAMMA: Final = 1.31  # isentropic exponent of methane
_MOLAR_MASS: Final = 0.01604  # [kg/mol]
_GAS_CONSTANT: Final = 8.314  # [J/(mol K)]
_DENSITY: Final = 0.68  # of methane at 15 Cel and 1 bar [kg/m3]
_DISCHARGE: Final = 0.75
_MEMORY: Final = 12 * 3600.0  # after so long a leak has been aired away [s]
_Q10: Final = 2.2  # growth of rotting per 10 K, plausible value
_DEMAND_DEPTH: Final = 0.03  # share by which the pressure falls at the busiest hour


class GasWell:
    """Methane, temperature and pipe pressure in one valve well.

    The air of the well is well mixed and exchanged at a constant rate, so methane follows
    ``dc/dt = (1 - c) q / V - k c``; it is solved exactly for each leak.
    """

    def __init__(self, asset: Asset, environment: Environment, scenario: Scenario, *, seed: int) -> None:
        rng = constants(seed, asset.asset_id)
        self._asset = asset
        self._environment = environment
        self._scenario = scenario.of(asset.asset_id)
        self._volume = float(asset.parameters.get("volume_m3", 6.0))
        self._pressure = float(asset.parameters.get("pressure_kpa", 200.0))
        self._exchange = 1 / float(rng.uniform(900, 2400))  # [1/s]
        self._biogas = float(rng.choice([0.0, 0.3, 1.2], p=[0.5, 0.4, 0.1]))  # at 20 Cel [%LEL]
        self._soil = environment.air_temperature.lagged(20 * 86_400.0)

    def measure(self, property_id: str, samples: Samples) -> NDArray[np.float64]:
        """Return what a sensor of the well reads."""
        times, noise = samples.times, samples.noise.normal(samples.counts)
        match property_id:
            case "methane":
                return np.clip(self.methane(times) + 0.15 * noise, 0.0, 100.0)
            case "well_temperature":
                return self._soil.at(times) + 0.05 * noise
            case "gas_pressure":
                demand = self._environment.traffic(times)  # cooking and heating keep the hours of the streets
                return self._pressure * (1 - _DEMAND_DEPTH * demand) + 0.3 * noise
        raise ValueError(f"a valve well has no {property_id}")

    def methane(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the true methane at times (n,), shape (n,) [%LEL]; 100 and above can burn."""
        rotting = self._biogas * _Q10 ** ((self._soil.at(times) - 20) / 10) + self._sewer_gas(times)
        rain = self._environment.rain(times, latitude=self._asset.latitude, longitude=self._asset.longitude)
        level = rotting / (1 + rain / 20)
        if not len(times):
            return level
        start, end = float(times.min()), float(times.max())
        for leak in self._scenario.episodes(start - _MEMORY, end, GasLeak, self._asset.asset_id):
            assert isinstance(leak.event, GasLeak)
            flow = leak_flow(diameter=leak.event.diameter, pressure=self._pressure)
            share = well_share(times - leak.start, leak.end - leak.start, flow / self._volume, self._exchange)
            level += 100 * share / _LEL
        return level

    def _sewer_gas(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what a sewer beside adds (n,) [%LEL]: half a sine over each episode, low and steady."""
        added = np.zeros(len(times))
        if len(times):
            start, end = float(times.min()), float(times.max())
            for episode in self._scenario.episodes(start, end, SewerGas, self._asset.asset_id):
                assert isinstance(episode.event, SewerGas)
                share = np.clip((times - episode.start) / (episode.end - episode.start), 0.0, 1.0)
                added += episode.event.level * np.sin(np.pi * share)
        return added

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return that batteries always have power."""
        return np.ones(len(times), dtype=np.bool_)


def leak_flow(*, diameter: float, pressure: float) -> float:
    """Return the flow of methane through a hole into the open [m3/s at 15 Cel and 1 bar].

    Formula, choked flow: ``m = Cd A p sqrt(g M / (R T)) (2 / (g + 1))^((g + 1) / (2 (g - 1)))``

    Parameters
    ----------
    diameter
        [mm]
    pressure
        In the pipe above the atmosphere [kPa]; the flow is choked above 85 kPa.

    Raises
    ------
    ValueError
        The pressure is too low for choked flow.

    References
    ----------
    Yellow Book, CPR 14E (TNO 2005), section 2.5.2.3. Cd = 0.75 is the EPA RMP guidance's value for a sharp hole.
    """
    if pressure < 85:
        raise ValueError("the formula holds from 85 kPa above the atmosphere")
    area = np.pi / 4 * (diameter / 1000) ** 2
    critical = (2 / (_GAMMA + 1)) ** ((_GAMMA + 1) / (2 * (_GAMMA - 1)))
    speed = np.sqrt(_GAMMA * _MOLAR_MASS / (_GAS_CONSTANT * 288.15))
    return float(_DISCHARGE * area * (1000 * pressure + _ATMOSPHERE) * speed * critical / _DENSITY)


def well_share(since: NDArray[np.float64], duration: float, inflow: float, exchange: float) -> NDArray[np.float64]:
    """Return the volume share of gas in a mixed space during and after a leak, shape (n,) [0-1].

    Formula: ``c = c_end (1 - exp(-k' t))`` while it leaks, with ``k' = inflow + exchange`` and
    ``c_end = inflow / k'``; afterwards ``c`` falls with ``exp(-exchange t)``. Solution of the ventilated-room equation.

    Parameters
    ----------
    since
        Shape (n,): time since the start of the leak [s]; negative before it.
    duration
        How long it leaks [s].
    inflow, exchange
        Gas and air per volume of the space [1/s].
    """
    rate = inflow + exchange
    leaking = np.clip(since, 0.0, duration)
    after = np.maximum(since - duration, 0.0)
    share: NDArray[np.float64] = inflow / rate * -np.expm1(-rate * leaking) * np.exp(-exchange * after)
    return share
