"""Sparkplug messages on their way into a batch: the registry decides, everything is accounted for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.broker import Delivery
from citywatch.errors import Reason
from citywatch.wire.sparkplug.payload import REBIRTH, Metric, Payload, decode_payload, encode_payload
from citywatch.wire.sparkplug.topics import MessageType, NodeId, SparkplugTopic
from ingest.catalogue import Catalogue
from ingest.interpret import Message
from ingest.sparkplug import SparkplugInterpreter
from tests.support.edge_node import EdgeNodeDevice, Sent
from tests.support.registry import small_registry

RECEIVED = 1_795_000_000_000_000
CATALOGUE = Catalogue(small_registry())
DEVICE = "yangtze-1:strain-1"
METRICS: dict[str | None, tuple[str, ...]] = {DEVICE: ("strain", "structure_temperature")}


class Host:
    """An interpreter, and the commands it sends."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, bytes]] = []
        self._interpreter = SparkplugInterpreter(lambda *command: self.commands.append(command), max_bytes=100_000)

    def take(self, topic: str, payload: bytes) -> Message:
        message = self._interpreter.interpret(Delivery(topic, payload, None, RECEIVED, False, 1, 0, 1), CATALOGUE)
        refused = sum(len(refusal.indices) for refusal in message.refusals)
        whole = message.rejection is not None
        assert message.received == len(message.datastream_ids) + refused + whole
        assert len(message.datastream_ids) == len(message.times) == len(message.values)
        return message

    def hear(self, *sent: Sent) -> list[Message]:
        return [self.take(str(topic), encode_payload(payload)) for topic, payload in sent]


def test_births_data_and_deaths_become_readings_and_statuses() -> None:
    host, device = Host(), EdgeNodeDevice(METRICS, unit=None)
    node, gauge = host.hear(*device.born(20.0))
    assert (node.received, node.statuses) == (0, ())
    assert (gauge.datastream_ids, gauge.values, gauge.source) == ([1, 2], [20.0, 20.0], "hanyang/bridge")
    assert [(status.sensor_id, status.state) for status in gauge.statuses] == [("strain-1", "online")]
    (data,) = host.hear(device.data(DEVICE, "structure_temperature", 21.5))
    assert (data.datastream_ids, data.values, data.times) == ([2], [21.5], [1.795e9])
    (dead,) = host.hear(device.death())
    assert [(status.sensor_id, status.state) for status in dead.statuses] == [("strain-1", "offline")]
    assert host.commands == []


def test_units_of_the_birth_are_converted() -> None:
    host, device = Host(), EdgeNodeDevice({DEVICE: ("structure_temperature",)}, unit="K")
    assert host.hear(*device.born(293.15))[1].values == pytest.approx([20.0])
    assert host.hear(device.data(DEVICE, "structure_temperature", 294.15))[0].values == pytest.approx([21.0])


def test_an_unknown_alias_is_refused_and_the_node_is_asked_for_its_birth() -> None:
    host, device = Host(), EdgeNodeDevice(METRICS)
    device.born()  # before our time
    (message,) = host.hear(device.data(DEVICE, "strain", 1.0))
    assert [(refusal.indices, refusal.cause.reason) for refusal in message.refusals] == [((0,), Reason.UNKNOWN_ALIAS)]
    ((topic, payload),) = host.commands
    assert topic == "spBv1.0/hanyang/NCMD/gateway-1"
    (metric,) = decode_payload(payload).metrics
    assert (metric.name, metric.value) == (REBIRTH, True)


@pytest.mark.parametrize(
    ("group", "metric", "reason"),
    [
        ("hanyang", "strain", Reason.UNKNOWN_DATASTREAM),
        ("hanyang", "yangtze-1/strain-1/humour", Reason.NAME_MISMATCH),
        ("hanyang", "atlantis/strain-1/strain", Reason.UNKNOWN_DATASTREAM),
        ("hanyang", "yangtze-1/strain-1/acceleration", Reason.WRONG_TYPE),
        ("wuchang", "yangtze-1/strain-1/strain", Reason.NAME_MISMATCH),
    ],
)
def test_metrics_that_lead_nowhere(group: str, metric: str, reason: Reason) -> None:
    host, device = Host(), EdgeNodeDevice({None: (metric,)}, group=group)
    (message,) = host.hear(*device.born())
    assert [refusal.cause.reason for refusal in message.refusals] == [reason]
    assert message.refusals[0].cause.__traceback__ is None, "a remembered refusal does not keep its messages"
    assert message.source == f"{group}/sparkplug"


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("spBv1.0/g/NDATA/n", b"\x08", Reason.NOT_DECODABLE),
        ("spBv1.0/g/NDATA/n", b"", Reason.EMPTY),
        ("spBv1.0/g/NDATA/n", bytes(100_001), Reason.TOO_LARGE),
        ("spBv1.0/g/NEWS/n", b"\x08\x01", Reason.UNKNOWN_TOPIC),
    ],
)
def test_unusable_messages_are_rejected(topic: str, payload: bytes, reason: Reason) -> None:
    message = Host().take(topic, payload)
    assert message.rejection is not None
    assert message.rejection.reason is reason


metrics = st.builds(
    Metric,
    name=st.one_of(st.none(), st.sampled_from(["strain", "yangtze-1/strain-1/strain", "a/b/c", "bdSeq", ""])),
    alias=st.one_of(st.none(), st.integers(0, 3)),
    time=st.one_of(st.none(), st.integers(0, 2**53).map(float)),
    value=st.one_of(st.none(), st.floats(), st.text(max_size=3)),
    is_null=st.booleans(),
    unit=st.sampled_from([None, "um/m", "furlong"]),
)
messages = st.tuples(
    st.sampled_from(MessageType),
    st.sampled_from(["hanyang", "wuchang", "Ünknown"]),
    st.sampled_from([DEVICE, "a:b", "gauge", ":"]),
    st.builds(Payload, st.none(), st.one_of(st.none(), st.integers(0, 2**64 - 1)), st.lists(metrics).map(tuple)),
)


@given(st.lists(messages, max_size=8))
def test_any_sequence_of_messages_is_accounted_for(sent: list[tuple[MessageType, str, str, Payload]]) -> None:
    host = Host()
    for kind, group, device, payload in sent:
        topic = SparkplugTopic(NodeId(group, "n"), kind, device if kind.is_of_device else None)
        host.take(str(topic), encode_payload(payload) or b"\x18\x00")
