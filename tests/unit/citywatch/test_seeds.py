"""Seed files: the shipped ones are right, and a wrong one is refused with file, line and fix."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from citywatch.errors import Misconfigured
from citywatch.model.registry import DistrictClass, Origin, Registry
from citywatch.registry import SeedErrors, load_city
from citywatch.registry.export import write_folder
from citywatch.registry.load import seeds_folder


def test_the_demo_city_has_every_system_and_says_what_is_invented() -> None:
    city = load_city("demo")
    assert {asset.kind_id for asset in city.assets} == {
        "bridge", "gas-valve-well", "ponding-point", "lighting-cabinet", "lamp", "platform",
    }  # fmt: skip
    assert len(city.assets) == 151
    assert {asset.origin for asset in city.assets} == {Origin.PUBLIC, Origin.SYNTHETIC, Origin.PLATFORM}
    assert all("not administrative" in district.boundary_source for district in city.districts)


@pytest.fixture(scope="module")
def wuhan() -> Registry:
    return load_city("wuhan")


def test_the_whole_city_has_every_system_at_its_size(wuhan: Registry) -> None:
    kinds = Counter[str](asset.kind_id for asset in wuhan.assets)
    assert kinds["bridge"] == 785
    assert set(kinds) == {kind.kind_id for kind in wuhan.kinds}
    assert {kind.system_id for kind in wuhan.kinds} == {system.system_id for system in wuhan.systems}
    measures = {model.model_id: len(model.measures) for model in wuhan.models}
    assert 95_000 < sum(measures[sensor.model_id] for sensor in wuhan.sensors) < 110_000
    assert {district.district_class for district in wuhan.districts} == {
        DistrictClass.CENTRAL, DistrictClass.OUTER, DistrictClass.ZONE,
    }  # fmt: skip


def test_only_named_bridges_are_not_synthetic(wuhan: Registry) -> None:
    public = [asset for asset in wuhan.assets if asset.origin is Origin.PUBLIC]
    assert len(public) == 18
    assert {asset.kind_id for asset in public} == {"bridge"}
    assert {asset.origin for asset in wuhan.assets} == {Origin.PUBLIC, Origin.SYNTHETIC, Origin.PLATFORM}


def test_an_equipped_asset_has_what_its_coverage_rule_requires(wuhan: Registry) -> None:
    properties = {model.model_id: {one.property_id for one in model.measures} for model in wuhan.models}
    observed: dict[str, set[str]] = defaultdict(set)
    for sensor in wuhan.sensors:
        observed[sensor.asset_id] |= properties[sensor.model_id]
    for kind in wuhan.kinds:
        if kind.coverage is not None:
            assets = [asset.asset_id for asset in wuhan.assets if asset.kind_id == kind.kind_id]
            equipped = [name for name in assets if set(kind.coverage.required) <= observed[name]]
            bare = {
                "bridge": 0.25,
                "gas-pipe-segment": 0.65,
                "drain-pipe": 0.2,
                "water-main": 0.5,
                "manhole-cover": 0.75,
            }
            assert len(equipped) / len(assets) == pytest.approx(1 - bare.get(kind.kind_id, 0), abs=0.01), kind.kind_id


def test_the_same_seed_draws_the_same_city_and_another_seed_another() -> None:
    assert load_city("demo") == load_city("demo")
    assert load_city("demo", seed=2).assets != load_city("demo").assets
    assert len(load_city("demo", seed=2).assets) == 151


def test_a_kind_more_changes_nothing_of_the_others(seeds: Path) -> None:
    before = load_city("demo", seeds)
    replace("cities/demo/city.yaml", "lamp: 40}", "lamp: 40, tunnel: 3}")(seeds)
    after = load_city("demo", seeds)
    assert [asset for asset in after.assets if asset.kind_id != "tunnel"] == before.assets
    assert len(after.assets) == len(before.assets) + 3


def test_every_number_of_a_rule_names_its_source() -> None:
    for rule in load_city("demo").rules:
        assert all(tier.source for tier in rule.tiers), rule.rule_id
    coverage = [kind.coverage for kind in load_city("demo").kinds if kind.coverage is not None]
    assert coverage
    assert all(rule.source for rule in coverage)
    assert all(system.retention.source for system in load_city("demo").systems)


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return Path(shutil.copytree(seeds_folder(), tmp_path / "seeds", ignore=shutil.ignore_patterns("*.py*")))


@pytest.fixture
def written(seeds: Path) -> Path:
    """Return seeds whose demo city stands in its files as a whole, lamps hanging on cabinets."""
    write_folder(load_city("demo").inventory, seeds / "cities" / "demo")
    return seeds


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


RULES = "vocabulary/rules.yaml"
ASSETS = "cities/demo/assets.csv"
SENSORS = "cities/demo/sensors.csv"
KINDS = "vocabulary/kinds.yaml"
CITY = "cities/demo/city.yaml"


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (replace(RULES, "method: limit", "method: guess"), r"rules\.yaml:\d+: method"),
        (replace(RULES, "kind_id: gas-valve-well", "kind_id: nothing"), r"rules\.yaml:\d+: .*nothing"),
        (replace(RULES, "limit: 20,", "limit: 2,"), r"rules\.yaml:\d+: .*must rise"),
        (replace(RULES, "dead_band: 0.8", "dead_band: 1.2"), r"rules\.yaml:\d+: .*never lets go"),
        (replace(RULES, "dead_band: 1.02", "dead_band: 0.9"), r"rules\.yaml:\d+: .*must be above 1"),
        (replace(RULES, "{value:.1f}", "{valeu:.1f}"), r"rules\.yaml:\d+: .*placeholder 'valeu'"),
        (replace(RULES, "off_delay: 120", "off_delai: 120"), r"rules\.yaml:\d+: .*off_delai.*unknown field"),
        (replace("vocabulary/properties.yaml", "unit: um/m", "unit: furlong"), r"properties\.yaml:2: .*furlong"),
        (
            replace("vocabulary/sensors.yaml", "span: [-3000, 3000]", "span: [3000, -3000]"),
            r"sensors\.yaml:\d+: .*span",
        ),
        (replace("vocabulary/systems.yaml", "raw: 365", "raw: 5000"), r"systems\.yaml:\d+: retention: .*coarser"),
        (replace("vocabulary/systems.yaml", "raw: 365", "raw: 0"), r"systems\.yaml:\d+: retention\.raw"),
        (replace(ASSETS, "yangtze-2,", "yangtze-1,"), r"assets\.csv:3: .*yangtze-1"),
        (replace(ASSETS, ",30.55,", ",130.55,"), r"assets\.csv:2: latitude"),
        (replace(ASSETS, ",hanyang,", ",atlantis,"), r"assets\.csv:2: .*atlantis"),
        (replace(ASSETS, "30.55,114.288", "48.1,11.6"), r"assets\.csv:2: .*48\.1, 11\.6 lies in no district"),
        (replace(ASSETS, ",public,,,,", ",public,,,2025-01-01T00:00:00,"), r"assets\.csv:2: valid_until: .*timezone"),
        (replace(ASSETS, ",public,,,,", ",public,,2025-01-02T00:00:00Z,2025-01-01T00:00:00Z,"), r":2: .*ends after"),
        (replace(ASSETS, ",public,,,,", ",public,,0207-01-02T00:00:00Z,,"), r"assets\.csv:2: valid_from: .*1800"),
        (replace(ASSETS, ",public,,,,", ",public,,,2025-02-01T00:00:00Z,"), r"sensors\.csv:2: installed_at: .*ended"),
        (
            replace(ASSETS, ",public,,,,", ",public,yangtze-2,,,"),
            r"assets\.csv:2: parent_id: a bridge is part of nothing",
        ),
        (replace(ASSETS, ",cabinet-001,,,", ",cabinet-999,,,"), r"assets\.csv:\d+: parent_id: .*cabinet-999"),
        (replace(ASSETS, ",128.0,", ",128000.0,"), r"assets\.csv:2: parameter\.span_m: .*2 to 3000 m; .* unit\?"),
        (replace(ASSETS, ",128.0,", ",long,"), r"assets\.csv:2: parameter\.span_m: a number in m is expected"),
        (replace(ASSETS, "parameter.span_m", "parameter.spam_m"), r"parameter\.spam_m: a bridge has none such"),
        (replace(KINDS, "part_of: [lighting-cabinet, smart-pole]", "part_of: [chair]"), r"kinds\.yaml:\d+: .*chair"),
        (replace(KINDS, "unit: m, range: [2, 3000]", "unit: furlong, range: [2, 3]"), r"kinds\.yaml:\d+: .*furlong"),
        (replace(KINDS, "range: [2, 3000]}", "values: [a, b]}"), r"kinds\.yaml:\d+: .*range"),
        (
            replace(CITY, "city_id: demo", "city_id: demo\nsynthetic: {seed: 1, assets: {castle: 3}}"),
            r"yaml:\d+: .*castle",
        ),
        (lambda folder: (folder / "cities/demo/assets.geojson").touch(), r"assets\.csv:1: .*keep one of them"),
        (replace(SENSORS, "strain-gauge", "crystal-ball"), r"sensors\.csv:2: .*crystal-ball"),
        (replace(SENSORS, "2025-03-01T00:00:00Z", "soon"), r"sensors\.csv:2: installed_at"),
        (replace(SENSORS, "yangtze-1,strain-1,", "yangtze-1,strain-1,,"), r"sensors\.csv:2: .*cells"),
        (lambda folder: (folder / ASSETS).unlink(), r"assets\.csv: missing"),
        (lambda folder: (folder / RULES).write_bytes(b"\xff\xfe"), r"rules\.yaml: not UTF-8"),
        (lambda folder: (folder / RULES).write_text("- a: [1\n"), r"rules\.yaml:\d+: not YAML"),
    ],
)
def test_a_wrong_seed_file_is_refused_with_its_place(
    written: Path, edit: Callable[[Path], object], complaint: str
) -> None:
    edit(written)
    with pytest.raises(Misconfigured, match=complaint):
        load_city("demo", written)


def test_all_faults_are_told_at_once(written: Path) -> None:
    replace(RULES, "method: limit", "method: guess")(written)
    replace(ASSETS, ",30.55,", ",31.9,")(written)
    replace(ASSETS, ",jiangan,", ",atlantis,")(written)
    replace(SENSORS, "strain-gauge", "crystal-ball")(written)
    with pytest.raises(Misconfigured, match=r"4 error\(s\)"):
        load_city("demo", written)


def test_a_given_asset_may_not_have_the_name_of_a_drawn_one(seeds: Path) -> None:
    replace(ASSETS, "yangtze-2,", "bridge-001,")(seeds)
    with pytest.raises(Misconfigured, match=r"assets\.csv:3: asset_id: 'bridge-001' is also drawn"):
        load_city("demo", seeds)


def test_an_asset_that_is_part_of_itself_is_refused(written: Path) -> None:
    replace(KINDS, "part_of: [gas-station]", "part_of: [gas-station, gas-pipe-segment]")(written)
    place = written / ASSETS
    row = next(line for line in place.read_text("utf-8").splitlines() if line.startswith("well-001"))
    _, _, district, _, _, latitude, longitude, *_ = row.split(",")
    columns = ["asset_id", "kind_id", "district_id", "name_en", "name_zh", "latitude", "longitude", "responsible_unit",
               "origin", "parent_id"]  # fmt: skip
    rows = [
        [name, "gas-pipe-segment", district, name, name, latitude, longitude, "x", "imported", parent]
        for name, parent in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
    ]
    place.write_text("\n".join(",".join(row) for row in [columns, *rows]) + "\n", encoding="utf-8")
    (written / SENSORS).write_text("asset_id,sensor_id,model_id\n", encoding="utf-8")
    with pytest.raises(SeedErrors) as found:
        load_city("demo", written)
    assert [problem.split(": ")[0] for problem in found.value.problems] == [f"assets.csv:{line}" for line in (2, 3, 4)]
    assert all("is part of itself" in problem for problem in found.value.problems)


def test_an_unknown_city_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Misconfigured, match="known are demo, recorded, wuhan"):
        load_city("atlantis")


def test_the_platform_is_an_asset_of_every_city_and_lies_in_it() -> None:
    city = load_city("demo")
    (platform,) = (asset for asset in city.assets if asset.kind_id == "platform")
    assert platform.district_id == min(
        district.district_id for district in city.districts
    )  # in whatever order they come
    others = [asset for asset in city.assets if asset.district_id == platform.district_id]
    assert min(one.latitude for one in others) <= platform.latitude <= max(one.latitude for one in others)
    assert min(one.longitude for one in others) <= platform.longitude <= max(one.longitude for one in others)


def test_the_platform_needs_its_kind_and_its_name(seeds: Path) -> None:
    replace(ASSETS, "yangtze-2,", "platform,")(seeds)
    replace("vocabulary/kinds.yaml", "kind_id: platform", "kind_id: plattform")(seeds)
    with pytest.raises(Misconfigured, match=r"(?s)kinds\.yaml: kind_id: 'platform' is missing.*is the platform itself"):
        load_city("demo", seeds)
