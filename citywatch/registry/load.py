"""From a folder of seed files to a :class:`~citywatch.model.registry.Registry`, or to the list of all its faults."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from citywatch.errors import Misconfigured
from citywatch.model.registry import PLATFORM, PLATFORM_ASSET, Asset, Registry
from citywatch.registry.checks import check_assets, check_sensors, known, unique
from citywatch.registry.documents import Entry, read_csv, read_features, read_yaml_list, read_yaml_map
from citywatch.registry.platform import platform_asset
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
from citywatch.registry.synthetic import draw


def seeds_folder() -> Path:
    """Return the folder of the seeds that come with citywatch."""
    return Path(str(files("seeds")))


def load_city(city: str, folder: Path | None = None, *, seed: int | None = None) -> Registry:
    """Read and check the vocabulary and one city, and draw what its plan says is synthetic.

    Parameters
    ----------
    city
        Name of a folder below ``cities``.
    folder
        Another seeds folder than the one that comes with citywatch.
    seed
        Draw what is synthetic from another seed than the city's own.

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
        known_cities = ", ".join(sorted(path.name for path in (root / "cities").iterdir() if path.is_dir()))
        raise Misconfigured(f"there is no city {city!r} in {root / 'cities'}; known are {known_cities}")
    return load_folder(home, root / "vocabulary", seed=seed)


def load_folder(home: Path, vocabulary: Path | None = None, *, seed: int | None = None) -> Registry:
    """Read and check a city in a folder of its own, against the vocabulary that comes with citywatch.

    The assets stand in ``assets.csv`` or ``assets.geojson``. Raises as :func:`load_city` does.
    """
    if not home.is_dir():
        raise Misconfigured(f"there is no folder {home}; name one with city.yaml, districts.geojson and assets.csv")
    problems = Problems()
    words = _read_vocabulary(vocabulary or seeds_folder() / "vocabulary", problems)
    about = read_yaml_map(home / "city.yaml", CityEntry, problems)
    collection = read_yaml_map(home / "districts.geojson", DistrictCollection, problems)
    features = [] if collection is None else collection.value.features
    source = "" if collection is None else collection.value.boundary_source
    districts = [feature.to_model(source) for feature in features]
    assets = _read_assets(home, problems)
    sensors = [
        Entry(entry.place, entry.value.to_model()) for entry in read_csv(home / "sensors.csv", SensorRow, problems)
    ]
    kinds = [entry.value.to_model() for entry in words.kinds]
    models = [entry.value.to_model() for entry in words.models]
    check_assets(assets, kinds, districts, problems)
    check_sensors(sensors, models, assets, problems)
    for entry in assets:
        if entry.value.asset_id == PLATFORM_ASSET:
            problems.add(entry.place, f"asset_id: {PLATFORM_ASSET!r} is the platform itself; name the asset otherwise")
    problems.raise_if_any()
    assert about is not None
    given = [entry.value for entry in assets]
    installed = [entry.value for entry in sensors]
    if about.value.synthetic is not None:
        plan = about.value.synthetic.to_model(seed)
        drawn = draw(plan, districts, given, {sensor.asset_id for sensor in installed})
        taken = {asset.asset_id for asset in drawn.assets}
        for entry in assets:
            if entry.value.asset_id in taken:
                problems.add(entry.place, f"asset_id: {entry.value.asset_id!r} is also drawn; choose another one")
        problems.raise_if_any()
        given += drawn.assets
        installed += drawn.sensors
    return Registry(
        city_id=about.value.city_id,
        name=about.value.name.to_model(),
        systems=[entry.value.to_model() for entry in words.systems],
        districts=districts,
        properties=[entry.value.to_model() for entry in words.properties],
        kinds=kinds,
        models=models,
        assets=[*given, platform_asset(min(districts, key=lambda district: district.district_id))],
        sensors=installed,
        rules=[entry.value.to_model() for entry in words.rules],
    )


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    systems: list[Entry[SystemEntry]]
    properties: list[Entry[PropertyEntry]]
    kinds: list[Entry[KindEntry]]
    models: list[Entry[SensorModelEntry]]
    rules: list[Entry[RuleEntry]]


def _read_vocabulary(folder: Path, problems: Problems) -> _Vocabulary:
    words = _Vocabulary(
        systems=read_yaml_list(folder / "systems.yaml", SystemEntry, problems),
        properties=read_yaml_list(folder / "properties.yaml", PropertyEntry, problems),
        kinds=read_yaml_list(folder / "kinds.yaml", KindEntry, problems),
        models=read_yaml_list(folder / "sensors.yaml", SensorModelEntry, problems),
        rules=read_yaml_list(folder / "rules.yaml", RuleEntry, problems),
    )
    system_ids = unique("system_id", words.systems, lambda entry: entry.system_id, problems)
    property_ids = unique("property_id", words.properties, lambda entry: entry.property_id, problems)
    kind_ids = unique("kind_id", words.kinds, lambda entry: entry.kind_id, problems)
    if PLATFORM not in kind_ids:
        problems.add(
            "kinds.yaml", f"kind_id: {PLATFORM!r} is missing; the platform raises its own alarms on an asset of it"
        )
    unique("model_id", words.models, lambda entry: entry.model_id, problems)
    unique("rule_id", words.rules, lambda entry: entry.rule_id, problems)
    known("system_id", words.kinds, lambda entry: [entry.system_id], system_ids, problems)
    known("part_of", words.kinds, lambda entry: entry.part_of, kind_ids, problems)
    known(
        "coverage.required",
        words.kinds,
        lambda entry: entry.coverage.required if entry.coverage else [],
        property_ids,
        problems,
    )
    known(
        "property_id",
        words.models,
        lambda entry: [measure.property_id for measure in entry.measures],
        property_ids,
        problems,
    )
    known("kind_id", words.rules, lambda entry: [entry.kind_id], kind_ids, problems)
    known("property_id", words.rules, lambda entry: [entry.property_id], property_ids, problems)
    return words


def _read_assets(home: Path, problems: Problems) -> list[Entry[Asset]]:
    table, features = home / "assets.csv", home / "assets.geojson"
    if table.exists() and features.exists():
        problems.add("assets.csv:1", "assets.geojson is there too; keep one of them")
        return []
    rows = read_features(features, AssetRow, problems) if features.exists() else read_csv(table, AssetRow, problems)
    return [Entry(entry.place, entry.value.to_model()) for entry in rows]
