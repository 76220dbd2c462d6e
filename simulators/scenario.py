"""What happens in a simulated city, and when: a scenario is a round of events that repeats for ever.

Rounds are counted from the epoch, so the events of any moment are known without what happened before. An event that
names several assets visits one per round, in turn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from math import floor
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from citywatch.errors import Misconfigured
from citywatch.model.registry import Asset, Registry
from citywatch.registry.documents import read_yaml_map
from citywatch.registry.problems import Problems


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Entry):
    """Something that befalls an asset; ``start`` and ``duration`` [s] within the round."""

    assets: Annotated[tuple[str, ...], Field(min_length=1)]
    start: Annotated[float, Field(ge=0)]
    duration: Annotated[float, Field(gt=0)]


class StormEvent(Event):
    """Rain of Chicago shape around an asset; ``return_period`` [years], ``radius`` [km]."""

    event: Literal["storm"]
    return_period: Annotated[float, Field(ge=0.2, le=1000)]
    peak_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.35
    radius: Annotated[float, Field(gt=0)]


class BlockedInlet(Event):
    """Leaves and rubbish close ``share`` (0-1) of a point's inlets; a crew clears them at the end."""

    event: Literal["blocked-inlet"]
    share: Annotated[float, Field(gt=0, le=1)]


class GasLeak(Event):
    """Gas leaves a pipe in a valve well through a hole of ``diameter`` [mm]; a crew closes it at the end."""

    event: Literal["gas-leak"]
    diameter: Annotated[float, Field(gt=0, le=20)]


class BreakerTrip(Event):
    """The breaker of a lighting cabinet opens: no voltage, and the lamp controllers behind it go silent."""

    event: Literal["breaker-trip"]


class ShipImpact(Event):
    """A ship strikes a pier, which stays tilted by ``tilt`` [deg] until it has been set right."""

    event: Literal["ship-impact"]
    tilt: Annotated[float, Field(gt=0, le=5)]


AnyEvent = Annotated[StormEvent | BlockedInlet | GasLeak | BreakerTrip | ShipImpact, Field(discriminator="event")]
_KINDS: Mapping[type[Event], str] = {
    StormEvent: "ponding-point",
    BlockedInlet: "ponding-point",
    GasLeak: "gas-valve-well",
    BreakerTrip: "lighting-cabinet",
    ShipImpact: "bridge",
}
E = TypeVar("E", bound=Event)


class _ScenarioEntry(_Entry):
    scenario_id: str
    about: str
    period: Annotated[float, Field(ge=60)]
    events: tuple[AnyEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """One occurrence of an event at one asset, from ``start`` until ``end`` [s since the epoch]."""

    episode_id: str
    event: Event
    asset_id: str
    start: float
    end: float


class Scenario:
    """The events of a scenario on the assets of a city."""

    def __init__(self, entry: _ScenarioEntry, assets: Mapping[str, Asset]) -> None:
        self.scenario_id = entry.scenario_id
        self.about = entry.about
        self._period = entry.period
        self._events = entry.events
        self.assets = assets

    def episodes(
        self, start: float, end: float, kind: type[E] | None = None, asset_id: str | None = None
    ) -> Iterator[Episode]:
        """Yield what touches the interval from ``start`` to ``end`` [s since the epoch], each event in order of time.

        ``kind`` and ``asset_id`` choose among the events.
        """
        for number, event in enumerate(self._events):
            if (kind is not None and not isinstance(event, kind)) or (asset_id and asset_id not in event.assets):
                continue
            first = floor((start - event.start - event.duration) / self._period)
            last = floor((end - event.start) / self._period)
            for turn in range(first, last + 1):
                episode = self._episode(number, event, turn)
                if episode.end >= start and episode.start <= end and asset_id in (None, episode.asset_id):
                    yield episode

    def _episode(self, number: int, event: Event, turn: int) -> Episode:
        start = turn * self._period + event.start
        asset_id = event.assets[turn % len(event.assets)]
        return Episode(f"{self.scenario_id}-{turn}-{number}", event, asset_id, start, start + event.duration)


def load_scenario(name: str, registry: Registry, folder: Path | None = None) -> Scenario:
    """Read and check a scenario for a city.

    Parameters
    ----------
    name
        Name of a file in ``scenarios``, without its ending.
    folder
        Another folder than the one that comes with citywatch.

    Raises
    ------
    SeedErrors
        The file is wrong; the text names file, line and field.
    Misconfigured
        There is no such scenario.
    """
    home = folder or Path(str(files("simulators"))) / "scenarios"
    path = home / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in home.glob("*.yaml")))
        raise Misconfigured(f"there is no scenario {name!r}; known are {known}")
    problems = Problems()
    entry = read_yaml_map(path, _ScenarioEntry, problems)
    problems.raise_if_any()
    assert entry is not None
    assets: dict[str, Asset] = {asset.asset_id: asset for asset in registry.assets}
    for number, event in enumerate(entry.value.events):
        for asset_id in event.assets:
            asset = assets.get(asset_id)
            if asset is None:
                problems.add(entry.place, f"events.{number}.assets: city {registry.city_id} has no asset {asset_id!r}")
            elif asset.kind_id != _KINDS[type(event)]:
                problems.add(
                    entry.place,
                    f"events.{number}.assets: {asset_id!r} is a {asset.kind_id}, not a {_KINDS[type(event)]}",
                )
    problems.raise_if_any()
    return Scenario(entry.value, assets)
