"""How much faster than the clock devices can be simulated, on one core."""

from dataclasses import replace
from time import process_time
from typing import Any, Final

from citywatch.model.registry import Registry
from citywatch.registry import load_city
from cli.bench.waveforms import vibrating
from simulators.scenario import load_scenario
from simulators.world import World

_BEGIN: Final = 1_795_200_000_000  # some round of the demo scenario [ms since the epoch]
_PACK: Final = 600_000  # [ms]


def measure_simulation(*, city: str, seconds: int, channels: int) -> dict[str, Any]:
    """Return times of simulated time per processor time: message by message, catching up, and of waveforms.

    Parameters
    ----------
    city
        Of the seeds.
    seconds
        How much is simulated [s].
    channels
        Accelerometers of the measurement of waveforms, all at 100 Hz.
    """
    registry = load_city(city)
    world = _world(registry)
    shaken = vibrating(city, channels)
    only = [sensor for sensor in shaken.sensors if sensor.sensor_id.startswith("bench-")]
    waves = _world(replace(shaken, sensors=only))
    return {
        "devices": len(world.devices),
        "live_times_real_time": _speed(world, seconds),
        "catching_up_times_real_time": _speed(world, seconds, pack=_PACK),
        "waveform_channels": len(waves.devices),
        "waveforms_times_real_time": _speed(waves, max(10, seconds // 10)),
    }


def _world(registry: Registry) -> World:
    scenario = load_scenario("demo" if registry.city_id == "demo" else "quiet", registry)
    return World(registry, scenario, seed=1, utc_offset=28_800.0)


def _speed(world: World, seconds: int, pack: int = 0) -> int:
    begun = process_time()
    for _ in world.sendings(_BEGIN, _BEGIN + 1000 * seconds, pack=pack):
        pass
    return round(seconds / (process_time() - begun))
