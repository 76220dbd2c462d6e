"""PUBLISH packets are read as paho writes them, and broken ones are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

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
