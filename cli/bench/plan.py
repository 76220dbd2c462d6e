"""What the load generator sends: messages of one shape over all datastreams of a city, each reading at its own time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from citywatch.model.registry import Datastream, Sampling
from citywatch.model.waveforms import WaveformBlock
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.topics import Topic, TopicKind
from citywatch.wire.waveform import CONTENT_TYPE as WAVEFORM
from citywatch.wire.waveform import encode_waveform
from cli.bench.load import Message

_KINDS = {Sampling.SCALAR: TopicKind.SENML, Sampling.WAVEFORM: TopicKind.WAVE}
_STEP = 0.01  # between two readings of a datastream [s]


@dataclass(frozen=True, slots=True)
class Target:
    """A datastream, as a device knows it."""

    topic: str
    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Plan:
    """``messages`` messages of ``readings`` readings each, from ``begin`` [s since the epoch] on."""

    targets: Sequence[Target]
    messages: int
    readings: int
    begin: float

    def build(self) -> Iterator[Message]:
        """Yield the messages; the datastreams take turns."""
        rng = np.random.default_rng(1)
        share = rng.random(self.readings * 97).round(4).tolist()
        for number in range(self.messages):
            target = self.targets[number % len(self.targets)]
            start = self.begin + (number // len(self.targets)) * self.readings * _STEP
            first = number % 96 * self.readings
            values = [
                round(target.low + (target.high - target.low) * part, 3)
                for part in share[first : first + self.readings]
            ]
            head = SenmlRecord(bn=target.name, bu=target.unit, bt=round(start, 2), t=0.0, v=values[0])
            rest = [SenmlRecord(t=round(_STEP * place, 2), v=value) for place, value in enumerate(values[1:], 1)]
            yield Message(target.topic, encode_senml([head, *rest]), CONTENT_TYPE)

    def encode(self, number: int, now: float) -> Message:
        """Return a message of one reading that is measured now."""
        target = self.targets[number % len(self.targets)]
        record = SenmlRecord(n=target.name, u=target.unit, t=now, v=target.low)
        return Message(target.topic, encode_senml([record]), CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """``messages`` waveform blocks of a second each, ``rate`` samples [Hz], from ``begin`` [s since the epoch] on."""

    targets: Sequence[Target]
    messages: int
    rate: int
    begin: float

    def build(self) -> Iterator[Message]:
        """Yield the messages; the datastreams take turns."""
        noise = np.random.default_rng(1).standard_normal(self.rate).astype(np.float32)
        for number in range(self.messages):
            target = self.targets[number % len(self.targets)]
            start = self.begin + number // len(self.targets)
            block = WaveformBlock(target.name, start, self.rate, np.roll(noise, number), target.unit)
            yield Message(target.topic, encode_waveform(block), WAVEFORM)


def targets_of(datastreams: Sequence[Datastream], sampling: Sampling = Sampling.SCALAR) -> list[Target]:
    """Return the datastreams of sensors that are still installed, those that arrive in one way."""
    return [
        Target(
            topic=str(Topic(one.district_id, one.system_id, one.asset_id, one.sensor_id, _KINDS[sampling])),
            name=one.measure.property_id,
            unit=one.unit,
            low=one.measure.plausible.low,
            high=one.measure.plausible.high,
        )
        for one in datastreams
        if one.removed_at is None and one.measure.sampling is sampling
    ]
