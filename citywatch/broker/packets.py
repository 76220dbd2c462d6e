"""PUBLISH packets of MQTT 5 (section 3.3) as they arrive.

paho needs 20 us for the properties of a message and twice that with user properties, which is more than everything
else that ingest does with it.
"""

from typing import Final

import msgspec

UserProperties = tuple[tuple[str, str], ...]

_CONTENT_TYPE: Final = 0x03
_USER_PROPERTY: Final = 0x26
_SUBSCRIPTION_ID: Final = 0x0B
_FIXED: Final = {0x01: 1, 0x02: 4, 0x23: 2}  # payload format, message expiry, topic alias [bytes]
_STRINGS: Final = frozenset({_CONTENT_TYPE, 0x08, 0x09})  # response topic, correlation data
_NO_PROPERTIES: Final[tuple[None, UserProperties]] = (None, ())


class Malformed(ValueError):
    """The packet breaks the protocol; the connection has to end (section 4.13)."""


class Publication(msgspec.Struct, frozen=True, gc=False):
    """A PUBLISH packet: the topic as bytes, for a broker may pass on what is no UTF-8.

    ``properties`` are the user properties; ``mid`` is 0 with QoS 0.
    """

    topic: bytes
    payload: bytes
    content_type: str | None
    properties: UserProperties
    mid: int
    qos: int
    redelivered: bool
    retained: bool


def read_publication(command: int, packet: bytes | bytearray) -> Publication:
    """Return what a packet says; ``command`` is its first byte, ``packet`` what follows the remaining length.

    Raises
    ------
    Malformed
        It is cut off, or holds a property that PUBLISH does not know.
    """
    packet = bytes(packet)
    qos = command >> 1 & 3
    place = 2 + int.from_bytes(packet[:2])
    topic = packet[2:place]
    mid = 0
    if qos:
        mid = int.from_bytes(packet[place : place + 2])
        place += 2
    size, place = _variable(packet, place)
    end = place + size
    if end > len(packet):
        raise Malformed("a PUBLISH packet is cut off")
    content_type, properties = _properties(packet, place, end) if size else _NO_PROPERTIES
    return Publication(
        topic, packet[end:], content_type, properties, mid, qos, bool(command & 0x08), bool(command & 0x01)
    )


def _properties(packet: bytes, place: int, end: int) -> tuple[str | None, UserProperties]:
    content_type: str | None = None
    user: list[tuple[str, str]] = []
    while place < end:
        kind = packet[place]
        place += 1
        if kind == _USER_PROPERTY:
            name, place = _string(packet, place)
            value, place = _string(packet, place)
            user.append((name.decode("utf-8", "replace"), value.decode("utf-8", "replace")))
        elif kind in _STRINGS:
            text, place = _string(packet, place)
            if kind == _CONTENT_TYPE:
                content_type = text.decode("utf-8", "replace")
        elif kind in _FIXED:
            place += _FIXED[kind]
        elif kind == _SUBSCRIPTION_ID:
            _, place = _variable(packet, place)
        else:
            raise Malformed(f"PUBLISH knows no property {kind:#04x}")
    if place != end:
        raise Malformed("the properties of a PUBLISH packet are longer than they say")
    return content_type, tuple(user)


def _string(packet: bytes, place: int) -> tuple[bytes, int]:
    start = place + 2
    end = start + int.from_bytes(packet[place:start])
    return packet[start:end], end


def _variable(packet: bytes, place: int) -> tuple[int, int]:
    """Read a variable byte integer (section 1.5.5)."""
    value = shift = 0
    while place < len(packet) and shift < 28:
        byte = packet[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise Malformed("a variable byte integer does not end")
