"""What is done to recorded messages on their way: nothing, unless it was asked for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.errors import Misconfigured
from citywatch.model.waveforms import WaveformBlock
from citywatch.registry import load_city
from citywatch.wire.codecs import decode, decode_block
from citywatch.wire.plain_json import PlainMessage, encode_plain_json
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.senml_cbor import encode_senml_cbor
from citywatch.wire.stamps import read_stamps, stamps
from citywatch.wire.waveform import encode_waveform
from simulators.recordings.faulty import FaultyLinks
from simulators.recordings.message import RecordedMessage
from simulators.recordings.pace import Pace
from simulators.recordings.program import Program
from simulators.recordings.reading import Recording, Span
from simulators.recordings.shift import shift_payload, shifted
from simulators.recordings.topics import Remap, check_filter, matches
from simulators.recordings.writing import RecordingWriter
from simulators.scenario import load_scenario

BEGIN = 1_770_000_000
TOPIC = "citywatch/v1/hanyang/bridge/yangtze-1/{}/senml"


class SetClock:
    """A clock that says what it was told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def message(number: int, sensor: str = "strain-1") -> RecordedMessage:
    payload = encode_senml([SenmlRecord(n="strain", u="um/m", t=float(BEGIN + number), v=float(number))])
    at = (BEGIN + number) * 1_000_000
    return RecordedMessage(TOPIC.format(sensor), payload, CONTENT_TYPE, at, at, stamps(number, at))


def recording(folder: Path, messages: list[RecordedMessage]) -> Path:
    path = folder / "r.mcap"
    with RecordingWriter(path, source="a test", licence="none", city="demo") as writer:
        for one in messages:
            writer.write(one)
    return path


def played(path: Path, program: Program) -> list[RecordedMessage]:
    with Recording(path) as opened:
        return list(program.messages(opened))


TWO_SENSORS = [message(number, ("strain-1", "tilt-1")[number % 2]) for number in range(40)]


def test_a_program_that_changes_nothing_changes_no_byte(tmp_path: Path) -> None:
    assert played(recording(tmp_path, TWO_SENSORS), Program()) == TWO_SENSORS


def test_topics_are_chosen_and_renamed(tmp_path: Path) -> None:
    path = recording(tmp_path, TWO_SENSORS)
    tilts = played(path, Program(filters=["citywatch/v1/+/bridge/+/tilt-1/#"]))
    assert tilts == TWO_SENSORS[1::2]
    renamed = played(path, Program(remaps=[Remap.parse("citywatch/v1/hanyang=citywatch/v1/jiangan")]))
    assert {one.topic.split("/")[2] for one in renamed} == {"jiangan"}
    assert [one.payload for one in renamed] == [one.payload for one in TWO_SENSORS]
    with pytest.raises(Misconfigured, match=r"no topic of .* matches"):
        played(path, Program(filters=["citywatch/v1/nowhere/#"]))


def test_rounds_repeat_the_bytes_or_go_on_in_time(tmp_path: Path) -> None:
    path = recording(tmp_path, TWO_SENSORS)
    same = played(path, Program(rounds=3))
    assert [one.payload for one in same] == 3 * [one.payload for one in TWO_SENSORS]
    due = [one.publication_time for one in same]
    assert due == sorted(due)
    later = played(path, Program(rounds=2, offset=0))
    times = [decode(one.payload, CONTENT_TYPE, max_bytes=10_000).times[0] for one in later]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("topic", "pattern", "expected"),
    [
        ("a/b/c", "a/b/c", True),
        ("a/b/c", "a/+/c", True),
        ("a/b/c", "a/#", True),
        ("a", "a/#", True),
        ("a/b/c", "a/+", False),
        ("a/b", "a/b/c", False),
        ("a/b/c", "#", True),
        ("$SYS/x", "#", False),
        ("$SYS/x", "$SYS/#", True),
    ],
)
def test_filters_match_as_brokers_do(topic: str, pattern: str, expected: bool) -> None:
    assert matches(topic, pattern) is expected


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a/b+", "a#"])
def test_a_filter_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(Misconfigured, match="no topic filter"):
        check_filter(pattern)


@pytest.mark.parametrize("text", ["a", "=b", "a=", "a/+=b"])
def test_a_rename_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="write OLD=NEW"):
        Remap.parse(text)


