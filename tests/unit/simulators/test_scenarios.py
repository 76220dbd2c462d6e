"""The scenarios that come with citywatch: they load, they happen, and the page of scenarios tells the truth."""

import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml

from citywatch.errors import Misconfigured
from citywatch.model.registry import Registry
from citywatch.registry import load_city
from simulators.devices import Site, build_site
from simulators.devices.gas_well import GasWell
from simulators.devices.ponding_point import PondingPoint
from simulators.environment import Environment
from simulators.scenario import KINDS_OF_EVENTS, Scenario, ScenarioEntry, known_scenarios, load_scenario
from simulators.storms import storms_of

ROOT = Path(__file__).parents[3]
FOLDER = Path(str(files("simulators"))) / "scenarios"


@pytest.fixture(scope="module")
def city() -> Registry:
    return load_city("demo")


def site(scenario: Scenario, asset_id: str) -> Site:
    environment = Environment(seed=1, utc_offset=28_800.0, storms=lambda start, end: storms_of(scenario, start, end))
    built = build_site(scenario.assets[asset_id], environment, scenario, seed=1)
    assert built is not None
    return built


@pytest.mark.parametrize("name", known_scenarios())
def test_every_event_of_a_scenario_happens_in_its_round(city: Registry, name: str) -> None:
    scenario = load_scenario(name, city)
    entry = ScenarioEntry.model_validate(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")))
    assert scenario.scenario_id == name
    start = 1_795_000_000 // entry.period * entry.period
    happened = {one.number for one in scenario.episodes(start, start + entry.period) if one.start >= start}
    assert happened >= set(range(len(entry.events)))
    assert all(event.start + event.duration <= entry.period for event in entry.events)


def test_there_are_scenarios_for_every_event_and_fault(city: Registry) -> None:
    assert len(known_scenarios()) >= 12
    used = {
        event["event"]
        for name in known_scenarios()
        for event in yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")).get("events", [])
    }
    assert used == set(KINDS_OF_EVENTS)


def test_the_schema_for_editors_is_that_of_the_code() -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert schema == ScenarioEntry.model_json_schema()


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not part of the wheel")
def test_the_page_of_scenarios_is_complete() -> None:
    page = (ROOT / "docs" / "reference" / "scenarios.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE))
    assert rows >= set(KINDS_OF_EVENTS) | set(known_scenarios())


def test_the_storm_of_the_flood_season_brings_its_worst_hour(city: Registry) -> None:
    scenario = load_scenario("flood-season", city)
    point = site(scenario, "ponding-001")
    assert isinstance(point, PondingPoint)
    day = 1_795_000_000 // 86_400 * 86_400
    (storm,) = storms_of(scenario, day + 64_800, day + 75_600)
    minutes = day + np.arange(64_800, 75_601, 60.0)
    rain = storm.at(minutes, latitude=storm.latitude, longitude=storm.longitude)
    worst = max(rain[place : place + 60].mean() for place in range(len(rain) - 60))
    assert worst == pytest.approx(81.1, rel=0.01)
    assert point.depth(minutes).max() > 270


def test_a_leak_is_steep_where_sewer_gas_is_steady(city: Registry) -> None:
    scenario = load_scenario("night-gas-leak", city)
    leak, sewer = site(scenario, "well-001"), site(scenario, "well-003")
    assert isinstance(leak, GasWell)
    assert isinstance(sewer, GasWell)
    day = 1_795_000_000 // 86_400 * 86_400
    night = day + np.arange(64_000, 76_000, 60.0)
    assert leak.methane(night).max() > 20
    assert sewer.methane(night).max() > 5
    assert np.diff(leak.methane(night)).max() > 20 * np.abs(np.diff(sewer.methane(night))).max()


def test_the_formula_of_another_city_is_a_matter_of_the_file(city: Registry, tmp_path: Path) -> None:
    storm = "event: storm, assets: [ponding-001], start: 0, duration: 3600, return_period: 3, radius: 5"
    zibo = "formula: {strength: 2650.8, frequency: 0.78, b: 10, n: 0.81}"
    text = f"scenario_id: x\nabout: y\nperiod: 3600\nevents:\n  - {{{storm}, {zibo}}}\n"
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    (found, *_) = storms_of(load_scenario("x", city, tmp_path), 10.0, 3500.0)
    times = np.arange(0, 3601, 10.0)
    rain = found.at(times, latitude=found.latitude, longitude=found.longitude)
    assert np.trapezoid(rain, times) / 3600 == pytest.approx(41.8, rel=0.01)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{event: storn, assets: [a], start: 0, duration: 9}", r"x\.yaml:5: events\.0.*'storm'"),
        ("{event: gas-leak, assets: [well-001], start: 0, duration: 9, diameter: 99}", r"x\.yaml:5.*diameter.*20"),
        ("{event: gas-leak, assets: [well-001], start: 0, duration: -1, diameter: 1}", r"duration.*greater than 0"),
        ("{event: lamp-failure, assets: [well-001], start: 0, duration: 9}", "is a gas-valve-well, not a lamp"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_what_may_stand_there(
    city: Registry, tmp_path: Path, line: str, complaint: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"scenario_id: x\nabout: y\nperiod: 600\nevents:\n  - {line}\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match=complaint):
        load_scenario(str(path), city)
