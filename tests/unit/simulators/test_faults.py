"""Faults of sensors and links against what they say of themselves."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citywatch.errors import Misconfigured
from citywatch.model.identifiers import AssetId, ModelId, SensorId
from citywatch.model.registry import Registry, Sensor
from citywatch.registry import load_city
from citywatch.wire.senml import decode_senml
from simulators.events import Episode
from simulators.faults.link import (
    Corrupt,
    Delay,
    Drop,
    Duplicate,
    LinkFault,
    Links,
    Outage,
    ReconnectStorm,
    Reorder,
    in_order,
)
from simulators.faults.sensor import (
    Bias,
    ClockSkew,
    Context,
    Drift,
    Gap,
    Noisy,
    Read,
    Saturation,
    SensorFault,
    Spike,
    Stuck,
    Values,
    WrongUnit,
)
from simulators.randomness import Noise
from simulators.samples import Samples
from simulators.scenario import load_scenario
from simulators.sending import Act, Sending
from simulators.truth import TruthFile
from simulators.world import World

ROUND = 2400
START = 748_000 * ROUND * 1000
MINUTE = 60_000
WHEN = {"assets": ("x",), "start": 0, "duration": 50}
NOISE = Noise(1, "test")


def looks(counts: Sequence[int] | np.ndarray) -> Samples:
    """Return looks every second from 0."""
    numbers = np.asarray(counts, dtype=np.int64)
    return Samples(numbers.astype(np.float64), numbers, NOISE)


def wave(samples: Samples) -> Values:
    return 20 + 3 * np.sin(samples.times / 7)


def episode_of(fault: SensorFault | ClockSkew | LinkFault, start: float = 20.0, end: float = 70.0) -> Episode:
    return Episode("e", 0, fault, "x", start, end)


def through(fault: SensorFault, read: Read = wave, name: str = "fault") -> Read:
    context = Context("Cel", lambda time: looks([int(np.ceil(time))]), Noise(1, name))
    return fault.around(read, episode_of(fault), context)


EVERY = looks(np.arange(100))
INSIDE = (EVERY.times >= 20) & (EVERY.times < 70)
FAULTS = [
    Stuck(event="stuck", **WHEN),
    Spike(event="spike", size=9, share=0.3, **WHEN),
    Drift(event="drift", rate=8640, **WHEN),
    Bias(event="bias", offset=-2, **WHEN),
    Noisy(event="noise", sigma=0.5, **WHEN),
    Gap(event="gap", share=0.4, **WHEN),
    Saturation(event="saturation", low=19, high=21, **WHEN),
    WrongUnit(event="wrong-unit", unit="K", **WHEN),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.event)
def test_a_fault_acts_within_its_episode_alone(fault: SensorFault) -> None:
    values, true = through(fault)(EVERY), wave(EVERY)
    assert np.array_equal(values[~INSIDE], true[~INSIDE])
    assert not np.array_equal(values[INSIDE], true[INSIDE])


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(0, 99), min_size=1, max_size=20, unique=True).map(sorted), which=st.permutations(FAULTS)
)
def test_faults_compose_and_do_not_depend_on_what_else_is_read(counts: list[int], which: list[SensorFault]) -> None:
    read: Read = wave
    for number, fault in enumerate(which[:3]):
        read = through(fault, read, str(number))
    assert np.array_equal(read(looks(counts)), read(EVERY)[counts], equal_nan=True)


def test_each_fault_does_what_it_says() -> None:
    true, by_kind = wave(EVERY), {type(fault): through(fault)(EVERY) for fault in FAULTS}
    assert set(by_kind[Stuck][INSIDE]) == {true[20]}
    off = np.abs(by_kind[Spike] - true)[INSIDE]
    assert off[off > 0] == pytest.approx(9)
    assert 5 < np.count_nonzero(off) < 25
    assert (by_kind[Drift] - true)[INSIDE] == pytest.approx(0.1 * (EVERY.times[INSIDE] - 20))
    assert (by_kind[Bias] - true)[INSIDE] == pytest.approx(-2)
    assert 0.3 < np.std((by_kind[Noisy] - true)[INSIDE]) < 0.7
    missing = np.isnan(by_kind[Gap])
    assert 10 < missing.sum() < 30
    assert np.array_equal(by_kind[Gap][~missing], true[~missing])
    assert by_kind[Saturation][INSIDE] == pytest.approx(np.clip(true, 19, 21)[INSIDE])
    assert by_kind[WrongUnit][INSIDE] == pytest.approx(true[INSIDE] + 273.15)


def test_a_skewed_clock_is_ahead_and_runs_away_until_it_is_set() -> None:
    skew = ClockSkew(event="clock-skew", offset=5, rate=864, **WHEN)
    ahead = skew.reads(EVERY.times, episode_of(skew)) - EVERY.times
    assert not ahead[~INSIDE].any()
    assert ahead[INSIDE] == pytest.approx(5 + 0.01 * (EVERY.times[INSIDE] - 20))


def messages(count: int = 200) -> list[Sending]:
    return [Sending(1000 * number, 0, payload=b"%d" % number, readings=1, number=number) for number in range(count)]


def carried(*faults: LinkFault) -> list[Sending]:
    found = [replace(episode_of(fault), number=number) for number, fault in enumerate(faults)]
    links = Links(lambda _device, _start, _end: found, lambda device, number: Noise(1, str(device), str(number)))
    acts = [*links.moments([0], -1, 10**9), *messages()]
    return list(in_order(links, sorted(acts, key=lambda one: one.time)))


def test_links_lose_double_delay_and_damage_what_they_say() -> None:
    whole = messages()
    inside = [one for one in whole if 20_000 <= one.time < 70_000]
    dropped = carried(Drop(event="drop", share=0.5, **WHEN))
    lost = {one.number for one in whole} - {one.number for one in dropped}
    assert lost < {one.number for one in inside}
    assert 15 < len(lost) < 35
    doubled = Counter(one.number for one in carried(Duplicate(event="duplicate", share=0.5, after=3, **WHEN)))
    assert {one.number for one in inside} > {number for number, count in doubled.items() if count == 2}
    assert set(doubled) == {one.number for one in whole}
    late = {one.number: one.time for one in carried(Delay(event="delay", seconds=90, **WHEN))}
    assert [late[one.number] - one.time for one in inside] == [90_000] * len(inside)
    hurt = carried(Corrupt(event="corrupt", share=1, damage=1, **WHEN))
    damaged = [one for one in hurt if one.payload != whole[one.number].payload]
    assert {one.number for one in damaged} == {one.number for one in inside}
    for one in damaged:
        pairs = zip(one.payload, whole[one.number].payload, strict=True)
        assert sum(new != old for new, old in pairs) == 1


def test_an_outage_ends_in_a_burst_in_the_order_of_the_messages() -> None:
    out = carried(Outage(event="outage", **WHEN))
    burst = [one.number for one in out if one.time == 70_000 and one.act is Act.SEND]
    assert burst == list(range(20, 71))
    assert [(one.time, one.act) for one in out if one.act is not Act.SEND] == [
        (20_000, Act.LOSE_LINK),
        (70_000, Act.CONNECT),
    ]
    assert not [one for one in out if 20_000 < one.time < 70_000]
    forgetful = carried(Outage(event="outage", loses=True, **WHEN))
    assert [one.number for one in forgetful if one.act is Act.SEND] == [*range(20), *range(70, 200)]


def test_a_reconnect_storm_breaks_links_at_the_same_moments_and_loses_nothing() -> None:
    out = carried(ReconnectStorm(event="reconnect-storm", every=10, **WHEN))
    acts = [(one.time, one.act) for one in out if one.act is not Act.SEND]
    assert acts == [(1000 * at, act) for at in range(20, 70, 10) for act in (Act.LOSE_LINK, Act.CONNECT)]
    assert [one for one in out if one.act is Act.SEND] == messages()


LINK_FAULTS = st.lists(
    st.sampled_from(
        [
            Drop(event="drop", share=0.3, **WHEN),
            Duplicate(event="duplicate", share=0.5, after=7, **WHEN),
            Delay(event="delay", seconds=33, **WHEN),
            Reorder(event="reorder", window=20, **WHEN),
            Corrupt(event="corrupt", share=0.2, damage=2, **WHEN),
            Outage(event="outage", **WHEN),
            Outage(event="outage", loses=True, **WHEN),
            ReconnectStorm(event="reconnect-storm", every=13, **WHEN),
        ]
    ),
    max_size=4,
)


@settings(deadline=None)
@given(faults=LINK_FAULTS)
def test_whatever_a_link_does_time_runs_forward_and_nothing_comes_from_nowhere(faults: list[LinkFault]) -> None:
    out = carried(*faults)
    times = [one.time for one in out]
    assert times == sorted(times)
    sent = [one for one in out if one.act is Act.SEND]
    assert all(one.time >= 1000 * one.number for one in sent)
    kinds = {type(fault) for fault in faults}
    counts = Counter(one.number for one in sent)
    if Drop not in kinds and not any(isinstance(fault, Outage) and fault.loses for fault in faults):
        assert set(counts) == set(range(200))
    if Duplicate not in kinds:
        assert set(counts.values()) <= {1}
    if Corrupt not in kinds:
        assert all(one.payload == b"%d" % one.number for one in sent)


@pytest.fixture(scope="module")
def city() -> Registry:
    return load_city("demo")


@pytest.fixture(scope="module")
def small(city: Registry) -> Registry:
    """Two bridges with a strain gauge and a tiltmeter twice."""
    models = {"strain": ModelId("strain-gauge"), "tilt": ModelId("tiltmeter")}
    return replace(
        city,
        sensors=[
            Sensor(AssetId(bridge), SensorId(f"{kind}-{number}"), model)
            for bridge in ("yangtze-1", "yangtze-2")
            for kind, model in models.items()
            for number in (1, 2)
        ],
    )


FAULTY = f"""
scenario_id: faulty
about: sensors and links with faults
period: {ROUND}
events:
  - {{event: stuck, assets: [yangtze-1], sensor: strain-1, property: strain, start: 60, duration: 600}}
  - {{event: bias, assets: [yangtze-1], sensor: strain-1, property: strain, start: 300, duration: 600, offset: 50}}
  - {{event: gap, assets: [yangtze-1], sensor: tilt-1, start: 0, duration: 1200, share: 0.5}}
  - {{event: clock-skew, assets: [yangtze-1], sensor: tilt-2, start: 0, duration: 1200, offset: 90}}
  - {{event: drop, assets: [yangtze-2], sensor: tilt-1, start: 0, duration: 1200, share: 0.3}}
  - {{event: outage, assets: ["yangtze-*"], sensor: strain-2, start: 300, duration: 900, together: true}}
  - {{event: reorder, assets: [yangtze-2], sensor: strain-2, start: 0, duration: 2400, window: 60}}
