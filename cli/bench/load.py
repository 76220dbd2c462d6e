"""A load generator: QoS 1 PUBLISH packets prepared as bytes, written as fast as the broker confirms, or at a pace.

A client library costs as much per message as a whole ingester; it would measure itself. So the few packets needed are
written here by hand (MQTT 5.0, sections 3.1 to 3.4).
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from select import select
from time import monotonic, time_ns
from typing import Final

from citywatch.errors import Unavailable

_GROUP: Final = 100  # messages written at once when nothing sets the pace
_IDS: Final = 65_535
_PATIENCE: Final = 30.0  # [s]


@dataclass(frozen=True, slots=True)
class Message:
    """A telemetry message."""

    topic: str
    payload: bytes
    content_type: str


def publish_all(messages: Sequence[Message], host: str, port: int, *, window: int) -> float:
    """Send everything as fast as the broker confirms, with up to ``window`` unconfirmed; return the duration [s]."""
    packets = [_publish(message) for message in messages]
    sender = _Sender(host, port)
    begun = monotonic()
    for first in range(0, len(packets), _GROUP):
        sender.send(packets[first : first + _GROUP])
        while sender.unconfirmed > window:
            sender.read(_PATIENCE)
        sender.read(0)
    sender.finish()
    return monotonic() - begun


def publish_paced(
    encode: Callable[[int, float], Message], host: str, port: int, *, rate: float, duration: float
) -> tuple[int, float]:
    """Send ``rate`` messages a second for ``duration`` [s], each encoded when it is due; return how many, and how long.

    ``encode`` gets a number and the present time [s since the epoch].
    """
    sender = _Sender(host, port)
    begun, sent = monotonic(), 0
    while (elapsed := monotonic() - begun) < duration:
        due = int(elapsed * rate)
        if due > sent:
            now = time_ns() // 1000 / 1e6
            messages = [encode(number, now) for number in range(sent, due)]
            sender.send([_publish(message) for message in messages])
            sent = due
        sender.read(0.001)
    sender.finish()
    return sent, monotonic() - begun


class _Sender:
    """A connection that counts what the broker has confirmed."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=_PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        variable = b"\x00\x04MQTT\x05\x02\x00\x00\x00" + b"\x00\x00"  # clean start, no keep alive, no name
        self._socket.sendall(b"\x10" + _length(len(variable)) + variable)
        answer = self._socket.recv(1024)
        if len(answer) < 4 or answer[0] != 0x20 or answer[3] != 0:
            raise Unavailable(f"the broker at {host}:{port} refuses the load generator")
        self._rest = b""
        self._next = 0
        self.unconfirmed = 0

    def send(self, packets: Sequence[tuple[bytes, bytes]]) -> None:
        parts: list[bytes] = []
        for head, tail in packets:
            self._next = self._next % _IDS + 1
            parts += (head, self._next.to_bytes(2, "big"), tail)
        self.unconfirmed += len(packets)
        self._socket.sendall(b"".join(parts))

    def read(self, wait: float) -> None:
        """Count the confirmations that have arrived, or arrive within ``wait`` [s]."""
        if not select([self._socket], [], [], wait)[0]:
            if wait >= _PATIENCE:
                raise Unavailable(f"the broker left {self.unconfirmed} messages unconfirmed for {wait:g} s")
            return
        received = self._socket.recv(262_144)
        if not received:
            raise Unavailable("the broker closed the connection of the load generator")
        data, place = self._rest + received, 0
        while place + 2 <= len(data) and place + 2 + data[place + 1] <= len(data):
            self.unconfirmed -= data[place] == 0x40
            place += 2 + data[place + 1]
        self._rest = data[place:]

    def finish(self) -> None:
        while self.unconfirmed:
            self.read(_PATIENCE)
        self._socket.sendall(b"\xe0\x00")
        self._socket.close()


def _publish(message: Message) -> tuple[bytes, bytes]:
    """Return what stands before and after the packet identifier."""
    name, kind = message.topic.encode(), message.content_type.encode()
    content_type = b"\x03" + len(kind).to_bytes(2, "big") + kind
    properties = _length(len(content_type)) + content_type
    size = 2 + len(name) + 2 + len(properties) + len(message.payload)
    head = b"\x32" + _length(size) + len(name).to_bytes(2, "big") + name
    return head, properties + message.payload


def _length(size: int) -> bytes:
    """Return a variable byte integer (section 1.5.5)."""
    digits = bytearray()
    while True:
        size, digit = divmod(size, 128)
        digits.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(digits)
