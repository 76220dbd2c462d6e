"""The world: all devices of a city, and what they send in virtual time.

Everything is a function of the seed and the time, so the world can start at any moment and gives the messages that it
would have given there had it always run; devices do not influence each other.
"""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from citywatch.model.identifiers import PropertyId, SystemId
from citywatch.model.registry import Asset, Measure, Registry, Sampling, Sensor
from citywatch.wire.senml import SenmlRecord, encode_senml
from citywatch.wire.topics import Topic, TopicKind
from simulators.devices import Samples, Site, build_site
from simulators.environment import Environment
from simulators.randomness import Noise, constants
from simulators.scenario import Scenario
from simulators.storms import storms_of

_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Sending:
    """What a device does at ``time`` [ms since the epoch]: it sends ``readings`` readings, or is without power."""

    time: int
    device: int
    payload: bytes | None
    readings: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """One measure of a device, taken at every ``every``-th look."""

    property_id: str
    unit: str
    every: int
    decimals: int
    noise: Noise


class Device:
    """One sensor: it looks at fixed moments and sends what it saw. ``interval`` and ``phase`` [ms] fix the moments."""

    def __init__(
        self,
        topics: tuple[str, str],
        sensor_id: str,
        site: Site,
        readings: Sequence[_Look],
        *,
        interval: int,
        phase: int,
    ) -> None:
        self.telemetry, self.status = topics
        self._sensor_id = sensor_id
        self._site = site
        self._readings = readings
        self._interval = interval
        self._phase = phase

    def next_look(self, after: int) -> int:
        """Return the first look after a moment [ms]."""
        return self._phase + self._interval * ((after - self._phase) // self._interval + 1)

    def report(self, after: int, until: int) -> tuple[bytes | None, int]:
        """Return the pack of all looks in (after, until] [ms] and its number of readings; None without power."""
        first = (self.next_look(after) - self._phase) // self._interval
        last = (until - self._phase) // self._interval
        counts = np.arange(first, last + 1, dtype=np.int64)
        times = (self._phase + self._interval * counts) / _MS
        powered = self._site.is_powered(times)
        if len(powered) and not powered[-1] and last == first:
            return None, 0
        counts, times = counts[powered], times[powered]
        records: list[SenmlRecord] = []
        for reading in self._readings:
            chosen = counts % reading.every == 0
            if not chosen.any():
                continue
            samples = Samples(times[chosen], counts[chosen], reading.noise)
            values = self._site.measure(reading.property_id, samples)
            records += [
                SenmlRecord(n=reading.property_id, u=reading.unit, v=round(value, reading.decimals), t=time)
                for time, value in zip(samples.times.tolist(), values.tolist(), strict=True)
            ]
        records.sort(key=lambda record: record.t or 0.0)
        return (encode_senml(records) if records else b""), len(records)


class World:
    """The devices of a city under a scenario."""

    def __init__(self, registry: Registry, scenario: Scenario, *, seed: int, utc_offset: float) -> None:
        self.scenario = scenario
        environment = Environment(
            seed=seed, utc_offset=utc_offset, storms=lambda start, end: storms_of(scenario, start, end)
        )
        models = {model.model_id: model for model in registry.models}
        units = {entry.property_id: entry.unit for entry in registry.properties}
        sites: dict[str, Site | None] = {
            asset.asset_id: build_site(asset, environment, scenario, seed=seed) for asset in registry.assets
        }
        systems = {kind.kind_id: kind.system_id for kind in registry.kinds}
        self.devices: list[Device] = []
        for sensor in registry.sensors:
            site = sites[sensor.asset_id]
            measures = [m for m in models[sensor.model_id].measures if m.sampling is Sampling.SCALAR]
            if site is not None and measures and sensor.removed_at is None:
                asset = scenario.assets[sensor.asset_id]
                topics = _topics(asset, systems[asset.kind_id], sensor)
                self.devices.append(_device(topics, sensor, site, measures, units=units, seed=seed))

    def sendings(self, start: int, end: int | None = None, *, pack: int = 0) -> Iterator[Sending]:
        """Yield what the devices send after ``start`` and until ``end`` [ms since the epoch], in order of time.

        With ``pack`` [ms] a device keeps its readings for so long and sends them together, as one does that was
        without a connection.
        """
        heap = [(self._next(number, start, end, pack), number, start) for number in range(len(self.devices))]
        heapq.heapify(heap)
        while heap:
            time, number, since = heap[0]
            if end is not None and time > end:
                return
            payload, readings = self.devices[number].report(since, time)
            if payload != b"":
                yield Sending(time, number, payload, readings)
            heapq.heapreplace(heap, (self._next(number, time, end, pack), number, time))

    def _next(self, number: int, after: int, end: int | None, pack: int) -> int:
        if not pack:
            return self.devices[number].next_look(after)
        packed = pack * (after // pack + 1)
        return packed if end is None or after >= end else min(packed, end)


def _topics(asset: Asset, system_id: SystemId, sensor: Sensor) -> tuple[str, str]:
    telemetry, status = (
        str(Topic(asset.district_id, system_id, asset.asset_id, sensor.sensor_id, kind))
        for kind in (TopicKind.SENML, TopicKind.STATUS)
    )
    return telemetry, status


def _device(
    topics: tuple[str, str],
    sensor: Sensor,
    site: Site,
    measures: Sequence[Measure],
    *,
    units: Mapping[PropertyId, str],
    seed: int,
) -> Device:
    interval = min(round(measure.expected_interval * _MS) for measure in measures)
    readings = [
        _Look(
            property_id=measure.property_id,
            unit=units[measure.property_id],
            every=max(1, round(measure.expected_interval * _MS / interval)),
            decimals=max(0, -math.floor(math.log10(measure.resolution))) if measure.resolution > 0 else 6,
            noise=Noise(seed, sensor.asset_id, sensor.sensor_id, measure.property_id),
        )
        for measure in measures
    ]
    phase = int(constants(seed, "phase", sensor.asset_id, sensor.sensor_id).integers(interval))
    return Device(topics, sensor.sensor_id, site, readings, interval=interval, phase=phase)
