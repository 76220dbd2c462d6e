"""Seed files: the shipped ones are right, and a wrong one is refused with file, line and fix."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from citywatch.errors import Misconfigured
from citywatch.model.registry import Origin
from citywatch.registry import load_city
from citywatch.registry.load import seeds_folder
from simulators.synthetic_city import DEMO, SyntheticCity


def test_the_demo_city_has_every_system_and_says_what_is_invented() -> None:
    city = load_city("demo")
    assert {asset.kind_id for asset in city.assets} == {
        "bridge", "gas-valve-well", "ponding-point", "lighting-cabinet", "lamp", "platform",
    }  # fmt: skip
    assert len(city.assets) == 151
    assert {asset.origin for asset in city.assets} == {Origin.PUBLIC, Origin.SYNTHETIC, Origin.PLATFORM}
    assert all("not administrative" in district.boundary_source for district in city.districts)


def test_the_committed_demo_city_is_the_generated_one(tmp_path: Path) -> None:
    SyntheticCity(DEMO, seed=1).write(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (seeds_folder() / "cities" / "demo" / path.name).read_bytes(), path.name


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
        (replace(SENSORS, "strain-gauge", "crystal-ball"), r"sensors\.csv:2: .*crystal-ball"),
        (replace(SENSORS, "2025-03-01T00:00:00Z", "soon"), r"sensors\.csv:2: installed_at"),
        (replace(SENSORS, "yangtze-1,strain-1,", "yangtze-1,strain-1,,"), r"sensors\.csv:2: .*cells"),
        (lambda folder: (folder / ASSETS).unlink(), r"assets\.csv: missing"),
        (lambda folder: (folder / RULES).write_bytes(b"\xff\xfe"), r"rules\.yaml: not UTF-8"),
        (lambda folder: (folder / RULES).write_text("- a: [1\n"), r"rules\.yaml:\d+: not YAML"),
    ],
)
def test_a_wrong_seed_file_is_refused_with_its_place(
    seeds: Path, edit: Callable[[Path], object], complaint: str
) -> None:
    edit(seeds)
    with pytest.raises(Misconfigured, match=complaint):
        load_city("demo", seeds)


def test_all_faults_are_told_at_once(seeds: Path) -> None:
    replace(RULES, "method: limit", "method: guess")(seeds)
    replace(ASSETS, ",30.55,", ",130.55,")(seeds)
    with pytest.raises(Misconfigured, match=r"2 error\(s\)"):
        load_city("demo", seeds)


def test_an_unknown_city_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Misconfigured, match="known are demo"):
        load_city("atlantis")


def test_the_platform_is_an_asset_of_every_city_and_lies_in_it() -> None:
    city = load_city("demo")
    (platform,) = (asset for asset in city.assets if asset.kind_id == "platform")
    assert platform.district_id == city.districts[0].district_id
    others = [asset for asset in city.assets if asset.district_id == platform.district_id]
    assert min(one.latitude for one in others) <= platform.latitude <= max(one.latitude for one in others)
    assert min(one.longitude for one in others) <= platform.longitude <= max(one.longitude for one in others)


def test_the_platform_needs_its_kind_and_its_name(seeds: Path) -> None:
    replace(ASSETS, "yangtze-2,", "platform,")(seeds)
    replace("vocabulary/kinds.yaml", "kind_id: platform", "kind_id: plattform")(seeds)
    with pytest.raises(Misconfigured, match=r"(?s)kinds\.yaml: kind_id: 'platform' is missing.*is the platform itself"):
        load_city("demo", seeds)
