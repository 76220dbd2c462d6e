"""Devices: one sensor each; they look at fixed moments and send what they saw."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from citywatch.model.identifiers import PropertyId, SystemId
from citywatch.model.registry import Asset, Measure, Registry, Sampling, Sensor
from citywatch.model.waveforms import WaveformBlock
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.topics import Topic, TopicKind
from citywatch.wire.waveform import CONTENT_TYPE as WAVEFORM
from citywatch.wire.waveform import encode_waveform
from simulators.devices import Site
from simulators.devices.vibration import RATE
from simulators.faults.link import LinkFault
from simulators.instrument import Instrument, Place, Rhythm
from simulators.randomness import Noise, constants
from simulators.samples import Samples
from simulators.scenario import Scenario

_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """A payload with its readings; ``number`` is the running number of the last look in it."""

    payload: bytes
    readings: int
    number: int


class Device(Protocol):
    """What the world and the fleet know of a device. Topics: ``telemetry`` and ``status``."""

    telemetry: str
    status: str
    content_type: str
    place: Place

    def next_look(self, after: int) -> int:
        """Return the time of the first look after a moment [ms since the epoch]."""
        ...

    def report(self, after: int, until: int) -> Sequence[Message] | None:
        """Return what is sent of the looks in (after, until] [ms since the epoch]; None: there is no power."""
        ...


@dataclass(frozen=True, slots=True)
class _Look:
    """A measure taken at every ``every``-th look and rounded to ``decimals``."""

    instrument: Instrument
    every: int
    decimals: int


class ScalarDevice:
    """Sends a SenML pack of single readings."""

    content_type = CONTENT_TYPE

    def __init__(self, topics: tuple[str, str], place: Place, looks: Sequence[_Look], rhythm: Rhythm) -> None:
        self.telemetry, self.status = topics
        self.place = place
        self._looks = looks
        self._rhythm = rhythm

    def next_look(self, after: int) -> int:
        """Return the time of the first look after a moment [ms since the epoch]."""
        return self._rhythm.next_look(after)

    def report(self, after: int, until: int) -> Sequence[Message] | None:
        """Return the pack of the looks in (after, until] [ms since the epoch], none without a reading."""
        counts = np.arange(self._rhythm.count_after(after), self._rhythm.count_after(until), dtype=np.int64)
        times = self._rhythm.times(counts)
        powered = self.place.site.is_powered(times)
        if len(powered) == 1 and not powered[0]:
            return None
        if len(powered) > 1:
            counts, times = counts[powered], times[powered]
        records = [record for look in self._looks for record in self._records(look, counts, times)]
        if not records:
            return ()
        records.sort(key=lambda record: record.t or 0.0)
        return (Message(encode_senml(records), len(records), int(counts[-1])),)

    def _records(self, look: _Look, counts: NDArray[np.int64], times: NDArray[np.float64]) -> list[SenmlRecord]:
        if len(counts) == 0 or (len(counts) == 1 and int(counts[0]) % look.every):
            return []
        if look.every > 1 and len(counts) > 1:
            chosen = counts % look.every == 0
            counts, times = counts[chosen], times[chosen]
        instrument = look.instrument
        samples = Samples(times, counts, instrument.noise)
        values = instrument.read(samples)
        said = self.place.clock(samples.times)
        return [
            SenmlRecord(n=instrument.property_id, u=instrument.unit, v=round(value, look.decimals), t=time)
            for time, value in zip(said.tolist(), values.tolist(), strict=True)
            if not math.isnan(value)
        ]


class WaveformDevice:
    """Sends blocks of evenly spaced samples of one property, each when its last sample has been taken."""

    content_type = WAVEFORM

    def __init__(self, topics: tuple[str, str], place: Place, instrument: Instrument, rhythm: Rhythm) -> None:
        self.telemetry, self.status = topics
        self.place = place
        self._instrument = instrument
        self._rhythm = rhythm
        self._samples = round(rhythm.interval / _MS * RATE)

    def next_look(self, after: int) -> int:
        """Return the end of the first block that ends after a moment [ms since the epoch]."""
        return self._rhythm.next_look(after)

    def report(self, after: int, until: int) -> Sequence[Message] | None:
        """Return the blocks that end in (after, until] [ms since the epoch]; one with a hole is not sent."""
        blocks = range(self._rhythm.count_after(after), self._rhythm.count_after(until))
        ends = self._rhythm.times(np.array(blocks, dtype=np.int64))
        powered = self.place.site.is_powered(ends)
        if len(powered) == 1 and not powered[0]:
            return None
        return [
            message
            for block, has_power in zip(blocks, powered.tolist(), strict=True)
            if has_power and (message := self._message(block)) is not None
        ]

    def _message(self, block: int) -> Message | None:
        counts = np.arange((block - 1) * self._samples, block * self._samples, dtype=np.int64)
        times = self._rhythm.phase / _MS + counts / RATE
        values = self._instrument.read(Samples(times, counts, self._instrument.noise))
        if np.isnan(values).any():
            return None
        sent = WaveformBlock(
            name=self._instrument.property_id,
            start_time=round(float(self.place.clock(times)[0]), 6),
            sampling_rate=RATE,
            values=values.astype(np.float32),
            unit=self._instrument.unit,
        )
        return Message(encode_waveform(sent), 1, block)


def is_hit(device: Device, fault: LinkFault) -> bool:
    """Return whether a fault of the asset's links concerns this device."""
    return fault.sensor in (None, device.place.sensor_id)


