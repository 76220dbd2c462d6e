"""From a folder of seed files to a :class:`~citywatch.model.registry.Registry`, or to the list of all its faults."""

from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from citywatch.errors import Misconfigured
from citywatch.model.registry import Registry
from citywatch.registry.documents import Entry, read_csv, read_yaml_list, read_yaml_map
from citywatch.registry.problems import Problems
from citywatch.registry.schema import (
    AssetRow,
    CityEntry,
    DistrictCollection,
    KindEntry,
    PropertyEntry,
    RuleEntry,
    SensorModelEntry,
    SensorRow,
    SystemEntry,
)

M = TypeVar("M", bound=BaseModel)


def seeds_folder() -> Path:
    """Return the folder of the seeds that come with citywatch."""
    return Path(str(files("seeds")))


def load_city(city: str, folder: Path | None = None) -> Registry:
    """Read and check the vocabulary and one city.

    Parameters
    ----------
    city
        Name of a folder below ``cities``.
    folder
        Another seeds folder than the one that comes with citywatch.

    Raises
    ------
    SeedErrors
        Anything at all is wrong; the text lists every fault as ``file:line``.
    Misconfigured
        There is no such city.
    """
    root = folder or seeds_folder()
    home = root / "cities" / city
    if not home.is_dir():
        known = ", ".join(sorted(path.name for path in (root / "cities").iterdir() if path.is_dir()))
        raise Misconfigured(f"there is no city {city!r} in {root / 'cities'}; known are {known}")
    problems = Problems()
    vocabulary = root / "vocabulary"
    systems = read_yaml_list(vocabulary / "systems.yaml", SystemEntry, problems)
    properties = read_yaml_list(vocabulary / "properties.yaml", PropertyEntry, problems)
    kinds = read_yaml_list(vocabulary / "kinds.yaml", KindEntry, problems)
    models = read_yaml_list(vocabulary / "sensors.yaml", SensorModelEntry, problems)
    rules = read_yaml_list(vocabulary / "rules.yaml", RuleEntry, problems)
    about = read_yaml_map(home / "city.yaml", CityEntry, problems)
    districts = read_yaml_map(home / "districts.geojson", DistrictCollection, problems)
    assets = read_csv(home / "assets.csv", AssetRow, problems)
    sensors = read_csv(home / "sensors.csv", SensorRow, problems)

    check = _References(problems)
    system_ids = check.unique("system_id", systems, lambda entry: entry.system_id)
    property_ids = check.unique("property_id", properties, lambda entry: entry.property_id)
    kind_ids = check.unique("kind_id", kinds, lambda entry: entry.kind_id)
    model_ids = check.unique("model_id", models, lambda entry: entry.model_id)
    check.unique("rule_id", rules, lambda entry: entry.rule_id)
    asset_ids = check.unique("asset_id", assets, lambda entry: entry.asset_id)
    check.unique("sensor_id", sensors, lambda entry: f"{entry.asset_id}/{entry.sensor_id}")
    features = [] if districts is None else districts.value.features
    district_ids = {feature.properties.district_id for feature in features}
    check.known("system_id", kinds, lambda entry: [entry.system_id], system_ids)
    check.known(
        "coverage.required", kinds, lambda entry: entry.coverage.required if entry.coverage else [], property_ids
    )
    check.known("property_id", models, lambda entry: [measure.property_id for measure in entry.measures], property_ids)
    check.known("kind_id", rules, lambda entry: [entry.kind_id], kind_ids)
    check.known("property_id", rules, lambda entry: [entry.property_id], property_ids)
    check.known("kind_id", assets, lambda entry: [entry.kind_id], kind_ids)
    check.known("district_id", assets, lambda entry: [entry.district_id], district_ids)
    check.known("parent_id", assets, lambda entry: [entry.parent_id] if entry.parent_id else [], asset_ids)
    check.known("asset_id", sensors, lambda entry: [entry.asset_id], asset_ids)
    check.known("model_id", sensors, lambda entry: [entry.model_id], model_ids)
    problems.raise_if_any()
    assert about is not None
    assert districts is not None
    return Registry(
        city_id=about.value.city_id,
        name=about.value.name.to_model(),
        systems=[entry.value.to_model() for entry in systems],
        districts=[feature.to_model(districts.value.boundary_source) for feature in features],
        properties=[entry.value.to_model() for entry in properties],
        kinds=[entry.value.to_model() for entry in kinds],
        models=[entry.value.to_model() for entry in models],
        assets=[entry.value.to_model() for entry in assets],
        sensors=[entry.value.to_model() for entry in sensors],
        rules=[entry.value.to_model() for entry in rules],
    )


class _References:
    """Checks across entries: identifiers occur once, and what is referred to exists."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def unique(self, field: str, entries: Iterable[Entry[M]], key: Callable[[M], str]) -> set[str]:
        places: dict[str, str] = {}
        for entry in entries:
            name = key(entry.value)
            if name in places:
                self._problems.add(entry.place, f"{field}: {name!r} stands already at {places[name]}")
            places.setdefault(name, entry.place)
        return set(places)

    def known(
        self, field: str, entries: Iterable[Entry[M]], references: Callable[[M], Iterable[str]], names: set[str]
    ) -> None:
        for entry in entries:
            for name in references(entry.value):
                if name not in names:
                    self._problems.add(entry.place, f"{field}: there is no {name!r}")
