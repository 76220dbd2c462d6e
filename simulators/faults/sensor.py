"""Faults of sensors: what a sensor reads wrongly, while the asset is well.

A fault is a function from one way of reading to another, so faults compose: the later one in the scenario sees what
the earlier one has made of the values. All randomness comes from a stream of the fault's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from citywatch.errors import Rejected
from citywatch.model.units import conversion, is_known
from simulators.events import Episode, Event
from simulators.randomness import Noise
from simulators.samples import Samples

_DAY: Final = 86_400.0  # [s]
_OTHER: Final = 2**40  # counts of a second, independent number per look
Values = NDArray[np.float64]
Read = Callable[[Samples], Values]


@dataclass(frozen=True, slots=True)
class Context:
    """What a fault may know of the sensor: its ``unit``, its first look from a moment on, and random numbers."""

    unit: str
    first_look: Callable[[float], Samples]
    noise: Noise


@dataclass(frozen=True, slots=True)
class Glance:
    """Looks within an episode: ``counts`` (n,), times ``since`` (n,) the start [s]; ``first`` reads the first value."""

    counts: NDArray[np.int64]
    since: Values
    first: Callable[[], float]
    context: Context


class SensorFault(Event):
    """A fault of one property of a sensor; without ``property`` of all, without ``sensor`` of all of the asset."""

    sensor: str | None = None
    property: str | None = None

    def concerns(self, sensor_id: str, property_id: str) -> bool:
        """Return whether the fault befalls a property of a sensor."""
        return self.sensor in (None, sensor_id) and self.property in (None, property_id)

    def around(self, read: Read, episode: Episode, context: Context) -> Read:
        """Return the reading with the fault in it; outside the episode nothing changes."""

        def faulty(samples: Samples) -> Values:
            values = read(samples)
            here = (samples.times >= episode.start) & (samples.times < episode.end)
            if not here.any():
                return values

            def first() -> float:
                return float(read(context.first_look(episode.start))[0])

            glance = Glance(samples.counts[here], samples.times[here] - episode.start, first, context)
            changed = values.copy()
            changed[here] = self.distort(values[here], glance)
            return changed

        return faulty

    def distort(self, values: Values, glance: Glance) -> Values:  # noqa: ARG002
        """Return what the sensor says instead of ``values`` (n,), shape (n,); nan: it says nothing."""
        return values


class Stuck(SensorFault):
    """The first value of the episode is repeated until its end."""

    event: Literal["stuck"]

    def distort(self, values: Values, glance: Glance) -> Values:
        """Return the first value."""
        return np.full(len(values), glance.first())


class Spike(SensorFault):
    """A ``share`` (0-1) of the values is off by ``size`` [unit of the property], up or down."""

    event: Literal["spike"]
    size: Annotated[float, Field(gt=0)]
    share: Annotated[float, Field(gt=0, le=1)] = 0.02

    def distort(self, values: Values, glance: Glance) -> Values:
        """Return the values with spikes."""
        hit = glance.context.noise.uniform(glance.counts) < self.share
        sign = np.sign(glance.context.noise.normal(glance.counts + _OTHER))
        return values + self.size * sign * hit


class Drift(SensorFault):
    """The values run away by ``rate`` [unit per day]."""

    event: Literal["drift"]
    rate: float

    def distort(self, values: Values, glance: Glance) -> Values:
        """Return values plus rate times the time since the start."""
        return values + self.rate / _DAY * glance.since


class Bias(SensorFault):
    """All values are off by ``offset`` [unit]."""

    event: Literal["bias"]
    offset: float

    def distort(self, values: Values, glance: Glance) -> Values:  # noqa: ARG002
        """Return values plus offset."""
        return values + self.offset


class Noisy(SensorFault):
    """Normal noise with standard deviation ``sigma`` [unit] comes on top."""

    event: Literal["noise"]
    sigma: Annotated[float, Field(gt=0)]

    def distort(self, values: Values, glance: Glance) -> Values:
        """Return values plus noise."""
        return values + self.sigma * glance.context.noise.normal(glance.counts)


class Gap(SensorFault):
    """A ``share`` (0-1) of the values is missing; 1 silences the property."""

    event: Literal["gap"]
    share: Annotated[float, Field(gt=0, le=1)] = 1.0

    def distort(self, values: Values, glance: Glance) -> Values:
        """Return the values with holes."""
        return np.where(glance.context.noise.uniform(glance.counts) <= self.share, np.nan, values)


class Saturation(SensorFault):
    """The values stay within ``low`` and ``high`` [unit], of which one may be absent."""

    event: Literal["saturation"]
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def check_bounds(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("name 'low', 'high' or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low {self.low:g} must be below high {self.high:g}")
        return self

    def distort(self, values: Values, glance: Glance) -> Values:  # noqa: ARG002
        """Return the values cut off at the bounds."""
        return np.clip(values, self.low, self.high)


class WrongUnit(SensorFault):
    """The values come in ``unit``, but are labelled with the right one."""

    event: Literal["wrong-unit"]
    unit: str

    @field_validator("unit")
    @classmethod
    def check_unit(cls, unit: str) -> str:
        if not is_known(unit):
            raise ValueError("unknown unit; use one of citywatch.model.units")
        return unit

    def fits(self, stored: str) -> bool:
        """Return whether the unit measures the same quantity as ``stored``."""
        try:
            conversion(stored, self.unit)
        except Rejected:
            return False
        return True

    def distort(self, values: Values, glance: Glance) -> Values:
        """Return the values in the other unit."""
        change = conversion(glance.context.unit, self.unit)
        return values if change is None else values * change.factor + change.offset


class ClockSkew(Event):
    """The clock of a sensor is ``offset`` [s] ahead and runs away by ``rate`` [s per day]; it is set at the end."""

    event: Literal["clock-skew"]
    sensor: str | None = None
    offset: float = 0.0
    rate: float = 0.0

    def reads(self, times: Values, episode: Episode) -> Values:
        """Return what the clock says at true times (n,), shape (n,) [s since the epoch]."""
        here = (times >= episode.start) & (times < episode.end)
        return times + here * (self.offset + self.rate / _DAY * (times - episode.start))


AnySensorFault = Stuck | Spike | Drift | Bias | Noisy | Gap | Saturation | WrongUnit | ClockSkew