"""


def world(registry: Registry, folder: Path) -> World:
    (folder / "faulty.yaml").write_text(FAULTY, encoding="utf-8")
    return World(registry, load_scenario("faulty", registry, folder), seed=1, utc_offset=8 * 3600.0)


def acts(place: World, start: int, end: int, pack: int = 0) -> list[tuple[int, str, Act, bytes]]:
    return [
        (one.time, place.devices[one.device].telemetry, one.act, one.payload)
        for one in place.sendings(start, end, pack=pack)
    ]


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(1, 30 * MINUTE))
def test_with_faults_too_it_does_not_matter_where_one_starts(
    small: Registry, tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("scenario")
    whole = acts(world(small, folder), START, START + 30 * MINUTE)
    halves = [
        *acts(world(small, folder), START, START + cut),
        *acts(world(small, folder), START + cut, START + 30 * MINUTE),
    ]
    assert Counter(halves) == Counter(whole)
    assert [one[0] for one in halves] == [one[0] for one in whole]


def test_faults_reach_the_payloads_they_name_and_no_others(small: Registry, tmp_path: Path) -> None:
    faulty = acts(world(small, tmp_path), START, START + 20 * MINUTE)
    quiet = World(small, load_scenario("quiet", small), seed=1, utc_offset=8 * 3600.0)
    sound = acts(quiet, START, START + 20 * MINUTE)
    changed = {"/".join(one[1].split("/")[4:6]) for one in set(faulty) ^ set(sound)}
    assert changed == {
        "yangtze-1/strain-1", "yangtze-1/tilt-1", "yangtze-1/tilt-2",
        "yangtze-1/strain-2", "yangtze-2/strain-2", "yangtze-2/tilt-1",
    }  # fmt: skip
    packs = [decode_senml(payload) for _, topic, _, payload in faulty if "/yangtze-1/strain-1/" in topic]
    strains = [value for pack in packs for name, value in zip(pack.names, pack.values, strict=True) if name == "strain"]
    frozen = Counter(round(value, 1) for value in strains).most_common(1)[0]
    assert frozen[1] > 20


def test_truth_knows_the_faults(small: Registry, tmp_path: Path) -> None:
    scenario = world(small, tmp_path).scenario
    TruthFile(tmp_path / "truth.jsonl", scenario).note(START + 1, START + ROUND * 500)
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert Counter(line["event"] for line in lines) == {
        "stuck": 1, "bias": 1, "gap": 1, "clock-skew": 1, "drop": 1, "outage": 2, "reorder": 1,
    }  # fmt: skip
    assert {line["asset_id"] for line in lines if line["event"] == "outage"} == {"yangtze-1", "yangtze-2"}
    assert next(line for line in lines if line["event"] == "bias")["offset"] == 50


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (
            "{event: stuck, assets: [yangtze-1], sensor: nose, start: 0, duration: 9}",
            "x.yaml:5: events.0.sensor.*known are",
        ),
        ("{event: stuck, assets: [yangtze-1], property: smell, start: 0, duration: 9}", "known are .*strain"),
        ("{event: wrong-unit, assets: [yangtze-1], property: strain, unit: Cel, start: 0, duration: 9}", "um/m"),
        (
            "{event: wrong-unit, assets: [yangtze-1], property: strain, unit: ells, start: 0, duration: 9}",
            "unknown unit",
        ),
        ("{event: saturation, assets: [yangtze-1], start: 0, duration: 9}", "'low', 'high'"),
        ("{event: drop, assets: [yangtze-1], share: 2, start: 0, duration: 9}", "less than or equal to 1"),
        ("{event: drop, assets: [yangtze-1], shore: 1, start: 0, duration: 9}", "unknown field"),
        ("{event: outage, assets: ['nowhere-*'], start: 0, duration: 9}", "no asset 'nowhere-"),
    ],
)
def test_a_wrong_fault_is_refused(city: Registry, tmp_path: Path, entry: str, complaint: str) -> None:
    text = f"scenario_id: x\nabout: y\nperiod: 600\nevents:\n  - {entry}\n"
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match=complaint):
        load_scenario("x", city, tmp_path)
