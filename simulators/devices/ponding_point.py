"""A low point of a road: rain runs to it, grates drain it, and when they cannot, water stands."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.registry import Asset
from simulators.environment import Environment
from simulators.events import BlockedInlet
from simulators.randomness import constants
from simulators.samples import Samples
from simulators.scenario import Scenario

_RUNOFF: Final = 0.85  # share of rain that runs off a paved catchment
_STEP: Final = 10.0  # [s]
_PIECE: Final = 7200.0  # the depth is integrated in pieces of so long [s]
_KEPT: Final = 3
_MOUNT: Final = 2800.0  # height of the ranger above the road [mm]
_NO_ECHO: Final = 9999.0  # what rangers send without an echo [mm]
_NO_ECHO_SHARE: Final = 0.002


class PondingPoint:
    """Depth, distance and rain at one flood-prone point.

    Runoff is ``Q = C i A / 360`` (rational method: m3/s, mm/h, ha). Water stands on a level floor of ``area``, so
    ``area dh/dt = inflow - drain``, where blocked inlets take their share of the drain. A piece of time is integrated
    from a dry road at the beginning of the piece before it.
    """

    def __init__(self, asset: Asset, environment: Environment, scenario: Scenario, *, seed: int) -> None:
        rng = constants(seed, asset.asset_id)
        self._asset = asset
        self._environment = environment
        self._scenario = scenario.of(asset.asset_id)
        self._catchment = float(asset.parameters.get("catchment_ha", 2.0))
        self._drain = float(asset.parameters.get("drain_l_s", 300.0)) / 1000
        self._area = float(asset.parameters.get("area_m2", 800.0))
        self._mount = _MOUNT + float(rng.normal(0, 60))
        self._pieces: dict[int, NDArray[np.float64]] = {}

    def measure(self, property_id: str, samples: Samples) -> NDArray[np.float64]:
        """Return what a sensor of the point reads."""
        times, noise = samples.times, samples.noise.normal(samples.counts)
        match property_id:
            case "water_depth":
                return np.maximum(self.depth(times) + 0.8 * noise, 0.0)
            case "distance":
                echo = self._mount - self.depth(times)
                warm = 0.0017 * (self._environment.air_temperature.at(times) - 20)  # speed of sound, uncorrected
                lost = samples.noise.uniform(samples.counts + 2**40) < _NO_ECHO_SHARE
                return np.where(lost, _NO_ECHO, echo * (1 - warm) + 2.5 * noise)
            case "battery_voltage":
                day = np.sin(np.pi * np.clip(self._sun(times), 0, 90) / 90)
                return 3.85 + 0.2 * day + 0.01 * noise
            case "rain_rate":
                rain = self._rain(times)
                return np.where(rain > 0.1, np.maximum(rain * (1 + 0.05 * noise), 0.0), 0.0)
        raise ValueError(f"a ponding point has no {property_id}")

    def depth(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the true depth at times (n,), shape (n,) [mm]."""
        result = np.empty(len(times))
        pieces = np.floor_divide(times, _PIECE).astype(np.int64)
        for piece in np.unique(pieces):
            here = pieces == piece
            grid = piece * _PIECE + _STEP * np.arange(int(_PIECE / _STEP) + 1)
            result[here] = np.interp(times[here], grid, self._piece(int(piece)))
        return result

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return that batteries always have power."""
        return np.ones(len(times), dtype=np.bool_)

    def _piece(self, number: int) -> NDArray[np.float64]:
        """Return the depth on the grid of one piece, both ends included [mm]."""
        if number not in self._pieces:
            while len(self._pieces) >= _KEPT:
                del self._pieces[next(iter(self._pieces))]
            steps = int(_PIECE / _STEP)
            grid = (number - 1) * _PIECE + _STEP * np.arange(2 * steps + 1, dtype=np.float64)
            inflow = _RUNOFF * self._catchment * self._rain(grid) / 360
            depth = pond(inflow, self._open_drain(grid), area=self._area, step=_STEP)
            self._pieces[number] = 1000 * depth[steps:]
        return self._pieces[number]

    def _open_drain(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what grates and pipe take at times (n,), shape (n,) [m3/s]."""
        drain = np.full(len(times), self._drain)
        for episode in self._scenario.episodes(float(times[0]), float(times[-1]), BlockedInlet, self._asset.asset_id):
            assert isinstance(episode.event, BlockedInlet)
            blocked = (times >= episode.start) & (times < episode.end)
            drain[blocked] = self._drain * (1 - episode.event.share)
        return drain

    def _rain(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._environment.rain(times, latitude=self._asset.latitude, longitude=self._asset.longitude)

    def _sun(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._environment.sun(times, latitude=self._asset.latitude, longitude=self._asset.longitude)


def pond(inflow: NDArray[np.float64], drain: NDArray[np.float64], *, area: float, step: float) -> NDArray[np.float64]:
    """Return the depth of water on a level floor that was dry at first, shape (n,) [m].

    Formula: ``h[i + 1] = max(h[i] + (inflow[i] - drain[i]) step / area, 0)``; a balance of volumes.

    Parameters
    ----------
    inflow, drain
        Shape (n,) [m3/s]; the drain takes less when less is there.
    area
        [m2]
    step
        [s]
    """
    change = (inflow - drain) * step / area
    # The reflected walk in closed form: h = S - min(S, 0) over the running sum S.
    walk = np.concatenate(([0.0], np.cumsum(change[:-1])))
    depth: NDArray[np.float64] = walk - np.minimum.accumulate(np.minimum(walk, 0.0))
    return depth
