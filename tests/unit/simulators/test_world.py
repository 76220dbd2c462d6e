"""The world is a function of seed and time."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citywatch.errors import Misconfigured
from citywatch.model.registry import Registry
from citywatch.registry import load_city
from citywatch.wire.senml import decode_senml
from simulators.position import read_position, write_position
from simulators.scenario import load_scenario
from simulators.sending import Act
from simulators.truth import TruthFile
from simulators.world import World

START = 748_000 * 2_400_000
MINUTE = 60_000
_HEAD = "scenario_id: x\nabout: y\nperiod: 600\nevents:\n"
GOLDEN = "46d0b7c2f54f542f0e14587420da83e99823e530a668d94e71cc16db335a172a"


def world(city: Registry, *, scenario: str = "demo", seed: int = 1) -> World:
    return World(city, load_scenario(scenario, city), seed=seed, utc_offset=8 * 3600.0)


@pytest.fixture(scope="module")
def city() -> Registry:
    return load_city("demo")


@pytest.fixture(scope="module")
def small(city: Registry) -> Registry:
    """One asset of each kind with a sensor of each model."""
    wanted = {"yangtze-1", "well-001", "ponding-001", "cabinet-001", "lamp-001-01"}
    chosen = {(one.asset_id, one.model_id): one for one in city.sensors if one.asset_id in wanted}
    return replace(city, sensors=list(chosen.values()))


def readings(place: World, start: int, end: int, pack: int = 0) -> set[tuple[str, str, float, float]]:
    found = set()
    for sending in place.sendings(start, end, pack=pack):
        if sending.payload:
            pack_read = decode_senml(sending.payload)
            topic = place.devices[sending.device].telemetry
            rows = list(zip(pack_read.names, pack_read.times, pack_read.values, strict=True))
            assert len(rows) == sending.readings
            found |= {(topic, *row) for row in rows}
    return found


def test_a_minute_of_the_demo_city_is_what_it_always_was(city: Registry) -> None:
    place = world(city)
    digest = sha256()
    for sending in place.sendings(START, START + MINUTE):
        digest.update(f"{sending.time} {place.devices[sending.device].telemetry} ".encode())
        digest.update(sending.payload or b"without power")
    assert digest.hexdigest() == GOLDEN


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(1, 40 * MINUTE), pack=st.sampled_from([0, 10 * MINUTE, 7 * MINUTE + 13]))
def test_it_does_not_matter_where_one_starts_nor_how_it_is_packed(small: Registry, cut: int, pack: int) -> None:
    place, end = world(small), START + 40 * MINUTE
    whole = readings(place, START, end)
    halves = readings(world(small), START, START + cut, pack) | readings(world(small), START + cut, end)
    assert halves == whole


def test_another_device_changes_no_reading_of_the_rest(city: Registry, small: Registry) -> None:
    few = readings(world(small), START, START + 5 * MINUTE)
    assert few
    assert few <= readings(world(city), START, START + 5 * MINUTE)


def test_another_seed_gives_other_readings_at_the_same_places(small: Registry) -> None:
    one = readings(world(small), START, START + MINUTE)
    other = readings(world(small, seed=2), START, START + MINUTE)
    assert {row[0] for row in one} == {row[0] for row in other}
    assert one != other


def test_sendings_are_in_order_and_readings_in_the_interval(city: Registry) -> None:
    place = world(city)
    times = [sending.time for sending in place.sendings(START, START + MINUTE)]
    assert times == sorted(times)
    assert times[0] > START
    assert times[-1] <= START + MINUTE
    assert len({row[0] for row in readings(place, START, START + MINUTE)}) == len(place.devices) == 1237


def test_every_kind_of_asset_has_plausible_readings() -> None:
    """A sensor of every model, on every kind of asset that carries it."""
    whole = load_city("wuhan")
    kinds = {asset.asset_id: asset.kind_id for asset in whole.assets}
    chosen = {(kinds[one.asset_id], one.model_id): one for one in whole.sensors}
    names = {one.asset_id for one in chosen.values()}
    assets = [asset for asset in whole.assets if asset.asset_id in names]
    names |= {asset.parent_id for asset in assets if asset.parent_id}
    few = replace(
        whole, assets=[asset for asset in whole.assets if asset.asset_id in names], sensors=list(chosen.values())
    )
    place = world(few, scenario="quiet")
    assert len(place.devices) == len(chosen)
    plausible = {
        (f"{one.asset_id}/{one.sensor_id}", str(measure.property_id)): measure.plausible
        for one in chosen.values()
        for model in whole.models
        if model.model_id == one.model_id
        for measure in model.measures
    }
    seen = set()
    for topic, name, _, value in readings(place, START, START + 24 * 60 * MINUTE, pack=60 * MINUTE):
        key = ("/".join(topic.split("/")[4:6]), name)
        seen.add(key)
        lost_echo = name == "distance" and value == 9999
        assert plausible[key].low <= value <= plausible[key].high or lost_echo, (key, value)
    assert seen == set(plausible)


def test_lamp_controllers_fall_silent_with_their_breaker(city: Registry) -> None:
    place = world(city)
    tripped = [
        place.devices[sending.device].telemetry.split("/")[4]
        for sending in place.sendings(START + 26 * MINUTE, START + 28 * MINUTE)
        if sending.act is Act.LOSE_POWER
    ]
    assert set(tripped) == {f"lamp-001-0{number}" for number in range(1, 5)}


def test_truth_names_every_episode_once_even_after_a_restart(city: Registry, tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    scenario = load_scenario("demo", city)
    TruthFile(path, scenario).note(START, START + 10 * MINUTE)
    again = TruthFile(path, scenario)
    again.note(START + 5 * MINUTE, START + 30 * MINUTE)
    again.note(START + 30 * MINUTE, START + 39 * MINUTE)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len({line["episode_id"] for line in lines}) == len(lines)
    of_the_round = [
        line for line in lines if line["start"] >= datetime.fromtimestamp(START / 1000, UTC).isoformat()[:19]
    ]
    assert {line["event"] for line in of_the_round} == {
        "gas-leak", "ship-impact", "storm", "blocked-inlet", "breaker-trip",
    }  # fmt: skip
    assert all(line["start"] < line["end"] for line in lines)


def test_the_position_survives_and_junk_is_named(tmp_path: Path) -> None:
    path = tmp_path / "position"
    assert read_position(path) is None
    write_position(path, 123)
    assert read_position(path) == 123
    path.write_text("{}")
    with pytest.raises(Misconfigured, match="delete it"):
        read_position(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("scenario_id: x\nabout: y\nperiod: 5\n", r"x.yaml:3: period"),
        (
            _HEAD + "  - {event: gas-leak, assets: [nowhere], start: 0, duration: 9, diameter: 1}\n",
            "no asset 'nowhere'",
        ),
        (
            _HEAD + "  - {event: gas-leak, assets: [yangtze-1], start: 0, duration: 9, diameter: 1}\n",
            "is a bridge, not a gas-valve-well",
        ),
        ("scenario_id: x\nabout: y\nperiod: 600\nevents:\n  - {event: earthquake}\n", "x.yaml:5: events.0"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_line(city: Registry, tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match=complaint):
        load_scenario("x", city, tmp_path)


def test_an_unknown_scenario_is_answered_with_the_known_ones(city: Registry) -> None:
    with pytest.raises(Misconfigured, match=r"known are .*demo, .*quiet"):
        load_scenario("apocalypse", city)


def test_nothing_happens_in_the_quiet_scenario(city: Registry) -> None:
    scenario = load_scenario("quiet", city)
    assert list(scenario.episodes(0, 2e9)) == []
