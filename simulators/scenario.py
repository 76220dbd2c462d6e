"""What happens in a simulated city, and when: a scenario is a round of events that repeats for ever.

Rounds are counted from the epoch, so the events of any moment are known without what happened before. An event that
names several assets visits one per round, in turn, unless it hits them together.
"""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import floor
from pathlib import Path
from typing import Annotated, TypeVar, Union, get_args

from pydantic import Field

from citywatch.errors import Misconfigured
from citywatch.model.registry import Asset, Registry
from citywatch.registry.documents import line_of, read_yaml_map
from citywatch.registry.problems import Problems
from simulators.events import AnyPhysicalEvent, Entry, Episode, Event
from simulators.faults.link import AnyLinkFault, LinkFault
from simulators.faults.sensor import AnySensorFault, ClockSkew, SensorFault, WrongUnit

AnyEvent = Annotated[Union[AnyPhysicalEvent, AnySensorFault, AnyLinkFault], Field(discriminator="event")]  # noqa: UP007
E = TypeVar("E", bound=Event)


class ScenarioEntry(Entry):
    """A scenario file; ``period`` [s] is the length of the round."""

    scenario_id: str
    about: str
    period: Annotated[float, Field(ge=60)]
    events: tuple[AnyEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """An event with the assets that its patterns mean, in order and as a set, and its place in the scenario."""

    number: int
    event: Event
    assets: Sequence[str]
    members: frozenset[str]


class Scenario:
    """The events of a scenario on the assets of a city."""

    def __init__(self, entry: ScenarioEntry, assets: Mapping[str, Asset], plans: Sequence[Plan]) -> None:
        self.scenario_id = entry.scenario_id
        self.about = entry.about
        self.assets = assets
        self._entry = entry
        self._plans = plans

    def of(self, asset_id: str) -> "Scenario":
        """Return the scenario without the events that never befall an asset."""
        return Scenario(self._entry, self.assets, [plan for plan in self._plans if asset_id in plan.members])

    def events(self, kind: type[E]) -> list[E]:
        """Return the events of a kind."""
        return [plan.event for plan in self._plans if isinstance(plan.event, kind)]

    def episodes(
        self, start: float, end: float, kind: type[E] | None = None, asset_id: str | None = None
    ) -> Iterator[Episode]:
        """Yield what touches the interval from ``start`` to ``end`` [s since the epoch], each event in order of time.

        ``kind`` and ``asset_id`` choose among the events.
        """
        if not self._plans:
            return
        period = self._entry.period
        for plan in self._plans:
            event = plan.event
            if (kind is not None and not isinstance(event, kind)) or (asset_id and asset_id not in plan.members):
                continue
            first = floor((start - event.start - event.duration) / period)
            last = floor((end - event.start) / period)
            for turn in range(first, last + 1):
                begin = turn * period + event.start
                if begin + event.duration >= start and begin <= end:
                    yield from self._occurrences(plan, turn, begin, asset_id)

    def _occurrences(self, plan: Plan, turn: int, begin: float, asset_id: str | None) -> Iterator[Episode]:
        event, name = plan.event, f"{self.scenario_id}-{turn}-{plan.number}"
        if not event.together:
            hit = plan.assets[turn % len(plan.assets)]
            if asset_id in (None, hit):
                yield Episode(name, plan.number, event, hit, begin, begin + event.duration)
            return
        for hit in plan.assets if asset_id is None else (asset_id,):
            yield Episode(f"{name}-{hit}", plan.number, event, hit, begin, begin + event.duration)


def known_scenarios(folder: Path | None = None) -> list[str]:
    """Return the names of the scenarios in a folder, by default of those that come with citywatch."""
    return sorted(path.stem for path in (folder or _home()).glob("*.yaml"))


def load_scenario(name: str, registry: Registry, folder: Path | None = None) -> Scenario:
    """Read and check a scenario for a city.

    Parameters
    ----------
    name
        Name of a file in ``scenarios`` without its ending, or the path of a YAML file.
    folder
        Another folder than the one that comes with citywatch.

    Raises
    ------
    Misconfigured
        There is no such scenario, or the file is wrong; the text names file, line, field and what may stand there.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else (folder or _home()) / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(known_scenarios(folder))
        raise Misconfigured(f"there is no scenario {name!r}; known are {known}, or name a .yaml file of yours")
    problems = Problems()
    entry = read_yaml_map(path, ScenarioEntry, problems)
    _raise_if_any(problems)
    assert entry is not None
    check = _Check(path, registry, problems)
    hit = [check.assets(number, event) for number, event in enumerate(entry.value.events)]
    plans = [
        Plan(number, event, assets, frozenset(assets))
        for number, (event, assets) in enumerate(zip(entry.value.events, hit, strict=True))
    ]
    _raise_if_any(problems)
    return Scenario(entry.value, check.known, plans)


def _raise_if_any(problems: Problems) -> None:
    if problems.found:
        raise Misconfigured("\n".join([f"{len(problems.found)} error(s) in the scenario:", *problems.found]))


class _Check:
    """Holds the events of a file against a city; faults go to ``problems``."""

    def __init__(self, path: Path, registry: Registry, problems: Problems) -> None:
        self.known: dict[str, Asset] = {asset.asset_id: asset for asset in registry.assets}
        self._path = path
        self._city = registry.city_id
        self._problems = problems
        models = {model.model_id: model for model in registry.models}
        self._measures: dict[str, list[tuple[str, str]]] = {}
        for sensor in registry.sensors:
            properties = [measure.property_id for measure in models[sensor.model_id].measures]
            self._measures.setdefault(sensor.asset_id, []).extend((sensor.sensor_id, name) for name in properties)
        self._units: dict[str, str] = {entry.property_id: entry.unit for entry in registry.properties}

    def assets(self, number: int, event: Event) -> list[str]:
        """Return the assets of an event."""
        found: dict[str, None] = {}
        for place, pattern in enumerate(event.assets):
            matching = [pattern] if pattern in self.known else fnmatch.filter(sorted(self.known), pattern)
            if not matching:
                self._add(("events", number, "assets", place), f"city {self._city} has no asset {pattern!r}")
            for asset_id in matching:
                kind = self.known[asset_id].kind_id
                if event.befalls not in (None, kind):
                    self._add(("events", number, "assets", place), f"{asset_id!r} is a {kind}, not a {event.befalls}")
            found |= dict.fromkeys(matching)
        if isinstance(event, SensorFault | ClockSkew | LinkFault):
            self._check_sensor(number, event, list(found))
        return list(found)

    def _check_sensor(self, number: int, fault: SensorFault | ClockSkew | LinkFault, assets: Sequence[str]) -> None:
        measures = [measure for asset_id in assets for measure in self._measures.get(asset_id, [])]
        sensors = {sensor for sensor, _ in measures}
        if fault.sensor is not None and fault.sensor not in sensors:
            text = f"no sensor {fault.sensor!r} there; known are {_listed(sensors)}"
            return self._add(("events", number, "sensor"), text)
        if not isinstance(fault, SensorFault):
            return None
        properties = {name for sensor, name in measures if fault.sensor in (None, sensor)}
        if fault.property is not None and fault.property not in properties:
            text = f"nothing measures {fault.property!r} there; known are {_listed(properties)}"
            return self._add(("events", number, "property"), text)
        if isinstance(fault, WrongUnit):
            hit = properties if fault.property is None else {fault.property}
            if misfits := sorted(name for name in hit if not fault.fits(self._units[name])):
                text = f"{misfits[0]} is stored in {self._units[misfits[0]]}, which is no kind of {fault.unit!r}"
                return self._add(("events", number, "unit"), text)
        return None

    def _add(self, location: tuple[int | str, ...], text: str) -> None:
        line = line_of(self._path, location)
        self._problems.add(f"{self._path.name}:{line}", f"{'.'.join(map(str, location))}: {text}")


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _home() -> Path:
    return Path(str(files("simulators"))) / "scenarios"


KINDS_OF_EVENTS = tuple(
    sorted(get_args(one.model_fields["event"].annotation)[0] for one in get_args(get_args(AnyEvent)[0]))
)
"""Names of all events and faults."""