@given(
    offset=st.integers(-(10**15), 10**15),
    base=st.one_of(st.none(), st.floats(1.6e9, 2e9)),
    times=st.lists(st.floats(0, 1e6), min_size=1, max_size=5),
    encode=st.sampled_from([encode_senml, encode_senml_cbor]),
)
def test_a_moved_pack_has_the_same_readings_at_later_times(offset, base, times, encode) -> None:  # type: ignore[no-untyped-def]
    begin = 1.7e9 if base is None else 0.0
    records = [
        SenmlRecord(n="a", t=begin + time, v=1.5, bt=base if number == 0 else None) for number, time in enumerate(times)
    ]
    before = decode(encode(records), None, max_bytes=10_000)
    after = decode(shift_payload(encode(records), offset), None, max_bytes=10_000)
    assert after.values == before.values
    assert after.times == pytest.approx([time + offset / 1e6 for time in before.times], abs=2e-6)


def test_other_formats_and_stamps_move_too() -> None:
    hour = 3_600_000_000
    text = encode_plain_json(PlainMessage({"a": 1.0}, time="2026-01-01T08:00:00+08:00"))
    assert decode(shift_payload(text, hour), None, max_bytes=1000).times == [1767225600.0 + 3600]
    block = WaveformBlock("acceleration", 1.7e9, 100.0, np.ones(10, dtype=np.float32), "m/s2")
    moved = decode_block(shift_payload(encode_waveform(block), hour), None, max_bytes=1000)
    assert (moved.start_time, len(moved.values)) == (1.7e9 + 3600, 10)
    for junk in (b"", b"\x00garbage", b"[1, 2", b'"text"', b"[" * 5000):
        assert shift_payload(junk, hour) == junk
    (one,) = shifted([message(3)], hour)
    assert read_stamps(one.properties) == (3, BEGIN + 3 + 3600)


def test_the_pace_waits_pauses_and_steps() -> None:
    clock = SetClock()
    pace = Pace(clock, 10.0)
    assert pace.ahead(0) == 0
    assert pace.ahead(100_000_000) == pytest.approx(10)
    clock.time += timedelta(seconds=9)
    assert pace.ahead(100_000_000) == pytest.approx(1)
    pace.faster(2)
    assert pace.ahead(100_000_000) == 0
    assert pace.ahead(140_000_000) == pytest.approx(2)
    pace.pause()
    assert pace.ahead(100_000_000) > 1000
    pace.step()
    assert pace.ahead(100_000_000) == 0
    assert pace.ahead(100_000_000) > 1000
    pace.go_on()
    assert pace.ahead(140_000_000) == 0, "a pause is not made good"
    assert Pace(clock).ahead(10**15) == 0


FAULTS = """
scenario_id: broken
about: links with faults
period: 3600
events:
  - {event: drop, assets: [yangtze-1], sensor: strain-1, start: 0, duration: 3600, share: 0.5}
  - {event: outage, assets: [yangtze-1], sensor: tilt-1, start: %d, duration: 10}
"""


def test_faults_of_a_scenario_act_on_recorded_messages(tmp_path: Path) -> None:
    city = load_city("demo")
    (tmp_path / "broken.yaml").write_text(FAULTS % (BEGIN % 3600 + 5), encoding="utf-8")
    path = recording(tmp_path, TWO_SENSORS)

    def out(seed: int) -> list[RecordedMessage]:
        return played(path, Program(faults=FaultyLinks(load_scenario("broken", city, tmp_path), seed=seed)))

    first = out(1)
    assert first == out(1)
    assert [one.payload for one in first] != [one.payload for one in out(2)]
    strains = [one for one in first if "strain-1" in one.topic]
    assert 3 < len(strains) < 17
    assert all(one in TWO_SENSORS for one in strains)
    tilts = [one for one in first if "tilt-1" in one.topic]
    assert [one.payload for one in tilts] == [one.payload for one in TWO_SENSORS[1::2]]
    burst = [one for one in tilts if one.log_time == (BEGIN + 15) * 1_000_000]
    assert len(burst) == 6
    with pytest.raises(Misconfigured, match="no faults of links"):
        FaultyLinks(load_scenario("quiet", city), seed=1)


def test_a_span_is_chosen_before_anything_else(tmp_path: Path) -> None:
    path = recording(tmp_path, TWO_SENSORS)
    span = Span((BEGIN + 10) * 1_000_000, (BEGIN + 20) * 1_000_000)
    assert played(path, Program(span=span)) == TWO_SENSORS[10:20]
