"""PUBLISH packets are read as paho writes them, and broken ones are refused."""

import itertools
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from citywatch.broker import BrokerAddress
from citywatch.broker.client import BufferedSocket, Client
from citywatch.broker.packets import Malformed, read_publication
from citywatch.wire.stamps import read_stamps, stamps

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=20)
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "ContentType": TEXT,
        "ResponseTopic": TEXT,
        "CorrelationData": st.binary(max_size=9),
        "MessageExpiryInterval": st.integers(0, 2**32 - 1),
        "PayloadFormatIndicator": st.integers(0, 1),
        "SubscriptionIdentifier": st.integers(1, 268_435_455),
        "UserProperty": st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3),
    },
)


def packed(topic: bytes, mid: int | None, properties: dict[str, Any], payload: bytes) -> bytes:
    known = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    for name, value in properties.items():
        setattr(known, name, value)
    number = b"" if mid is None else mid.to_bytes(2)
    return len(topic).to_bytes(2) + topic + number + bytes(known.pack()) + payload  # type: ignore[no-untyped-call]


@given(st.binary(max_size=30), st.integers(0, 2), st.booleans(), KNOWN, st.binary(max_size=200))
def test_what_paho_writes_is_read(
    topic: bytes, qos: int, flag: bool, properties: dict[str, Any], payload: bytes
) -> None:
    packet = packed(topic, 77 if qos else None, properties, payload)
    found = read_publication(0x30 | flag << 3 | qos << 1 | (not flag), packet)
    assert (found.topic, found.payload, found.qos, found.mid) == (topic, payload, qos, 77 if qos else 0)
    assert (found.redelivered, found.retained) == (flag, not flag)
    assert found.content_type == properties.get("ContentType")
    assert list(found.properties) == properties.get("UserProperty", [])


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(packet: bytes) -> None:
    try:
        found = read_publication(0x32, packet)
    except Malformed:
        return
    assert packet.endswith(found.payload)


def test_what_is_cut_off_is_refused() -> None:
    whole = packed(b"a/b", 1, {"ContentType": "x", "UserProperty": [("seq", "1")]}, b"")
    for size in range(7, len(whole)):
        with pytest.raises(Malformed):
            read_publication(0x32, whole[:size])


@given(st.integers(0, 2**63 - 1), st.integers(0, 253_402_300_799_999_999))
def test_stamps_come_back(seq: int, sent: int) -> None:
    found_seq, found_sent = read_stamps(stamps(seq, sent))
    assert found_seq == seq
    assert found_sent == pytest.approx(sent / 1e6, abs=1e-4), "a double holds the year 9999 no better"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.binary(max_size=300)), min_size=1, max_size=8),
    st.lists(st.integers(1, 400), min_size=1, max_size=20),
)
def test_however_the_network_cuts_the_stream_the_same_messages_arrive(
    messages: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    pings = b"\xd0\x00"  # between the messages, so that paho's reader has its turn
    stream = b"".join(framed(packed(topic, 5, {}, payload)) + pings for topic, payload in messages)
    near, far = socket.socketpair()
    client = Client(BrokerAddress("here", 1), "test", manual_ack=True)
    arrived: list[tuple[bytes, bytes]] = []
    client.on_publication = lambda found: arrived.append((found.topic, found.payload))
    near.setblocking(False)
    with near, far:
        client.link = client._sock = BufferedSocket(near)  # type: ignore[assignment]  # as after a connect
        sizes = itertools.cycle(cuts)
        while stream:
            size = next(sizes)
            far.sendall(stream[:size])
            stream = stream[size:]
            client.link.fill()
            while client.link.holds_input:
                assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
        client.acknowledge([1, 258])
        client.link.flush()
        assert far.recv(100) == b"\x40\x02\x00\x01\x40\x02\x01\x02"
    assert arrived == messages


def framed(packet: bytes) -> bytes:
    size, length = len(packet), b""
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return b"\x32" + length + packet