def devices_of(registry: Registry, sites: Mapping[str, Site | None], scenario: Scenario, *, seed: int) -> list[Device]:
    """Return the devices of all sensors whose assets have a physics."""
    models = {model.model_id: model for model in registry.models}
    units = {entry.property_id: entry.unit for entry in registry.properties}
    systems = {kind.kind_id: kind.system_id for kind in registry.kinds}
    assets = {asset.asset_id: asset for asset in registry.assets}
    devices: list[Device] = []
    for sensor in registry.sensors:
        site = sites[sensor.asset_id]
        if site is None or sensor.removed_at is not None:
            continue
        asset = assets[sensor.asset_id]
        place = Place(sensor.asset_id, sensor.sensor_id, site, scenario.of(sensor.asset_id))
        measures = [one for one in models[sensor.model_id].measures if one.sampling is Sampling.SCALAR]
        if measures:
            topics = _topics(asset, systems[asset.kind_id], sensor, TopicKind.SENML)
            devices.append(_scalar_device(topics, place, measures, units=units, seed=seed))
        topics = _topics(asset, systems[asset.kind_id], sensor, TopicKind.WAVE)
        devices += [
            _waveform_device(topics, place, measure, units[measure.property_id], seed=seed)
            for measure in models[sensor.model_id].measures
            if measure.sampling is Sampling.WAVEFORM
        ]
    return devices


def _topics(asset: Asset, system_id: SystemId, sensor: Sensor, kind: TopicKind) -> tuple[str, str]:
    telemetry, status = (
        str(Topic(asset.district_id, system_id, asset.asset_id, sensor.sensor_id, one))
        for one in (kind, TopicKind.STATUS)
    )
    return telemetry, status


def _scalar_device(
    topics: tuple[str, str], place: Place, measures: Sequence[Measure], *, units: Mapping[PropertyId, str], seed: int
) -> ScalarDevice:
    interval = min(round(measure.expected_interval * _MS) for measure in measures)
    phase = int(constants(seed, "phase", place.asset_id, place.sensor_id).integers(interval))
    rhythm = Rhythm(interval, phase)
    looks = [_look(place, measure, units[measure.property_id], rhythm, seed=seed) for measure in measures]
    return ScalarDevice(topics, place, looks, rhythm)


def _waveform_device(
    topics: tuple[str, str], place: Place, measure: Measure, unit: str, *, seed: int
) -> WaveformDevice:
    interval = round(measure.expected_interval * _MS)
    step = round(_MS / RATE)
    phase = int(constants(seed, "phase", place.asset_id, place.sensor_id).integers(interval // step)) * step
    noise = Noise(seed, place.asset_id, place.sensor_id, measure.property_id)

    def first_look(time: float) -> Samples:
        counts = np.array([math.ceil((time - phase / _MS) * RATE)], dtype=np.int64)
        return Samples(phase / _MS + counts / RATE, counts, noise)

    instrument = Instrument(place, measure.property_id, unit, noise=noise, first_look=first_look, seed=seed)
    return WaveformDevice(topics, place, instrument, Rhythm(interval, phase))


def _look(place: Place, measure: Measure, unit: str, rhythm: Rhythm, *, seed: int) -> _Look:
    every = max(1, round(measure.expected_interval * _MS / rhythm.interval))
    noise = Noise(seed, place.asset_id, place.sensor_id, measure.property_id)

    def first_look(time: float) -> Samples:
        count = rhythm.count_from(time)
        counts = np.array([count + -count % every], dtype=np.int64)
        return Samples(rhythm.times(counts), counts, noise)

    return _Look(
        Instrument(place, measure.property_id, unit, noise=noise, first_look=first_look, seed=seed),
        every=every,
        decimals=max(0, -math.floor(math.log10(measure.resolution))) if measure.resolution > 0 else 6,
    )
