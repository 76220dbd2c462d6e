"""An edge node as a device builder would write it: births, data by alias, its sequence and its deaths."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from citywatch.wire.sparkplug.payload import BD_SEQ, BOOLEAN, DOUBLE, INT64, REBIRTH, Metric, Payload
from citywatch.wire.sparkplug.topics import MessageType, NodeId, SparkplugTopic

Sent = tuple[SparkplugTopic, Payload]


@dataclass
class EdgeNodeDevice:
    """One edge node with metrics of its own (device None) and of devices; ``time`` is that of everything it sends."""

    metrics: Mapping[str | None, tuple[str, ...]]
    group: str = "hanyang"
    node: str = "gateway-1"
    time: float = 1_795_000_000.0
    unit: str | None = "um/m"
    lives: int = -1
    sequence: int = 0
    aliases: dict[tuple[str | None, str], int] = field(default_factory=dict)

    @property
    def node_id(self) -> NodeId:
        """Group and identifier of the node."""
        return NodeId(self.group, self.node)

    def born(self, value: float = 0.0) -> list[Sent]:
        """Return birth of the node and of all its devices; every life gives the aliases anew."""
        self.lives += 1
        self.sequence = 0
        keys = [(device, name) for device, names in self.metrics.items() for name in names]
        self.aliases = {key: 100 * self.lives + place for place, key in enumerate(keys)}
        own = (
            Metric(BD_SEQ, time=self.time, datatype=INT64, value=self.lives),
            Metric(REBIRTH, time=self.time, datatype=BOOLEAN, value=False),
        )
        births = [self._message(MessageType.NODE_BIRTH, None, (*own, *self._defined(None, value)))]
        return births + [
            self._message(MessageType.DEVICE_BIRTH, device, self._defined(device, value))
            for device in self.metrics
            if device is not None
        ]

    def data(self, device: str | None, name: str, value: float, *, is_historical: bool = False) -> Sent:
        """Return one value by its alias."""
        metric = Metric(alias=self.aliases[device, name], time=self.time, value=value, is_historical=is_historical)
        return self._message(MessageType.NODE_DATA if device is None else MessageType.DEVICE_DATA, device, (metric,))

    def device_death(self, device: str) -> Sent:
        """Return the death of a device."""
        return self._message(MessageType.DEVICE_DEATH, device, ())

    def death(self, *, life: int | None = None) -> Sent:
        """Return the will that the broker publishes; of an earlier life when one is named."""
        number = self.lives if life is None else life
        metrics = (Metric(BD_SEQ, time=self.time, datatype=INT64, value=number),)
        return SparkplugTopic(self.node_id, MessageType.NODE_DEATH), Payload(self.time, None, metrics)

    def _defined(self, device: str | None, value: float) -> tuple[Metric, ...]:
        return tuple(
            Metric(name, self.aliases[device, name], self.time, DOUBLE, value, unit=self.unit)
            for name in self.metrics.get(device, ())
        )

    def _message(self, kind: MessageType, device: str | None, metrics: tuple[Metric, ...]) -> Sent:
        payload = Payload(self.time, self.sequence, metrics)
        self.sequence = (self.sequence + 1) % 256
        return SparkplugTopic(self.node_id, kind, device), payload
