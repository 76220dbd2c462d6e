"""A girder bridge: it follows the temperature, wind and trucks bend and shake it, a ship may strike a pier."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.registry import Asset
from simulators.devices.trucks import Truck, Trucks, middle_deflection, middle_moment, on_span
from simulators.devices.vibration import Girder, Vibration
from simulators.environment import Environment
from simulators.environment.harmonics import cosine
from simulators.events import Episode, Event, JointJam, ShipImpact, StiffnessLoss
from simulators.randomness import constants
from simulators.samples import Samples
from simulators.scenario import Scenario

_REFERENCE: Final = 15.0  # temperature without strain [Cel]
_EXPANSION: Final = 1.2e-5  # steel and concrete [1/K]
_STRAIN_PER_KELVIN: Final = 11.0  # [um/m/K]; 10-12 measured on girders
_STRAIN_NOISE: Final = 2.0  # [um/m]
_TRUCK_STRAIN: Final = 0.6  # of a truck in the middle of 40 m [um/m/t]; 10-30 um/m were measured for one truck (W)
_SLOWEST: Final = 11.0  # truck [m/s]
_MASS: Final = 12_000.0  # girder, per length [kg/m], plausible value
_DAMPING: Final = 0.012  # share of critical damping, plausible value
_FREQUENCY: Final = (95.4, -0.933)  # f1 = 95.4 L^-0.933 [Hz; m], Cantieni 1983 for highway bridges, quoted (W)
_SLOPES: Final = (-8e-4, -5e-4, 3e-4, -6e-4)  # of the frequencies [1/K], mixed sign as at New Carquinez; sizes U
_FROZEN: Final = 0.004  # stiffer asphalt below 0 Cel [1/K]; U
_CABLE_LENGTH: Final = 0.35  # of the span
_CABLE_MASS: Final = 60.0  # [kg/m]
_CABLE_FREQUENCY: Final = 1.1  # [Hz] at a length of 100 m
_CABLE_PER_TON: Final = 0.8  # share of a truck's weight that a cable takes [kN/t]
_CABLE_PER_KELVIN: Final = -0.0006  # relative change of the force [1/K]
_FRICTION: Final = 0.6  # joints move in steps of so much [mm]
_TILT_NOISE: Final = 0.0015  # [deg]
_TILT_PER_KELVIN: Final = 0.0008  # [deg/K]
_MICROELECTRONIC: Final = 0.005  # noise of an accelerometer of this kind [m/s2]
_IMPACT_RMS: Final = 0.6  # [m/s2]
_DAMPING_TIME: Final = 12.0  # an impact shakes for so long [s]
_DAY: Final = 86_400.0
Values = NDArray[np.float64]


class Bridge:
    """Temperature, strain, deflection, joints, cable force, tilt and vibration of one bridge.

    The structure follows the air with the lag of its mass (3-9 h) and the sun on its deck. Strain is thermal strain
    that the bearings partly let go, plus the trucks that are on the span. Magnitudes are those quoted for
    girder bridges; the constants of a bridge are drawn from its name.
    """

    def __init__(self, asset: Asset, environment: Environment, scenario: Scenario, *, seed: int) -> None:
        rng = constants(seed, asset.asset_id)
        self._asset = asset
        self._environment = environment
        self._scenario = scenario.of(asset.asset_id)
        self._span = float(asset.parameters.get("span_m", 40.0))
        sunny_afternoon = cosine(1.0, 3.0, _DAY, 14 * 3600 - float(environment.local(np.zeros(1))[0]))
        warmth = environment.air_temperature.plus(sunny_afternoon)
        self._structure = warmth.lagged(float(rng.uniform(3, 9)) * 3600)
        self._restraint = float(rng.uniform(0.3, 0.9))
        self._truck_strain = _TRUCK_STRAIN * min(1.0, float(np.sqrt(40 / self._span)))  # long girders are deep ones
        hourly = float(rng.uniform(60, 400))
        self._ambient_rms = float(rng.uniform(0.004, 0.012))
        self._trucks = Trucks(asset.asset_id, environment, self._scenario, hourly=hourly, seed=seed)
        factor, power = _FREQUENCY
        frequency = factor * self._span**power * float(rng.uniform(0.9, 1.1))
        self.girder = Girder(self._span, _MASS, frequency, _DAMPING, _SLOPES, _FROZEN)
        self._vibration = Vibration(
            self.girder,
            state=self._state,
            wind=lambda time: float(self._light(np.array([time]))[0]),
            trucks=self._trucks.between,
            seed=seed,
            name=asset.asset_id,
        )
        self._cable = cable_force(
            length=_CABLE_LENGTH * self._span,
            mass=_CABLE_MASS,
            frequency=_CABLE_FREQUENCY * 100 / (_CABLE_LENGTH * self._span),
        )

    def measure(self, property_id: str, samples: Samples) -> Values:
        """Return what a sensor of the bridge reads."""
        reader = _READERS.get(property_id)
        if reader is None:
            raise ValueError(f"a bridge has no {property_id}")
        return reader(self, samples.times, samples.noise.normal(samples.counts))

    def is_powered(self, times: Values) -> NDArray[np.bool_]:
        """Return that the bridge always has power."""
        return np.ones(len(times), dtype=np.bool_)

    def _read_strain(self, times: Values, noise: Values) -> Values:
        thermal = _STRAIN_PER_KELVIN * self._restraint * self._warmth(times)
        softer = 1 / (1 - self._lost_stiffness(times))
        trucks = self._truck_strain * on_span(self._near(times), times, self._span, middle_moment)
        return thermal + softer * trucks + _STRAIN_NOISE * noise

    def _read_temperature(self, times: Values, noise: Values) -> Values:
        return self._structure.at(times) + 0.1 * noise

    def _read_joint(self, times: Values, noise: Values) -> Values:
        return self._joint(times) + 0.1 * noise

    def _read_deflection(self, times: Values, noise: Values) -> Values:
        return self._deflection(times) + 0.2 * noise

    def _read_force(self, times: Values, noise: Values) -> Values:
        load = on_span(self._near(times), times, self._span, middle_deflection)
        return self._cable * (1 + _CABLE_PER_KELVIN * self._warmth(times)) + _CABLE_PER_TON * load + 2.0 * noise

    def _read_acceleration(self, times: Values, noise: Values) -> Values:
        return self._vibration.acceleration(times) + _MICROELECTRONIC * noise

    def _read_tilt(self, times: Values, noise: Values) -> Values:
        return _TILT_PER_KELVIN * self._warmth(times) + self._impact_tilt(times) + _TILT_NOISE * noise

    def _read_vibration(self, times: Values, noise: Values) -> Values:
        return np.hypot(self._light(times) * np.exp(0.35 * noise), self._impact_rms(times))

    def _read_air(self, times: Values, noise: Values) -> Values:
        return self._environment.air_temperature.at(times) + 0.2 * noise

    def _read_wind(self, times: Values, noise: Values) -> Values:
        return np.maximum(self._environment.wind_speed(times) * (1 + 0.15 * noise), 0.0)

    def _warmth(self, times: Values) -> Values:
        return self._structure.at(times) - _REFERENCE

    def _near(self, times: Values) -> list[Truck]:
        """Return the trucks that may be on the span at times (n,)."""
        if not len(times):
            return []
        return self._trucks.between(float(times.min()) - self._span / _SLOWEST, float(times.max()) + 1e-3)

    def _light(self, times: Values) -> Values:
        """Return the standard deviation of the vibration under wind and light traffic, shape (n,) [m/s2]."""
        return self._ambient_rms * np.sqrt(0.05 + self._environment.traffic(times))

    def _state(self, time: float) -> tuple[float, float]:
        """Return temperature [Cel] and lost share of stiffness at a time [s since the epoch]."""
        at = np.array([time])
        return float(self._structure.at(at)[0]), float(self._lost_stiffness(at)[0])

    def _lost_stiffness(self, times: Values) -> Values:
        lost = np.zeros(len(times))
        for episode in self._episodes(times, StiffnessLoss):
            assert isinstance(episode.event, StiffnessLoss)
            here = (times >= episode.start) & (times < episode.end)
            lost += here * episode.event.share * (times - episode.start) / (episode.end - episode.start)
        return np.minimum(lost, 0.9)

    def _joint(self, times: Values) -> Values:
        """Return the opening of the joint (n,) [mm]: thermal, held in the middle, in steps of friction, or jammed."""
        moved = times.copy()
        for episode in self._episodes(times, JointJam):
            moved[(times >= episode.start) & (times < episode.end)] = episode.start
        free = joint_movement(self._structure.at(moved) - _REFERENCE, self._span / 2)
        return _FRICTION * np.round(free / _FRICTION)

    def _deflection(self, times: Values) -> Values:
        """Return the sag of the middle of the span under trucks (n,) [mm], ``F L^3 / (48 EI)`` for one there."""
        load = on_span(self._near(times), times, self._span, middle_deflection)
        stiffness = self.girder.stiffness * (1 - self._lost_stiffness(times))
        sag: Values = 1000 * 9810 * load * self._span**3 / (48 * stiffness)
        return sag

    def _impact_tilt(self, times: Values) -> Values:
        tilt = np.zeros(len(times))
        for episode in self._impacts(times, after=0.0):
            assert isinstance(episode.event, ShipImpact)
            tilt += episode.event.tilt * ((times >= episode.start) & (times < episode.end))
        return tilt

    def _impact_rms(self, times: Values) -> Values:
        rms = np.zeros(len(times))
        for episode in self._impacts(times, after=60.0):
            since = times - episode.start
            rms += np.where(since >= 0, _IMPACT_RMS * np.exp(-np.maximum(since, 0.0) / _DAMPING_TIME), 0.0)
        return rms

    def _impacts(self, times: Values, *, after: float) -> Iterator[Episode]:
        yield from self._episodes(times, ShipImpact, after=after)

    def _episodes(self, times: Values, kind: type[Event], after: float = 0.0) -> Iterator[Episode]:
        if len(times):
            start, end = float(times.min()) - after, float(times.max())
            yield from self._scenario.episodes(start, end, kind, self._asset.asset_id)


_READERS: Final[dict[str, Callable[[Bridge, Values, Values], Values]]] = {
    "strain": Bridge._read_strain,
    "structure_temperature": Bridge._read_temperature,
    "joint_displacement": Bridge._read_joint,
    "deflection": Bridge._read_deflection,
    "force": Bridge._read_force,
    "acceleration": Bridge._read_acceleration,
    "tilt": Bridge._read_tilt,
    "acceleration_rms": Bridge._read_vibration,
    "air_temperature": Bridge._read_air,
    "wind_speed": Bridge._read_wind,
}
"""By property: the reading at times (n,) [s since the epoch] with standard normal noise (n,)."""


def joint_movement(warmth: Values, length: float) -> Values:
    """Return how far the end of a free girder moves, ``alpha L dT``, shape (n,) [mm].

    ``warmth`` (n,) is the temperature above that of no movement [K], ``length`` that from joint to bearing [m].
    """
    movement: Values = 1000 * _EXPANSION * length * warmth
    return movement


def cable_force(*, length: float, mass: float, frequency: float) -> float:
    """Return the force of a taut cable [kN], ``4 m L^2 f^2``; textbook.

    Parameters
    ----------
    length, mass, frequency
        [m], [kg/m], first mode [Hz].
    """
    return 4 * mass * length**2 * frequency**2 / 1000
