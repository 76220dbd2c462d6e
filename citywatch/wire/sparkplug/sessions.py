"""What edge nodes have told about themselves: births, aliases, sequence; pure, without I/O.

A metric becomes a reading under its full name ``{asset}/{sensor}/{property}``: as sent, or put together from a device
``{asset}:{sensor}`` and a metric ``{property}``. Aliases hold until the next birth or death. After a gap in the
sequence they still hold, for the birth that gave them is known; a new birth is asked for all the same.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings, Refusal
from citywatch.wire.sparkplug.payload import BD_SEQ, Metric, Payload
from citywatch.wire.sparkplug.topics import MessageType, NodeId, SparkplugTopic

_MODULUS: Final = 256
_PAUSE: Final = 10.0  # [s] between two requests for rebirth of one node
_MOST_NODES: Final = 10_000  # the node that was silent longest is forgotten; its rebirth brings it back
_ABOUT_ITSELF: Final = ("Node Control/", "Device Control/", "Node Info/", "Device Info/", "Properties/")

SensorKey = tuple[str, str]  # asset, sensor


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric as its birth defined it; ``name`` is the full name, None when the node speaks of itself."""

    name: str | None
    datatype: int | None
    unit: str | None
    device: str | None


@dataclass(slots=True)
class EdgeNode:
    """One edge node since its birth; ``expected`` is the sequence number that comes next, None: any."""

    bd_seq: int | None = None
    expected: int | None = None
    aliases: dict[int, Definition] = field(default_factory=dict)
    names: dict[tuple[str | None, str], Definition] = field(default_factory=dict)

    def define(self, metric: Metric, device: str | None) -> None:
        """Take over what a birth says about a metric."""
        if metric.name is not None:
            definition = self.names[device, metric.name] = _define(metric, metric.name, device)
            if metric.alias is not None:
                self.aliases[metric.alias] = definition

    def forget(self, device: str | None) -> None:
        """Drop what a device has defined."""
        self.aliases = {alias: known for alias, known in self.aliases.items() if known.device != device}
        self.names = {key: known for key, known in self.names.items() if known.device != device}

    def sensors(self, device: str | None = None) -> frozenset[SensorKey]:
        """Return the sensors behind the metrics of a device, None: of the node with all its devices."""
        names = (known.name for known in self.names.values() if device is None or known.device == device)
        return frozenset(key for name in names if name is not None and (key := sensor_of(name)) is not None)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message means: readings under full names, sensors that came or went, whether to ask for a rebirth."""

    readings: Readings
    online: frozenset[SensorKey] = frozenset()
    offline: frozenset[SensorKey] = frozenset()
    wants_rebirth: bool = False


class Sessions:
    """All edge nodes that are alive, as far as their births have been heard."""

    def __init__(self) -> None:
        self._nodes: OrderedDict[NodeId, EdgeNode] = OrderedDict()
        self._asked_at: OrderedDict[NodeId, float] = OrderedDict()

    def hear(self, topic: SparkplugTopic, payload: Payload, at: float) -> Heard:
        """Take one message, in the order of arrival; ``at`` is when it was received [s]."""
        match topic.kind:
            case MessageType.NODE_DEATH:
                return self._node_death(topic.node_id, payload)
            case MessageType.NODE_BIRTH:
                return self._node_birth(topic.node_id, payload)
        node = self._nodes.get(topic.node_id)
        is_known = node is not None and node.expected is not None
        if node is None:
            node = self._remember(topic.node_id, EdgeNode())
        self._nodes.move_to_end(topic.node_id)
        in_order = is_known and payload.sequence in (node.expected, None)
        if is_known and payload.sequence is not None:
            node.expected = (payload.sequence + 1) % _MODULUS
        match topic.kind:
            case MessageType.DEVICE_DEATH:
                heard = Heard(Readings([], [], [], []), offline=node.sensors(topic.device))
                node.forget(topic.device)
            case MessageType.DEVICE_BIRTH:
                node.forget(topic.device)
                heard = _birth(node, payload, topic.device)
            case _:
                heard = Heard(_read(node, payload, topic.device))
        lost = not in_order or any(refusal.cause.reason is Reason.UNKNOWN_ALIAS for refusal in heard.readings.refusals)
        asks = lost and self._may_ask(topic.node_id, at)
        return Heard(heard.readings, heard.online, heard.offline, wants_rebirth=asks)

    def _node_birth(self, node_id: NodeId, payload: Payload) -> Heard:
        first = 0 if payload.sequence is None else payload.sequence
        node = self._remember(node_id, EdgeNode(payload.bd_seq, (first + 1) % _MODULUS))
        self._asked_at.pop(node_id, None)
        return _birth(node, payload, None)

    def _node_death(self, node_id: NodeId, payload: Payload) -> Heard:
        """End a node, unless the death belongs to an earlier birth than the one that is known."""
        node = self._nodes.get(node_id)
        silence = Heard(Readings([], [], [], []))
        if node is None or (None not in (node.bd_seq, payload.bd_seq) and node.bd_seq != payload.bd_seq):
            return silence
        del self._nodes[node_id]
        return Heard(silence.readings, offline=node.sensors())

    def _remember(self, node_id: NodeId, node: EdgeNode) -> EdgeNode:
        self._nodes[node_id] = node
        self._nodes.move_to_end(node_id)
        while len(self._nodes) > _MOST_NODES:
            self._nodes.popitem(last=False)
        return node

    def _may_ask(self, node_id: NodeId, at: float) -> bool:
        """Return whether it is time to ask for a rebirth, and note that it is done."""
        asked_at = self._asked_at.get(node_id)
        if asked_at is not None and abs(at - asked_at) < _PAUSE:
            return False
        self._asked_at[node_id] = at
        self._asked_at.move_to_end(node_id)
        while len(self._asked_at) > _MOST_NODES:
            self._asked_at.popitem(last=False)
        return True


def full_name(device: str | None, metric: str) -> str:
    """Return the full name of a metric, or the name as sent when it leads to no sensor."""
    if metric.count("/") != 2 and device is not None and device.count(":") == 1:
        return f"{device.replace(':', '/')}/{metric}"
    return metric


def sensor_of(name: str) -> SensorKey | None:
    """Return the sensor a full name speaks of."""
    parts = name.split("/")
    return (parts[0], parts[1]) if len(parts) == 3 else None


def _birth(node: EdgeNode, payload: Payload, device: str | None) -> Heard:
    for metric in payload.metrics:
        node.define(metric, device)
    return Heard(_read(node, payload, device, is_birth=True), online=node.sensors(device))


def _read(node: EdgeNode, payload: Payload, device: str | None, *, is_birth: bool = False) -> Readings:
    """Return the metrics of a message as readings; those without one are refused, those about the node skipped."""
    found: list[tuple[int, Metric, Definition, float]] = []
    refused: dict[tuple[Reason, str], list[int]] = {}
    for index, metric in enumerate(payload.metrics):
        try:
            definition = _definition(node, metric, device)
            if definition.name is not None and not (is_birth and metric.is_null):
                found.append((index, metric, definition, _value(metric, definition)))
        except Rejected as cause:
            refused.setdefault((cause.reason, cause.detail), []).append(index)
    return Readings(
        names=[definition.name or "" for _, _, definition, _ in found],
        units=[metric.unit or definition.unit for _, metric, definition, _ in found],
        times=[(payload.time if metric.time is None else metric.time) or 0.0 for _, metric, _, _ in found],
        values=[value for _, _, _, value in found],
        indices=[index for index, _, _, _ in found],
        refusals=tuple(Refusal(tuple(places), Rejected(*cause)) for cause, places in refused.items()),
        sent=payload.time,
    )


def _define(metric: Metric, name: str, device: str | None) -> Definition:
    is_own = name == BD_SEQ or name.startswith(_ABOUT_ITSELF)
    return Definition(None if is_own else full_name(device, name), metric.datatype, metric.unit, device)


def _definition(node: EdgeNode, metric: Metric, device: str | None) -> Definition:
    if metric.name is not None:
        return node.names.get((device, metric.name)) or _define(metric, metric.name, device)
    if metric.alias is None:
        raise Rejected(Reason.UNKNOWN_DATASTREAM, "the metric has neither name nor alias; send one of them")
    definition = node.aliases.get(metric.alias)
    if definition is None or definition.device != device:
        raise Rejected(
            Reason.UNKNOWN_ALIAS, f"no birth heard so far defines alias {metric.alias}; a rebirth is asked for"
        )
    return definition


def _value(metric: Metric, definition: Definition) -> float:
    if metric.is_null or metric.value is None:
        raise Rejected(Reason.NO_VALUE, f"metric {definition.name} is null; leave out what was not measured")
    number = metric.number(definition.datatype if metric.datatype is None else metric.datatype)
    if number is None:
        raise Rejected(Reason.WRONG_TYPE, f"metric {definition.name} is no number; send a number or a boolean")
    return number
