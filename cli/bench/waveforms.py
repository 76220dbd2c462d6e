"""How many samples a second are stored from waveform blocks, beside what database and broker can do alone."""

from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final

import numpy as np

from citywatch.clock import SystemClock
from citywatch.model.identifiers import KindId, ModelId, SensorId
from citywatch.model.registry import Registry, Sampling, Sensor
from citywatch.model.waveforms import Waveform
from citywatch.registry import load_city
from citywatch.storage.pipeline.batches import newest_batch_no, read_commits
from citywatch.storage.pipeline.waveforms import copy_waveforms
from cli.bench.plan import BlockPlan, targets_of
from cli.bench.system import System, peak_memory
from cli.bench.throughput import publish, received, receiver_rate, sustained

_MODEL: Final = ModelId("accelerometer")
_BRIDGE: Final = KindId("bridge")
_BLOCKS: Final = 1000  # of one COPY
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Waveforms:
    """Rates per second, of blocks of one second; the ceilings were measured in the same run on the same servers."""

    channels: int
    sampling_rate: int
    block_rate: float
    copy_rate: float
    receiver_rate: float
    memory: float
    balanced: bool

    def as_json(self) -> dict[str, Any]:
        """Return figures and ratios for scripts."""
        return {
            "channels": self.channels,
            "sampling_rate_hz": self.sampling_rate,
            "blocks_per_s": round(self.block_rate),
            "samples_per_s": round(self.block_rate * self.sampling_rate),
            "ceiling_copy_blocks_per_s": round(self.copy_rate),
            "share_of_copy": round(self.block_rate / self.copy_rate, 3),
            "ceiling_receiver_blocks_per_s": round(self.receiver_rate),
            "share_of_receiver": round(self.block_rate / self.receiver_rate, 3),
            "ingest_memory_mib": round(self.memory),
            "balanced": self.balanced,
        }


def vibrating(city: str, channels: int) -> Registry:
    """Return a city with ``channels`` accelerometers on its bridges."""
    base = load_city(city)
    bridges = [asset for asset in base.assets if asset.kind_id == _BRIDGE]
    more = [
        Sensor(bridges[number % len(bridges)].asset_id, SensorId(f"bench-{number // len(bridges)}"), _MODEL)
        for number in range(channels)
    ]
    return replace(base, sensors=[*(one for one in base.sensors if one.model_id != _MODEL), *more])


def measure_waveforms(system: System, *, blocks: int, sampling_rate: int) -> Waveforms:
    """Measure ceilings and ingest with waveform blocks of one second."""
    now = SystemClock().now().timestamp() // 1
    targets = targets_of(system.datastreams, Sampling.WAVEFORM)
    copy_rate = _copy_rate(system, blocks=min(blocks, 20_000), sampling_rate=sampling_rate, begin=now - 30 * _DAY)
    ceiling = receiver_rate(system.broker, BlockPlan(targets, min(blocks, 50_000), sampling_rate, now - 20 * _DAY))
    before, first = received(system), newest_batch_no(system.connection)
    with system.ingest() as process:
        publish(BlockPlan(targets, blocks, sampling_rate, now - 10 * _DAY), system.broker)
        system.wait(lambda: received(system).messages - before.messages >= blocks, "all blocks to be accounted for")
        memory = peak_memory(process)
    gain = received(system) - before
    rate = sustained(read_commits(system.connection, after=first))
    balanced = gain.is_balanced() and gain.stored == blocks
    return Waveforms(len(targets), sampling_rate, rate, copy_rate, ceiling, memory, balanced)


def _copy_rate(system: System, *, blocks: int, sampling_rate: int, begin: float) -> float:
    """Return blocks per second of COPY into the keyed table, a commit per ``_BLOCKS``."""
    streams = [one.datastream_id for one in system.datastreams if one.measure.sampling is Sampling.WAVEFORM]
    values = np.random.default_rng(2).standard_normal(sampling_rate).astype(np.float32)
    rows = []
    for number in range(blocks):
        start = round((begin + number // len(streams)) * 1e6)
        rows.append(Waveform(streams[number % len(streams)], start, start, float(sampling_rate), values))
    begun = monotonic()
    for place in range(0, blocks, _BLOCKS):
        copy_waveforms(system.connection, rows[place : place + _BLOCKS])
    return blocks / (monotonic() - begun)
