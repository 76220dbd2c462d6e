"""One measure of a sensor: the asset as it is, seen through the faults of the sensor."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.devices import Site
from simulators.faults.sensor import ClockSkew, Context, Read, SensorFault
from simulators.randomness import Noise
from simulators.samples import Samples
from simulators.scenario import Scenario

_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a sensor looks: at ``phase + interval count`` [ms since the epoch]."""

    interval: int
    phase: int

    def times(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the times of looks (n,), shape (n,) [s since the epoch]."""
        times: NDArray[np.float64] = (self.phase + self.interval * counts) / _MS
        return times

    def count_after(self, time: int) -> int:
        """Return the number of the first look after a moment [ms]."""
        return (time - self.phase) // self.interval + 1

    def count_from(self, time: float) -> int:
        """Return the number of the first look at a moment [s since the epoch] or after it."""
        return math.ceil((time * _MS - self.phase) / self.interval)

    def next_look(self, after: int) -> int:
        """Return the time of the first look after a moment [ms]."""
        return self.phase + self.interval * self.count_after(after)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sensor is: names, the physics of its asset, and the events that can befall it."""

    asset_id: str
    sensor_id: str
    site: Site
    scenario: Scenario

    def clock(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the clock of the sensor says at true times (n,), shape (n,) [s since the epoch]."""
        said = times
        if len(times):
            start, end = float(times[0]), float(times[-1])
            for episode in self.scenario.episodes(start, end, ClockSkew, self.asset_id):
                assert isinstance(episode.event, ClockSkew)
                if episode.event.sensor in (None, self.sensor_id):
                    said = said + (episode.event.reads(times, episode) - times)
        return said


class Instrument:
    """Reads one property.

    Parameters
    ----------
    place, property_id, unit
        What is read, and in which unit.
    noise
        Stream of the sensor's own noise.
    first_look
        Returns the first look from a moment [s since the epoch] on.
    seed
        Decides the faults' random numbers.
    """

    def __init__(
        self,
        place: Place,
        property_id: str,
        unit: str,
        *,
        noise: Noise,
        first_look: Callable[[float], Samples],
        seed: int,
    ) -> None:
        self.property_id = property_id
        self.unit = unit
        self.noise = noise
        self._place = place
        self._measure: Read = partial(place.site.measure, property_id)
        self._first_look = first_look
        self._seed = seed
        self._contexts: dict[int, Context] = {}
        self._is_faulty = any(
            fault.concerns(place.sensor_id, property_id) for fault in place.scenario.events(SensorFault)
        )

    def read(self, samples: Samples) -> NDArray[np.float64]:
        """Return what the sensor reads, shape (n,) [unit]; nan where it reads nothing."""
        read = self._measure
        if self._is_faulty and len(samples.times):
            place, start, end = self._place, float(samples.times[0]), float(samples.times[-1])
            for episode in place.scenario.episodes(start, end, SensorFault, place.asset_id):
                fault = episode.event
                if isinstance(fault, SensorFault) and fault.concerns(place.sensor_id, self.property_id):
                    read = fault.around(read, episode, self._context(episode.number))
        return read(samples)

    def _context(self, number: int) -> Context:
        if number not in self._contexts:
            names = (str(number), self._place.asset_id, self._place.sensor_id, self.property_id)
            self._contexts[number] = Context(self.unit, self._first_look, Noise(self._seed, "fault", *names))
        return self._contexts[number]
