"""Sparkplug B: topics, payloads, and edge nodes that lose messages, die and are born again."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from citywatch.errors import Reason, Rejected
from citywatch.wire.sparkplug.payload import Metric, Payload, decode_payload, encode_payload, rebirth_command
from citywatch.wire.sparkplug.sessions import Heard, Sessions
from citywatch.wire.sparkplug.topics import FILTERS, MessageType, NodeId, SparkplugTopic, parse_sparkplug_topic
from tests.support.edge_node import EdgeNodeDevice, Sent

DEVICE = "yangtze-1:strain-1"
METRICS = {None: ("yangtze-1/tilt-1/tilt",), DEVICE: ("strain", "structure_temperature")}
AT = 1_795_000_000.0

levels = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=10)
milliseconds = st.integers(0, 2**50).map(lambda ms: ms / 1000)
integers = st.one_of(
    *(
        st.tuples(st.just(kind), st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
        for kind, bits in {1: 8, 2: 16, 3: 32, 4: 64}.items()
    ),
    *(st.tuples(st.just(kind), st.integers(0, 2**bits - 1)) for kind, bits in {5: 8, 6: 16, 7: 32, 8: 64}.items()),
)
others = st.one_of(
    st.tuples(st.just(9), st.floats(width=32, allow_nan=False)),
    st.tuples(st.just(10), st.floats(allow_nan=False)),
    st.tuples(st.just(11), st.booleans()),
)


@given(levels, levels, levels, st.sampled_from(MessageType))
def test_a_topic_survives_being_written_and_read(group: str, node: str, device: str, kind: MessageType) -> None:
    topic = SparkplugTopic(NodeId(group, node), kind, device if kind.is_of_device else None)
    assert parse_sparkplug_topic(str(topic)) == topic


@pytest.mark.parametrize(
    "text",
    ["", "spBv1.0", "spBv1.0/g/NDATA", "spBv1.0/g/NDATA/n/d", "spBv1.0/g/DDATA/n", "spBv1.0/g/NCMD/n",
     "spBv1.0/STATE/host", "spAv1.0/g/NDATA/n", "spBv1.0//NDATA/n", "spBv1.0/g/DDATA/n/d/x"],
)  # fmt: skip
def test_other_topics_are_refused(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_sparkplug_topic(text)
    assert caught.value.reason is Reason.UNKNOWN_TOPIC


def test_filters_leave_out_what_hosts_send() -> None:
    assert set(FILTERS) == {
        "spBv1.0/+/NBIRTH/+", "spBv1.0/+/NDEATH/+", "spBv1.0/+/NDATA/+",
        "spBv1.0/+/DBIRTH/+/+", "spBv1.0/+/DDEATH/+/+", "spBv1.0/+/DDATA/+/+",
    }  # fmt: skip


@given(
    st.one_of(st.none(), milliseconds),
    st.one_of(st.none(), st.integers(0, 255)),
    st.lists(
        st.builds(
            Metric,
            name=st.one_of(st.none(), st.text(max_size=8)),
            alias=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
            time=st.one_of(st.none(), milliseconds),
            is_null=st.booleans(),
            is_historical=st.booleans(),
            unit=st.one_of(st.none(), st.just("um/m")),
        ),
        max_size=4,
    ),
)
def test_what_is_encoded_is_decoded_again(time: float | None, sequence: int | None, metrics: list[Metric]) -> None:
    payload = Payload(time, sequence, tuple(metrics))
    assert decode_payload(encode_payload(payload)) == payload


@given(st.one_of(integers, others))
def test_numbers_of_every_type_keep_their_value(typed: tuple[int, float]) -> None:
    datatype, value = typed
    sent = Metric("a", datatype=datatype, value=value)
    (metric,) = decode_payload(encode_payload(Payload(None, None, (sent,)))).metrics
    assert metric.number(metric.datatype) == float(value)


def test_a_small_negative_integer_may_fill_the_whole_field() -> None:
    assert Metric(value=2**32 - 1).number(1) == -1.0  # Int8 as the reference implementation writes it
    assert Metric(value="1").number(10) is None
    assert Metric(value=1).number(13) is None  # a date is no number


def test_the_rebirth_command_is_the_one_of_the_standard() -> None:
    # timestamp 1000 ms; a metric of this name with timestamp, data type Boolean and value true
    metric = b"\x0a\x14Node Control/Rebirth\x18\xe8\x07\x20\x0b\x70\x01"
    assert rebirth_command(1.0) == b"\x08\xe8\x07\x12" + bytes([len(metric)]) + metric


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda tail: b"\x12" + tail)))
def test_any_bytes_are_a_payload_or_rejected(data: bytes) -> None:
    try:
        payload = decode_payload(data)
    except Rejected as rejection:
        reason: Reason | None = rejection.reason
    else:
        reason = None
        for kind in MessageType:
            topic = SparkplugTopic(NodeId("g", "n"), kind, "a:b" if kind.is_of_device else None)
            readings = Sessions().hear(topic, payload, AT).readings
            refused = sum(len(refusal.indices) for refusal in readings.refusals)
            assert len(readings.names) + refused <= len(payload.metrics)
    assert reason in {None, Reason.NOT_DECODABLE}


def hear(sessions: Sessions, *sent: Sent, at: float = AT) -> list[Heard]:
    return [sessions.hear(topic, payload, at) for topic, payload in sent]


def test_values_by_alias_get_name_and_unit_from_the_birth() -> None:
    sessions, device = Sessions(), EdgeNodeDevice(METRICS)
    node, gauge = hear(sessions, *device.born(5.0))
    assert (node.readings.names, node.readings.values) == (["yangtze-1/tilt-1/tilt"], [5.0])
    assert node.online == {("yangtze-1", "tilt-1")}
    assert gauge.online == {("yangtze-1", "strain-1")}
    (heard,) = hear(sessions, device.data(DEVICE, "strain", 7.5, is_historical=True))
    assert heard.readings.names == ["yangtze-1/strain-1/strain"]
    assert (heard.readings.units, heard.readings.values, heard.readings.times) == (["um/m"], [7.5], [AT])
    assert heard.readings.refusals == ()
    assert not heard.wants_rebirth


def test_a_restart_asks_for_a_rebirth_and_refuses_what_it_cannot_read() -> None:
    device = EdgeNodeDevice(METRICS)
    hear(Sessions(), *device.born())
    restarted = Sessions()
    first, second = hear(restarted, device.data(DEVICE, "strain", 1.0), device.data(DEVICE, "strain", 2.0))
    assert [refusal.cause.reason for refusal in first.readings.refusals] == [Reason.UNKNOWN_ALIAS]
    assert (first.wants_rebirth, second.wants_rebirth) == (True, False)
    (later,) = hear(restarted, device.data(DEVICE, "strain", 3.0), at=AT + 11)
    assert later.wants_rebirth
    hear(restarted, *device.born())
    (after,) = hear(restarted, device.data(DEVICE, "strain", 4.0))
    assert (after.readings.values, after.wants_rebirth) == ([4.0], False)


def test_a_value_by_name_needs_no_birth_but_one_is_asked_for() -> None:
    metric = Metric("yangtze-1/strain-1/strain", time=AT, value=1.5)
    topic = SparkplugTopic(NodeId("hanyang", "g"), MessageType.NODE_DATA)
    heard = Sessions().hear(topic, Payload(None, 9, (metric,)), AT)
    assert (heard.readings.values, heard.readings.times, heard.wants_rebirth) == ([1.5], [AT], True)


def test_a_gap_in_the_sequence_asks_for_a_rebirth_and_keeps_the_values() -> None:
    sessions, device = Sessions(), EdgeNodeDevice(METRICS)
    hear(sessions, *device.born())
    device.data(DEVICE, "strain", 1.0)  # lost
    (heard,) = hear(sessions, device.data(DEVICE, "strain", 2.0))
    assert (heard.readings.values, heard.wants_rebirth) == ([2.0], True)


def test_the_sequence_starts_anew_after_255() -> None:
    sessions, device = Sessions(), EdgeNodeDevice(METRICS)
    hear(sessions, *device.born())
    heard = hear(sessions, *(device.data(DEVICE, "strain", float(number)) for number in range(600)))
    assert not any(one.wants_rebirth for one in heard)
    assert sum(len(one.readings.values) for one in heard) == 600


def test_a_late_death_of_an_earlier_life_is_ignored() -> None:
    sessions, device = Sessions(), EdgeNodeDevice(METRICS)
    hear(sessions, *device.born())
    hear(sessions, *device.born())
    (stale,) = hear(sessions, device.death(life=0))
    assert stale.offline == frozenset()
    (dead,) = hear(sessions, device.death())
    assert dead.offline == {("yangtze-1", "tilt-1"), ("yangtze-1", "strain-1")}
    (again,) = hear(sessions, device.death())
    assert again.offline == frozenset()


def test_a_dead_device_takes_its_aliases_with_it() -> None:
    sessions, device = Sessions(), EdgeNodeDevice(METRICS)
    hear(sessions, *device.born())
    dead, late, own = hear(
        sessions,
        device.device_death(DEVICE),
        device.data(DEVICE, "strain", 1.0),
        device.data(None, "yangtze-1/tilt-1/tilt", 2.0),
    )
    assert dead.offline == {("yangtze-1", "strain-1")}
    assert [refusal.cause.reason for refusal in late.readings.refusals] == [Reason.UNKNOWN_ALIAS]
    assert own.readings.values == [2.0]


def test_metrics_without_a_number_are_refused_in_data_and_skipped_as_null_in_births() -> None:
    device = EdgeNodeDevice(METRICS)
    (topic, born), *_ = device.born()
    nothing = replace(born, metrics=(Metric("yangtze-1/tilt-1/tilt", 1, AT, 10, is_null=True),))
    sessions = Sessions()
    assert sessions.hear(topic, nothing, AT).readings.refusals == ()
    data = SparkplugTopic(topic.node_id, MessageType.NODE_DATA)
    text = Metric(alias=1, value="high")
    null = Metric(alias=1, is_null=True)
    heard = sessions.hear(data, Payload(AT, 1, (text, null, Metric(), Metric(alias=1, value=3.0))), AT)
    assert (heard.readings.values, heard.readings.indices) == ([3.0], [3])
    assert [(refusal.indices, refusal.cause.reason) for refusal in heard.readings.refusals] == [
        ((0,), Reason.WRONG_TYPE),
        ((1,), Reason.NO_VALUE),
        ((2,), Reason.UNKNOWN_DATASTREAM),
    ]


class LossyLink(RuleBasedStateMachine):
    """An edge node behind a link that loses data, and a host that restarts.

    Births and deaths arrive, as the standard wants them to; whatever else happens, a value is read under its own name
    or refused, and whoever is out of step asks for a rebirth.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sessions = Sessions()
        self.device = EdgeNodeDevice(METRICS)
        self.at = AT
        self.in_step = False
        self.heard: list[Heard] = []

    def take(self, *sent: Sent) -> None:
        self.at += 20.0  # more than the pause between two requests
        self.heard = hear(self.sessions, *sent, at=self.at)

    @initialize()
    def begin(self) -> None:
        self.bear()

    @rule()
    def bear(self) -> None:
        self.take(*self.device.born())
        self.in_step = True

    @rule(key=st.sampled_from([(device, name) for device, names in METRICS.items() for name in names]))
    def measure(self, key: tuple[str | None, str]) -> None:
        device, name = key
        value = float(self.device.aliases[key] * 1000 + self.device.sequence)
        self.take(self.device.data(device, name, value))
        (heard,) = self.heard
        full = name if device is None else f"{device.replace(':', '/')}/{name}"
        if heard.readings.names:
            assert (heard.readings.names, heard.readings.values) == ([full], [value])
        else:
            assert [refusal.cause.reason for refusal in heard.readings.refusals] == [Reason.UNKNOWN_ALIAS]
        assert heard.wants_rebirth != self.in_step
        self.in_step = bool(heard.readings.names)

    @rule(key=st.sampled_from([(None, "yangtze-1/tilt-1/tilt"), (DEVICE, "strain")]))
    def lose(self, key: tuple[str | None, str]) -> None:
        self.device.data(*key, 0.0)
        self.in_step = False

    @rule()
    def restart(self) -> None:
        self.sessions = Sessions()
        self.in_step = False

    @precondition(lambda self: self.device.lives > 0)
    @rule()
    def late_death(self) -> None:
        before = self.device.lives - 1
        self.take(self.device.death(life=before))
        assert self.heard[0].offline == frozenset()

    @invariant()
    def nothing_is_counted_twice(self) -> None:
        for heard in self.heard:
            places = [*(heard.readings.indices or []), *(i for r in heard.readings.refusals for i in r.indices)]
            assert len(places) == len(set(places))


LossyLink.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestLossyLink = LossyLink.TestCase
