"""Physics of the devices against conservation laws, closed forms and slow twins."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.model.registry import Registry
from citywatch.registry import load_city
from simulators.devices import Samples, Site, build_site
from simulators.devices.gas_well import GasWell, leak_flow, well_share
from simulators.devices.ponding_point import PondingPoint, pond
from simulators.environment import Environment
from simulators.randomness import Noise
from simulators.scenario import Scenario, load_scenario
from simulators.storms import storms_of

ROUND = 2400.0
START = 748_000 * ROUND  # every event of the demo scenario meets its first asset here
HOUR = 3600.0


@pytest.fixture(scope="module")
def city() -> Registry:
    return load_city("demo")


@pytest.fixture(scope="module")
def scenario(city: Registry) -> Scenario:
    return load_scenario("demo", city)


def site(scenario: Scenario, asset_id: str) -> Site:
    environment = Environment(seed=1, utc_offset=8 * HOUR, storms=lambda start, end: storms_of(scenario, start, end))
    built = build_site(scenario.assets[asset_id], environment, scenario, seed=1)
    assert built is not None
    return built


def look(place: Site, property_id: str, times: Sequence[float] | np.ndarray) -> np.ndarray:
    samples = Samples(np.asarray(times, dtype=np.float64), np.arange(len(times)), Noise(1, "test", property_id))
    return place.measure(property_id, samples)


@given(
    change=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=60),
    area=st.floats(10, 2000),
)
def test_ponding_is_the_step_by_step_balance_of_volumes(change: list[tuple[float, float]], area: float) -> None:
    inflow, drain = np.array(change).T
    depth = [0.0]
    for gain, loss in change[:-1]:
        depth.append(max(depth[-1] + (gain - loss) * 10 / area, 0.0))
    assert pond(inflow, drain, area=area, step=10.0) == pytest.approx(depth, abs=1e-9)


@given(duration=st.floats(10, 3000), inflow=st.floats(1e-6, 1e-3), exchange=st.floats(1e-4, 5e-3))
def test_a_leak_in_a_well_solves_the_ventilated_room(duration: float, inflow: float, exchange: float) -> None:
    times, step = np.linspace(-100, 2 * duration, 20_001, retstep=True)
    share = 0.0
    slow = []
    for time in times:
        slow.append(share)
        rate = inflow if 0 <= time < duration else 0.0
        share += step * ((1 - share) * rate - exchange * share)
    fast = well_share(times, duration, inflow, exchange)
    assert np.abs(fast - slow).max() < 2e-3 * max(*slow, 1e-9) + 2 * step * inflow


def test_a_hole_of_one_millimetre_leaks_half_a_litre_a_second() -> None:
    assert leak_flow(diameter=1.0, pressure=200.0) == pytest.approx(4.5e-4, rel=0.02)
    assert leak_flow(diameter=2.0, pressure=200.0) == pytest.approx(4 * leak_flow(diameter=1.0, pressure=200.0))
    with pytest.raises(ValueError, match="85 kPa"):
        leak_flow(diameter=1.0, pressure=10.0)


def test_a_gas_leak_fills_its_well_and_no_other(scenario: Scenario) -> None:
    leaking, sound = site(scenario, "well-017"), site(scenario, "well-002")
    assert isinstance(leaking, GasWell)
    assert isinstance(sound, GasWell)
    times = START + np.array([-1.0, 300.0, 900.0, 2300.0])
    before, rising, highest, aired = leaking.methane(times)
    assert before < rising < highest > aired
    assert highest > 50
    assert (sound.methane(times) < 5).all()
    assert (look(leaking, "methane", times) <= 100).all()


def test_blocked_inlets_pond_deeper_than_a_neighbour_and_then_drain(scenario: Scenario) -> None:
    place = site(scenario, "ponding-001")
    assert isinstance(place, PondingPoint)
    times = START + np.arange(0, ROUND, 30)
    depth = place.depth(times)
    assert depth[:10].max() == 0
    assert depth.max() > 300
    assert times[depth.argmax()] > START + 480 + 0.35 * 1200  # after the peak of the rain
    assert depth[-1] < depth.max()
    assert (
        site(scenario, "ponding-005").measure("water_depth", Samples(times, np.arange(len(times)), Noise(1))).max() < 5
    )
    ranger = look(place, "distance", times)
    echo = ranger < 5000
    assert np.corrcoef(ranger[echo], depth[echo])[0, 1] < -0.99


def test_depth_does_not_depend_on_where_one_begins_to_ask(scenario: Scenario) -> None:
    times = START + np.arange(0, 3 * ROUND, 60)
    whole = site(scenario, "ponding-001")
    assert isinstance(whole, PondingPoint)
    one_by_one = [look(site(scenario, "ponding-001"), "rain_rate", [time])[0] for time in times[:5]]
    assert len(one_by_one) == 5
    late = site(scenario, "ponding-001")
    assert isinstance(late, PondingPoint)
    assert np.array_equal(late.depth(times[40:]), whole.depth(times)[40:])


def test_a_ship_tilts_and_shakes_the_pier_it_strikes(scenario: Scenario) -> None:
    struck, other = site(scenario, "yangtze-2"), site(scenario, "yangtze-1")
    times = START + np.array([200.0, 245.0, 1000.0, 1800.0])
    tilt = look(struck, "tilt", times)
    assert tilt[1:3] == pytest.approx([0.25, 0.25], abs=0.04)
    assert np.abs(tilt[[0, 3]]).max() < 0.04
    shake = look(struck, "acceleration_rms", times)
    assert shake[1] > 10 * shake[[0, 2, 3]].max()
    assert np.abs(look(other, "tilt", times)).max() < 0.04


def test_strain_follows_the_temperature_of_the_structure(scenario: Scenario) -> None:
    bridge = site(scenario, "yangtze-1")
    times = START + np.arange(0, 4 * 86_400, 600)
    warmth, strain = look(bridge, "structure_temperature", times), look(bridge, "strain", times)
    assert np.corrcoef(warmth, strain)[0, 1] > 0.8
    slope = np.polyfit(warmth, strain, 1)[0]
    assert 3 < slope < 11  # [um/m/K]
    assert (look(bridge, "acceleration_rms", times) > 0).all()
    joint = look(bridge, "joint_displacement", times)
    assert np.corrcoef(warmth, joint)[0, 1] > 0.9


def test_a_breaker_darkens_all_lamps_of_its_cabinet(scenario: Scenario) -> None:
    cabinet, lamp = site(scenario, "cabinet-001"), site(scenario, "lamp-001-01")
    other = site(scenario, "lamp-002-01")
    times = START + np.array([0.0, 1600.0, 2300.0])
    assert (look(cabinet, "supply_voltage", times) > 200).tolist() == [True, False, True]
    assert lamp.is_powered(times).tolist() == [True, False, True]
    assert look(lamp, "active_power", times)[1] == 0
    assert look(lamp, "current", times)[1] == 0
    assert cabinet.is_powered(times).all()
    assert other.is_powered(times).all()


def test_lamps_burn_at_night_and_less_late_at_night(scenario: Scenario) -> None:
    lamp = site(scenario, "lamp-002-01")
    midnight = START - (START + 8 * HOUR) % 86_400
    evening, late, noon = midnight + np.array([21 * HOUR, 26 * HOUR, 12 * HOUR])
    power = look(lamp, "active_power", [evening, late, noon])
    assert power[0] > power[1] > 10 * power[2]
    assert power[1] / power[0] == pytest.approx(0.6, abs=0.03)
    current, voltage = look(lamp, "current", [evening])[0], look(lamp, "supply_voltage", [evening])[0]
    assert current * voltage * 0.96 == pytest.approx(power[0], rel=0.05)


def test_an_unknown_property_is_refused(scenario: Scenario) -> None:
    for asset_id in ("yangtze-1", "well-001", "ponding-001", "cabinet-001", "lamp-001-01"):
        with pytest.raises(ValueError, match="has no colour"):
            look(site(scenario, asset_id), "colour", [START])


def test_no_water_is_lost_between_inflow_drain_and_street() -> None:
    rng = np.random.default_rng(1)
    inflow, drain = rng.uniform(0, 0.5, 500) * (np.arange(500) < 300), np.full(500, 0.2)
    depth = pond(inflow, drain, area=800.0, step=10.0)
    standing = 800.0 * depth
    took = np.minimum(drain, inflow + standing / 10.0)[:-1]
    assert np.diff(standing) == pytest.approx((inflow[:-1] - took) * 10.0, abs=1e-9)
    assert (inflow.sum() - took.sum()) * 10.0 == pytest.approx(standing[-1], abs=1e-6)


LIGHTS = """
scenario_id: lights
about: what befalls lamps
period: 2400
events:
  - {event: cable-theft, assets: [cabinet-001], start: 0, duration: 600}
  - {event: leakage, assets: [cabinet-002], start: 0, duration: 600, current: 120}
  - {event: lamp-failure, assets: [lamp-003-01], start: 0, duration: 600}
"""


def test_theft_leakage_and_failure_look_different(city: Registry, tmp_path: Path) -> None:
    (tmp_path / "lights.yaml").write_text(LIGHTS, encoding="utf-8")
    scenario = load_scenario("lights", city, tmp_path)
    midnight = START - (START + 8 * HOUR) % 86_400 + 24 * HOUR
    night = midnight - midnight % ROUND + np.array([300.0, 900.0])
    cabinet, lamp = site(scenario, "cabinet-001"), site(scenario, "lamp-001-01")
    assert (look(cabinet, "supply_voltage", night) > 200).all()
    assert look(cabinet, "active_power", night)[0] == 0
    assert look(cabinet, "active_power", night)[1] > 100
    assert lamp.is_powered(night).tolist() == [False, True]
    leaking = look(site(scenario, "cabinet-002"), "leakage_current", night)
    assert leaking == pytest.approx([124, 4], abs=3)
    broken = site(scenario, "lamp-003-01")
    power = look(broken, "active_power", night)
    assert broken.is_powered(night).all()
    assert power[0] < 2
    assert power[1] > 40
    assert look(broken, "supply_voltage", night)[0] > 200
