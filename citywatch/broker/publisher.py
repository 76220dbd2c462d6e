"""Sending: QoS 1, a bounded number of messages on their way, and certainty at the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from citywatch.broker.address import BrokerAddress
from citywatch.broker.client import Client
from citywatch.broker.network import KEEPALIVE, Connection, Network
from citywatch.errors import Unavailable
from citywatch.logs import logger

_MUCH: Final = 65_536  # [bytes]
_NOBODY: Final = 0x10  # "no matching subscribers", MQTT 5.0 section 3.4.2.1


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the connection ends without a good-bye."""

    topic: str
    payload: bytes


class Publisher(Connection):
    """Publishes with QoS 1 and keeps at most ``window`` messages unconfirmed.

    ``birth`` gives the retained payload that replaces the last will, on its topic, after every connection. The broker
    publishes the will when it has heard nothing for one and a half times ``keepalive`` [s].
    """

    def __init__(
        self,
        network: Network,
        address: BrokerAddress,
        *,
        client_id: str,
        window: int = 1000,
        will: Will | None = None,
        birth: Callable[[], bytes] | None = None,
        keepalive: int = KEEPALIVE,
    ) -> None:
        client = Client(address, client_id)
        client.max_inflight_messages_set(0)  # the window is ours; paho's own costs time quadratic in its size
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        super().__init__(
            network, address, client, session_expiry=0, receive_maximum=None, clean_start=True, keepalive=keepalive
        )
        self._will = will
        self._birth = birth
        self._window = window
        self._allowed = window
        self._content_types: dict[str | None, Properties | None] = {None: None}
        self.unconfirmed = 0
        self.refused = 0
        """Messages that the broker answered with an error, such as for want of a right; they are gone."""
        self.unheard = 0
        """Messages that the broker took although nobody had subscribed; they are gone."""
        client.on_publish = self._on_publish

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        content_type: str | None = None,
        properties: Sequence[tuple[str, str]] = (),
        retain: bool = False,
    ) -> None:
        """Hand a message over, with MQTT 5 user properties; it leaves with the next poll, at once when much waits.

        Waits while ``window`` messages are unconfirmed.

        Raises
        ------
        Unavailable
            The broker confirmed nothing for 60 s.
        """
        if self.unconfirmed >= self._allowed:
            self._poll_until(lambda: self.unconfirmed < self._allowed, timeout=60)
        self.unconfirmed += 1
        described = self._properties_of(content_type, properties)
        self._client.publish(topic, payload, qos=1, retain=retain, properties=described)
        if self.link is not None and self.link.output_size > _MUCH:
            self.link.flush()

    def flush(self, *, timeout: float = 60.0) -> None:
        """Wait until the broker has confirmed everything, at most ``timeout`` [s].

        Raises
        ------
        Unavailable
            It did not.
        """
        self._poll_until(lambda: self.unconfirmed == 0, timeout=timeout)

    def _poll_until(self, holds: Callable[[], bool], *, timeout: float) -> None:
        deadline = monotonic() + timeout
        while not holds():
            if monotonic() > deadline:
                raise Unavailable(
                    f"the broker at {self._address} left {self.unconfirmed} messages unconfirmed for {timeout:g} s"
                )
            self._network.poll(0.5)

    def _properties_of(self, content_type: str | None, user: Sequence[tuple[str, str]]) -> Properties | None:
        if not user and content_type in self._content_types:
            return self._content_types[content_type]
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if content_type is not None:
            properties.ContentType = content_type
        if user:
            properties.UserProperty = list(user)
        else:
            self._content_types[content_type] = properties
        return properties

    def _after_connect(self, session: str, receive_maximum: int) -> None:  # noqa: ARG002
        self._allowed = min(self._window, receive_maximum)
        if self._will is not None and self._birth is not None:
            self.unconfirmed += 1
            self._client.publish(self._will.topic, self._birth(), qos=1, retain=True)

    def _on_publish(self, _client: mqtt.Client, _data: object, _mid: int, code: ReasonCode, _p: object) -> None:
        self.unconfirmed -= 1
        if code.is_failure:
            self.refused += 1
            if self.refused == 1:
                logger().warning("the broker refuses messages", broker=str(self._address), cause=str(code))
        elif code.value == _NOBODY:
            self.unheard += 1
