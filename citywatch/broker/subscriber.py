"""Receiving: a persistent session whose messages are acknowledged when the caller says so."""

from collections.abc import Iterable, Sequence

import msgspec
from paho.mqtt.subscribeoptions import SubscribeOptions

from citywatch.broker.address import BrokerAddress
from citywatch.broker.client import Client
from citywatch.broker.network import Connection, Network
from citywatch.broker.packets import Publication
from citywatch.clock import Clock, to_micros
from citywatch.logs import logger


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One message as the broker delivered it; ``epoch`` names the connection it came through.

    ``properties`` are the MQTT 5 user properties, as sent.
    """

    topic: str
    payload: bytes
    content_type: str | None
    received: int  # [us since the epoch]
    retained: bool
    mid: int
    qos: int
    epoch: int
    properties: Sequence[tuple[str, str]] = ()
    redelivered: bool = False


class Subscriber(Connection):
    """Collects messages until they are taken; ``window`` is the Receive Maximum.

    The broker should hold back further messages while ``window`` of them are not acknowledged. Not every broker does
    (aedes never, Mosquitto 2.0.11 overshoots), so at twice the window we stop reading.
    """

    def __init__(
        self,
        network: Network,
        address: BrokerAddress,
        *,
        client_id: str,
        filters: Iterable[str],
        window: int,
        session_expiry: int,
        clock: Clock,
    ) -> None:
        client = Client(address, client_id, manual_ack=True)
        super().__init__(
            network, address, client, session_expiry=session_expiry, receive_maximum=window, clean_start=False
        )
        self._filters = tuple(filters)
        self._clock = clock
        self._received: list[Delivery] = []
        self._received_at = 0
        self._limit = 2 * window
        self._open = 0  # unacknowledged deliveries of the present connection
        client.on_publication = self._on_publication

    def take(self) -> list[Delivery]:
        """Return what has arrived since the last call, in order."""
        taken, self._received = self._received, []
        return taken

    def acknowledge(self, deliveries: Iterable[Delivery]) -> int:
        """Acknowledge what came through the present connection; return how many that were.

        The others, the broker will deliver again.
        """
        if not self.is_connected:
            return 0
        epoch = self._client.epoch
        mids = [delivery.mid for delivery in deliveries if delivery.epoch == epoch and delivery.qos]
        self._client.acknowledge(mids)
        self._open -= len(mids)
        return len(mids)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0 over the same connection; lost when there is none."""
        if self.is_connected:
            self._client.publish(topic, payload, qos=0)

    def has_room(self) -> bool:
        """Return whether fewer than twice the window are unacknowledged."""
        return self._open < self._limit

    def _after_connect(self, session: str, receive_maximum: int) -> None:  # noqa: ARG002
        self._open = 0
        logger().info("subscribed", broker=str(self._address), session=session)
        self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._filters])

    def _filled(self) -> None:
        self._received_at = to_micros(self._clock.now())

    def _on_publication(self, publication: Publication) -> None:
        try:
            topic = publication.topic.decode()
        except UnicodeDecodeError:
            topic = repr(publication.topic)
        self._open += publication.qos > 0
        self._received.append(
            Delivery(
                topic=topic,
                payload=publication.payload,
                content_type=publication.content_type,
                received=self._received_at,
                retained=publication.retained,
                mid=publication.mid,
                qos=publication.qos,
                epoch=self._client.epoch,
                properties=publication.properties,
                redelivered=publication.redelivered,
            )
        )
