"""One thread, any number of connections: waiting, reading, writing, keeping alive, connecting again."""

import selectors
import socket
from contextlib import suppress
from time import monotonic
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from citywatch.broker.address import BrokerAddress
from citywatch.broker.client import BufferedSocket, Client
from citywatch.errors import Misconfigured, Unavailable
from citywatch.logs import logger

KEEPALIVE: Final = 30  # [s]
_SHORTEST_PAUSE: Final = 0.5  # [s]
_LONGEST_PAUSE: Final = 15.0  # [s]
_UPKEEP: Final = 1.0  # [s]
_ANY: Final = 65_535  # the Receive Maximum of a broker that names none


class Connection:
    """What subscriber and publisher share. Lost connections are made again by the network's :meth:`Network.poll`."""

    def __init__(
        self,
        network: "Network",
        address: BrokerAddress,
        client: Client,
        *,
        session_expiry: int,
        receive_maximum: int | None,
        clean_start: bool,
        keepalive: int = KEEPALIVE,
    ) -> None:
        self._network = network
        self._address = address
        self._client = client
        self._clean_start = clean_start
        self._keepalive = keepalive
        self._properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        self._properties.SessionExpiryInterval = session_expiry
        if receive_maximum is not None:
            self._properties.ReceiveMaximum = receive_maximum
        self.is_connected = False
        self._wanted = False
        self._refusal: str | None = None
        self._pause = _SHORTEST_PAUSE
        self._retry_at = 0.0
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect

    @property
    def link(self) -> BufferedSocket | None:
        """The socket of the present connection."""
        return self._client.link

    @property
    def connections(self) -> int:
        """How many connections have been tried."""
        return self._client.epoch

    def open(self, *, timeout: float = 10.0) -> None:
        """Connect and wait up to ``timeout`` [s] for the broker's answer; from then on stay connected.

        Raises
        ------
        Unavailable
            Nothing answers at the address.
        Misconfigured
            The broker refuses us: wrong credentials, no right, wrong protocol.
        """
        self._wanted = True
        try:
            self._connect()
        except OSError as error:
            self._wanted = False
            raise Unavailable(
                f"no MQTT broker answers at {self._address} ({error}); start it or set CITYWATCH_BROKER_URL"
            ) from error
        self._network.add(self)
        deadline = monotonic() + timeout
        while not self.is_connected and self._refusal is None and monotonic() < deadline:
            self._network.poll(0.1)
        if self._refusal is not None:
            self.close()
            raise Misconfigured(f"the broker at {self._address} refuses {self._client.client_id}: {self._refusal}")
        if not self.is_connected:
            self.close()
            raise Unavailable(f"{self._address} accepts connections but does not speak MQTT 5 within {timeout:g} s")

    def close(self) -> None:
        """Disconnect in order; a persistent session stays with the broker."""
        self._wanted = False
        if self.is_connected:
            self._client.disconnect()
        self._drop()
        self._network.remove(self)

    def abandon(self) -> None:
        """End without a good-bye, like a device that loses power; the broker then publishes the will."""
        self._wanted = False
        self.is_connected = False
        self._drop()
        self._network.remove(self)

    def _connect(self) -> None:
        self._client.connect(
            self._address.host,
            self._address.port,
            self._keepalive,
            clean_start=self._clean_start,
            properties=self._properties,
        )

    def _drop(self) -> None:
        link = self._client.link
        if link is not None:
            self._client.link = None
            self._network.forget(link)
            link.close()

    def has_room(self) -> bool:
        """Return whether more may be read; while not, TCP makes the broker wait."""
        return True

    def service(self) -> None:
        """Handle what has arrived as far as there is room, and send what waits."""
        link = self._client.link
        if link is None:
            return
        if self.has_room():
            link.fill()
            self._filled()
        while link.holds_input and self._client.link is link and self.has_room():
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
        if self._client.want_write():
            self._client.loop_write()  # what callbacks have queued
        if self._client.link is link:
            link.flush()

    def _filled(self) -> None:
        """Note that what there is to read has arrived by now."""

    def keep_up(self, now: float) -> None:
        """Ping when it is time to, and connect again when it is time to."""
        if self._client.link is not None:
            self._client.loop_misc()
        elif self._wanted and now >= self._retry_at:
            try:
                self._connect()
            except OSError:
                self._postpone()

    def _postpone(self) -> None:
        self._retry_at = monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _on_connect(self, _client: mqtt.Client, _data: object, flags: Any, code: ReasonCode, told: Any) -> None:
        self._refusal = str(code) if code.is_failure else None
        if code.is_failure:
            return
        self.is_connected = True
        self._pause = _SHORTEST_PAUSE
        self._after_connect("resumed" if flags.session_present else "new", getattr(told, "ReceiveMaximum", _ANY))

    def _after_connect(self, session: str, receive_maximum: int) -> None:
        """Do what a new connection needs first; ``session`` is new or resumed."""

    def _on_disconnect(self, _client: mqtt.Client, _data: object, _f: object, code: ReasonCode, _p: object) -> None:
        if self._wanted and self.is_connected:
            logger().warning("broker connection lost", broker=str(self._address), cause=str(code))
        self.is_connected = False
        self._drop()
        self._postpone()


class Network:
    """Waits on all connections at once."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._connections: list[Connection] = []
        self._registered: dict[BufferedSocket, int] = {}
        self._upkeep_at = 0.0
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, None)

    def poll(self, timeout: float) -> None:
        """Handle traffic; wait up to ``timeout`` [s] when there is none."""
        left_over = self._register()
        for key, _ in self._selector.select(0 if left_over else timeout):
            if key.data is None:
                with suppress(BlockingIOError):
                    self._ear.recv(4096)
            elif key.fileobj in self._registered and key.data not in left_over:
                key.data.service()
        for connection in left_over:
            connection.service()
        now = monotonic()
        if now >= self._upkeep_at:
            self._upkeep_at = now + _UPKEEP
            for connection in tuple(self._connections):
                connection.keep_up(now)

    def wake(self) -> None:
        """End a :meth:`poll` that another thread waits in."""
        with suppress(BlockingIOError, OSError):
            self._mouth.send(b"\x00")

    def close(self) -> None:
        """Free the descriptors; connections must have been closed before."""
        self._selector.close()
        self._ear.close()
        self._mouth.close()

    def add(self, connection: Connection) -> None:
        """Look after a connection."""
        self._connections.append(connection)

    def remove(self, connection: Connection) -> None:
        """Look after it no longer."""
        if connection in self._connections:
            self._connections.remove(connection)

    def forget(self, link: BufferedSocket) -> None:
        """Wait on a socket no longer; it may be closed already."""
        if self._registered.pop(link, None) is not None:
            self._selector.unregister(link)

    def _register(self) -> list[Connection]:
        """Bring the selector up to date; return the connections with input that was left over for want of room."""
        left_over = []
        for connection in self._connections:
            link = connection.link
            if link is None:
                continue
            link.flush()
            room = connection.has_room()
            if room and link.holds_input:
                left_over.append(connection)
            wanted = (selectors.EVENT_READ if room else 0) | (selectors.EVENT_WRITE if link.output_size else 0)
            if self._registered.get(link, 0) != wanted:
                self._watch(link, wanted, connection)
        return left_over

    def _watch(self, link: BufferedSocket, wanted: int, connection: Connection) -> None:
        if not wanted:
            self.forget(link)
        elif link in self._registered:
            self._selector.modify(link, wanted, connection)
            self._registered[link] = wanted
        else:
            self._selector.register(link, wanted, connection)
            self._registered[link] = wanted
