"""How bridges move, against closed forms and slow twins."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.signal import welch

from citywatch.model.identifiers import ModelId, SensorId
from citywatch.model.registry import Registry, Sensor
from citywatch.registry import load_city
from citywatch.wire.codecs import decode_block
from simulators.devices import Site, build_site
from simulators.devices.bridge import Bridge, cable_force, joint_movement
from simulators.devices.trucks import Truck, middle_deflection, middle_moment, on_span
from simulators.devices.vibration import RATE, Girder, Vibration, moving_load
from simulators.environment import Environment
from simulators.randomness import Noise
from simulators.samples import Samples
from simulators.scenario import Scenario, load_scenario
from simulators.sending import Act
from simulators.storms import storms_of
from simulators.world import World

START = 1_795_200_000.0
GIRDER = Girder(40.0, 12_000.0, 3.05, 0.012, (-8e-4, -5e-4, 3e-4, -6e-4), 0.004)


@pytest.fixture(scope="module")
def city() -> Registry:
    return load_city("demo")


def scenario_of(city: Registry, folder: Path, events: str = "") -> Scenario:
    text = f"scenario_id: x\nabout: y\nperiod: 86400\nevents: [{events}]\n"
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    return load_scenario("x", city, folder)


def site(scenario: Scenario, asset_id: str = "yangtze-1") -> Site:
    environment = Environment(seed=1, utc_offset=28_800.0, storms=lambda start, end: storms_of(scenario, start, end))
    built = build_site(scenario.assets[asset_id], environment, scenario, seed=1)
    assert built is not None
    return built


def look(place: Site, name: str, times: np.ndarray) -> np.ndarray:
    return place.measure(name, Samples(times, np.arange(len(times)), Noise(1, "test", name)))


def swinging(temperature: float, loss: float = 0.0) -> np.ndarray:
    """Return ten minutes of a girder in the wind."""
    no_trucks: Callable[[float, float], list[Truck]] = lambda _start, _end: []  # noqa: E731
    vibration = Vibration(
        GIRDER,
        state=lambda _time: (temperature, loss),
        wind=lambda _time: 0.01,
        trucks=no_trucks,
        seed=1,
        name="girder",
    )
    return vibration.acceleration(START + np.arange(60_000) / RATE)


@pytest.mark.parametrize(("temperature", "loss"), [(15.0, 0.0), (38.0, 0.0), (-12.0, 0.0), (15.0, 0.15)])
def test_the_spectrum_shows_the_natural_frequencies(temperature: float, loss: float) -> None:
    expected = GIRDER.frequencies(temperature, loss)
    assert len(expected) == 2
    frequencies, power = welch(swinging(temperature, loss), RATE, nperseg=8192)
    for mode in expected:
        near = (frequencies > 0.85 * mode) & (frequencies < 1.15 * mode)
        found = np.average(frequencies[near], weights=power[near] ** 2)
        assert found == pytest.approx(mode, rel=0.006)


def test_warmth_cold_and_damage_move_the_frequencies() -> None:
    first = [GIRDER.frequencies(temperature)[0] for temperature in (-10.0, 0.0, 15.0, 35.0)]
    assert first == sorted(first, reverse=True)
    above, below = (first[1] - first[2]) / 15, (first[0] - first[1]) / 10
    assert below > 3 * above, "frozen asphalt bends the line"
    assert GIRDER.frequencies(15.0, 0.1) == pytest.approx(GIRDER.frequencies(15.0) * 0.9**0.5)
    assert GIRDER.frequencies(15.0)[1] == pytest.approx(4 * GIRDER.frequencies(15.0)[0])
    beam = np.pi / (2 * GIRDER.span**2) * np.sqrt(GIRDER.stiffness / GIRDER.mass)
    assert GIRDER.frequencies(15.0)[0] == pytest.approx(beam)


def test_the_response_to_wind_has_the_strength_it_was_asked_for_everywhere() -> None:
    swing = swinging(15.0)
    assert swing.std() == pytest.approx(0.01, rel=0.05)
    minutes = swing.reshape(10, -1).std(axis=1)
    assert minutes.min() > 0.006
    assert minutes.max() < 0.015


@settings(max_examples=15, deadline=None)
@given(speed=st.floats(8, 30), frequency=st.floats(0.8, 4), damping=st.floats(0.005, 0.05))
def test_a_moving_load_solves_the_equation_of_motion(speed: float, frequency: float, damping: float) -> None:
    span, mass, force = 40.0, 12_000.0, 300_000.0
    times = np.linspace(0, 2 * span / speed, 400)
    w, drive, load = 2 * np.pi * frequency, np.pi * speed / span, 2 * force / (mass * span)

    def rate(time: float, state: np.ndarray) -> list[float]:
        push = load * np.sin(drive * time) if time <= span / speed else 0.0
        return [state[1], push - 2 * damping * w * state[1] - w**2 * state[0]]

    slow = solve_ivp(rate, (0, times[-1]), [0, 0], t_eval=times, max_step=0.01, rtol=1e-8, atol=1e-12).y
    expected = [rate(time, state)[1] for time, state in zip(times, slow.T, strict=True)]
    fast = moving_load(
        times, force=force, speed=speed, span=span, mass=mass,
        frequencies=np.array([frequency]), damping=damping, place=0.5,
    )  # fmt: skip
    assert np.abs(fast - expected).max() < 0.01 * np.abs(expected).max()


def test_a_truck_bends_the_span_while_it_is_on_it() -> None:
    truck = Truck(START, 10.0, 40.0)
    times = START + np.array([-0.1, 0.0, 1.0, 2.0, 3.0, 4.0, 4.1])
    assert on_span([truck], times, 40.0, middle_moment) == pytest.approx([0, 0, 20, 40, 20, 0, 0])
    assert middle_deflection(np.array([0.25, 0.5, 0.75])) == pytest.approx([11 / 16, 1, 11 / 16])


def test_joints_move_as_far_as_the_girder_expands(city: Registry, tmp_path: Path) -> None:
    assert joint_movement(np.array([10.0]), 100.0) == pytest.approx([12.0])
    bridge = site(scenario_of(city, tmp_path))
    times = START + np.arange(0, 30 * 86_400, 3600.0)
    warmth, joint = look(bridge, "structure_temperature", times), look(bridge, "joint_displacement", times)
    slope = np.polyfit(warmth, joint, 1)[0]
    assert slope == pytest.approx(1000 * 1.2e-5 * 128 / 2, rel=0.05)


def test_a_cable_is_a_string() -> None:
    assert cable_force(length=100.0, mass=60.0, frequency=1.1) == pytest.approx(2904.0)


def test_a_jammed_joint_stands_still_while_the_bridge_warms(city: Registry, tmp_path: Path) -> None:
    day = START // 86_400 * 86_400
    jammed = site(scenario_of(city, tmp_path, "{event: joint-jam, assets: [yangtze-1], start: 18000, duration: 36000}"))
    times = day + np.arange(18_000, 54_000, 600.0)
    assert np.ptp(look(jammed, "structure_temperature", times)) > 2
    assert look(jammed, "joint_displacement", times).std() < 0.2


def test_damage_softens_a_bridge_and_the_temperature_hides_it(city: Registry, tmp_path: Path) -> None:
    events = (
        "{event: stiffness-loss, assets: [yangtze-1], start: 0, duration: 86400, share: 0.1},"
        "{event: convoy, assets: [yangtze-1], start: 0, duration: 86400, mass: 70, gap: 30}"
    )
    damaged = site(scenario_of(city, tmp_path, events))
    sound = site(scenario_of(city, tmp_path, events.replace("share: 0.1", "share: 0.000001")))
    assert isinstance(damaged, Bridge)
    end = START // 86_400 * 86_400 + 86_300
    times = end + np.arange(0, 60, 0.5)
    assert look(damaged, "deflection", times).max() == pytest.approx(
        look(sound, "deflection", times).max() / 0.9, rel=0.02
    )
    seasons = damaged.girder.frequencies(-5.0)[0] - damaged.girder.frequencies(35.0)[0]
    loss = damaged.girder.frequencies(15.0)[0] - damaged.girder.frequencies(15.0, 0.1)[0]
    assert seasons > loss / 2


def test_an_overweight_convoy_is_felt_by_strain_and_deflection(city: Registry, tmp_path: Path) -> None:
    night = START // 86_400 * 86_400 + 19 * 3600  # three in the morning
    events = "{event: convoy, assets: [yangtze-1], start: 68400, duration: 60, mass: 90, gap: 6}"
    heavy, light = site(scenario_of(city, tmp_path, events)), site(scenario_of(city, tmp_path))
    times = night + np.arange(-60.0, 120.0)
    extra = look(heavy, "strain", times) - look(light, "strain", times)
    assert extra.max() > 25
    assert np.abs(extra[times < night]).max() == 0
    force = look(heavy, "force", times) - look(light, "force", times)
    assert force.max() > 60


@pytest.fixture(scope="module")
def shaken(city: Registry) -> World:
    sensors = [Sensor(asset.asset_id, SensorId("accel-9"), ModelId("accelerometer")) for asset in city.assets[:2]]
    registry = replace(city, sensors=sensors)
    return World(registry, load_scenario("demo", registry), seed=1, utc_offset=28_800.0)


def test_blocks_follow_each_other_without_a_seam_wherever_one_starts(shaken: World) -> None:
    start = int(START) * 1000
    whole = list(shaken.sendings(start, start + 60_000))
    assert all(one.act is Act.SEND for one in whole)
    halves = [*shaken.sendings(start, start + 31_234), *shaken.sendings(start + 31_234, start + 60_000)]
    assert [(one.time, one.payload) for one in halves] == [(one.time, one.payload) for one in whole]
    blocks = [decode_block(one.payload, None, max_bytes=100_000) for one in whole if one.device == 0]
    assert len(blocks) == 60
    assert {(block.sampling_rate, len(block.values), block.unit) for block in blocks} == {(100.0, 100, "m/s2")}
    assert np.diff([block.start_time for block in blocks]) == pytest.approx(1.0)
    assert shaken.devices[0].telemetry.endswith("/accel-9/wave")
    values = np.concatenate([block.values for block in blocks])
    assert 0.002 < values.std() < 0.5
