"""paho's client on a buffered socket.

paho reads a message in three or more calls of ``recv`` and writes each packet by itself. The buffer turns that into
one call for hundreds of packets, and the acknowledgements of a batch into one write.
"""

import socket
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from citywatch.broker.address import BrokerAddress
from citywatch.broker.packets import Malformed, Publication, read_publication

_CHUNK: Final = 262_144  # [bytes]
_PUBLISH: Final = 0x30
_PUBACK: Final = b"\x40\x02"  # with a message id of two bytes, and the reason "success" left out


class BufferedSocket:
    """A non-blocking socket that is read and written in large chunks.

    :meth:`recv` and :meth:`send` touch the buffers alone; :meth:`fill` and :meth:`flush` do the traffic.
    """

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._incoming = b""
        self._position = 0
        self._outgoing = bytearray()
        self._ended = False

    @property
    def holds_input(self) -> bool:
        """Whether received bytes, or the news of the end, wait to be read."""
        return self._position < len(self._incoming) or self._ended

    @property
    def output_size(self) -> int:
        """How many bytes wait to be sent."""
        return len(self._outgoing)

    def fill(self) -> None:
        """Receive what has arrived, up to one chunk."""
        try:
            chunk = self._inner.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            if type(error).__name__ in {"SSLWantReadError", "SSLWantWriteError"}:
                return
            chunk = b""
        self._ended = not chunk
        self._incoming = self._incoming[self._position :] + chunk
        self._position = 0

    def flush(self) -> None:
        """Send as much as the network takes now."""
        if self._outgoing:
            try:
                del self._outgoing[: self._inner.send(self._outgoing)]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                if type(error).__name__ not in {"SSLWantReadError", "SSLWantWriteError"}:
                    self._ended = True

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` buffered bytes, none at the end of the connection."""
        start = self._position
        if start >= len(self._incoming):
            if self._ended:
                return b""
            raise BlockingIOError
        self._position = min(start + size, len(self._incoming))
        return self._incoming[start : self._position]

    def take_publish(self) -> tuple[int, bytes] | None:
        """Return first byte and body of the PUBLISH packet that comes next; None unless it is there as a whole."""
        data, start = self._incoming, self._position
        if start >= len(data) or data[start] & 0xF0 != _PUBLISH:
            return None
        size = shift = 0
        for place in range(start + 1, min(start + 5, len(data))):  # the remaining length, 1 to 4 bytes
            size |= (data[place] & 0x7F) << shift
            shift += 7
            if data[place] < 0x80:
                end = place + 1 + size
                if end > len(data):
                    return None
                self._position = end
                return data[start], data[place + 1 : end]
        return None

    def send(self, data: bytes) -> int:
        """Take bytes to be sent with the next :meth:`flush`."""
        self._outgoing += data
        return len(data)

    def pending(self) -> int:
        """Return how many received bytes wait."""
        return len(self._incoming) - self._position

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._inner.fileno()

    def setblocking(self, flag: bool) -> None:  # the signature of socket
        """Pass the wish on."""
        self._inner.setblocking(flag)

    def close(self) -> None:
        """Send what is left as far as possible, and close."""
        self.flush()
        self._inner.close()


class Client(mqtt.Client):
    """An MQTT 5 client that counts its connections.

    Message ids start anew with each connection, so a late acknowledgement would confirm a different message; whoever
    acknowledges compares :attr:`epoch` first.
    """

    def __init__(self, address: BrokerAddress, client_id: str, *, manual_ack: bool = False) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=manual_ack)
        self.client_id = client_id
        self.epoch = 0
        self.link: BufferedSocket | None = None
        self.connect_timeout = 5.0
        self.on_publication: Callable[[Publication], None] | None = None
        if address.tls:
            self.tls_set()
        if address.username:
            self.username_pw_set(address.username, address.password)

    def reconnect(self) -> MQTTErrorCode:
        """Open a new connection, the next epoch."""
        self.epoch += 1
        return super().reconnect()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read a packet: a PUBLISH straight from the buffer, everything else and what comes in parts by paho."""
        if self.link is not None and not self._in_packet["command"] and (packet := self.link.take_publish()):
            self._last_msg_in = monotonic()  # as paho does, for its keep-alive
            return self._publish_received(*packet)
        return super().loop_read(max_packets)

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Confirm messages of QoS 1 that came through the present connection."""
        if self.link is not None:
            self.link.send(b"".join([_PUBACK + mid.to_bytes(2) for mid in mids]))
            self._last_msg_out = monotonic()

    def _handle_publish(self) -> MQTTErrorCode:
        return self._publish_received(self._in_packet["command"], self._in_packet["packet"])

    def _publish_received(self, command: int, packet: bytes | bytearray) -> MQTTErrorCode:
        """Read the packet ourselves, in the place of paho's decoder and callbacks."""
        try:
            publication = read_publication(command, packet)
        except Malformed:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        if self.on_publication is not None:
            self.on_publication(publication)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _create_socket(self) -> Any:
        """Give paho a buffered socket, as it does itself for WebSockets."""
        inner: Any = super()._create_socket()
        inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link = BufferedSocket(inner)
        return self.link
