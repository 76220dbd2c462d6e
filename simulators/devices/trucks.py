"""Trucks on a bridge: a Poisson stream that follows the traffic, and convoys of a scenario."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.environment import Environment
from simulators.events import Convoy
from simulators.randomness import constants
from simulators.scenario import Scenario

_SLOT: Final = 60.0  # the arrivals of so long are drawn together [s]
_KEPT: Final = 64
_SPEED: Final = (11.0, 17.0)  # [m/s]
_EMPTY: Final = (12.0, 2.0)  # mean and standard deviation of the mass [t]
_LADEN: Final = (36.0, 7.0)
_LADEN_SHARE: Final = 0.45


@dataclass(frozen=True, slots=True)
class Truck:
    """A truck that enters the span at ``time`` [s since the epoch] with ``speed`` [m/s]; ``mass`` [t]."""

    time: float
    speed: float
    mass: float


class Trucks:
    """The trucks of one bridge, as a function of time.

    ``hourly`` is the number in the busiest hour. Masses are a mixture of empty and laden trucks; plausible values.
    """

    def __init__(
        self, asset_id: str, environment: Environment, scenario: Scenario, *, hourly: float, seed: int
    ) -> None:
        self._asset_id = asset_id
        self._environment = environment
        self._scenario = scenario
        self._hourly = hourly
        self._seed = seed
        self._slots: dict[int, list[Truck]] = {}

    def between(self, start: float, end: float) -> list[Truck]:
        """Return the trucks that enter the span from ``start`` until before ``end`` [s since the epoch]."""
        slots = range(int(start // _SLOT), int(end // _SLOT) + 1)
        found = [truck for slot in slots for truck in self._slot(slot) if start <= truck.time < end]
        return found + [truck for truck in self._convoys(start, end) if start <= truck.time < end]

    def _slot(self, number: int) -> list[Truck]:
        if number not in self._slots:
            while len(self._slots) >= _KEPT:
                del self._slots[next(iter(self._slots))]
            rng = constants(self._seed, self._asset_id, "trucks", str(number))
            share = float(self._environment.traffic(np.array([_SLOT * (number + 0.5)]))[0])
            count = int(rng.poisson(self._hourly * share * _SLOT / 3600))
            times = np.sort(_SLOT * (number + rng.random(count)))
            laden = rng.random(count) < _LADEN_SHARE
            mean, spread = np.where(laden, _LADEN[0], _EMPTY[0]), np.where(laden, _LADEN[1], _EMPTY[1])
            masses = np.maximum(mean + spread * rng.standard_normal(count), 5.0)
            speeds = rng.uniform(*_SPEED, count)
            rows = zip(times.tolist(), speeds.tolist(), masses.tolist(), strict=True)
            self._slots[number] = [Truck(*row) for row in rows]
        return self._slots[number]

    def _convoys(self, start: float, end: float) -> Iterator[Truck]:
        for episode in self._scenario.episodes(start, end, Convoy, self._asset_id):
            assert isinstance(episode.event, Convoy)
            for time in np.arange(episode.start, episode.end, episode.event.gap).tolist():
                yield Truck(time, float(np.mean(_SPEED)), episode.event.mass)


def on_span(
    trucks: list[Truck],
    times: NDArray[np.float64],
    span: float,
    shape: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return ``sum(mass shape(x / span))`` over the trucks that are on the span, shape (n,) [t].

    Parameters
    ----------
    times
        Shape (n,) [s since the epoch].
    span
        [m]
    shape
        Influence line: of the place on the span (0-1), shape (n,).
    """
    load = np.zeros(len(times))
    for truck in trucks:
        place = (times - truck.time) * truck.speed / span
        here = (place >= 0) & (place <= 1)
        if here.any():
            load[here] += truck.mass * shape(place[here])
    return load


def middle_moment(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bending moment in the middle of a simple beam, as a share of that of a load in the middle."""
    return 1 - np.abs(2 * place - 1)


def middle_deflection(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the deflection in the middle of a simple beam, as a share of that of a load in the middle.

    Formula: ``3 x - 4 x^3`` up to the middle, and the mirror image beyond; textbook.
    """
    near = np.minimum(place, 1 - place)
    line: NDArray[np.float64] = 3 * near - 4 * near**3
    return line
