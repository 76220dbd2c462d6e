"""What Sparkplug messages say: the state of edge nodes above, the registry below.

The group of an edge node is the district in which all its sensors stand, so that access rules by group hold.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from citywatch.broker import Delivery
from citywatch.clock import from_micros
from citywatch.errors import Reason, Rejected
from citywatch.logs import logger
from citywatch.model.identifiers import IDENTIFIER, AssetId, DistrictId, SensorId
from citywatch.model.observations import SensorStatus
from citywatch.model.readings import Refusal
from citywatch.wire.codecs import check_size
from citywatch.wire.sparkplug.payload import decode_payload, rebirth_command
from citywatch.wire.sparkplug.sessions import Heard, SensorKey, Sessions, sensor_of
from citywatch.wire.sparkplug.topics import NodeId, parse_sparkplug_topic
from citywatch.wire.status import Presence
from ingest.catalogue import Catalogue, SensorEntry, Target
from ingest.interpret import NO_SOURCE, Message, reject

_SYSTEM: Final = "sparkplug"  # in the ledger, of nodes whose sensors nobody knows


class SparkplugInterpreter:
    """Gives deliveries of the Sparkplug namespace their meaning, in the order of arrival.

    ``send`` publishes a command; what it loses, the next message of the node asks for again.
    """

    def __init__(self, send: Callable[[str, bytes], None], *, max_bytes: int) -> None:
        self._send = send
        self._max_bytes = max_bytes
        self._sessions = Sessions()

    def interpret(self, delivery: Delivery, catalogue: Catalogue) -> Message:
        """Return the meaning of a delivery, whatever its bytes are; ask the node for a rebirth where that is needed."""
        source = NO_SOURCE
        try:
            topic = parse_sparkplug_topic(delivery.topic)
            source = _source_of(topic.node_id)
            check_size(delivery.payload, self._max_bytes)
            payload = decode_payload(delivery.payload)
        except Rejected as rejection:
            return reject(delivery, source, rejection)
        at = delivery.received / 1e6
        heard = self._sessions.hear(topic, payload, at)
        if heard.wants_rebirth:
            logger().info("asks for a rebirth", group=topic.node_id.group, node=topic.node_id.node)
            self._send(topic.node_id.command_topic, rebirth_command(at))
        return _resolve(delivery, heard, topic.node_id, catalogue)


def _source_of(node_id: NodeId) -> str:
    return f"{node_id.group}/{_SYSTEM}" if IDENTIFIER.fullmatch(node_id.group) else NO_SOURCE


def _resolve(delivery: Delivery, heard: Heard, node_id: NodeId, catalogue: Catalogue) -> Message:
    """Find the datastream of every reading; those without one join the refusals."""
    readings = heard.readings
    places = readings.indices or []
    kept: list[tuple[int, Target, SensorEntry]] = []
    refused: dict[Rejected, list[int]] = {}
    for row, (name, unit) in enumerate(zip(readings.names, readings.units, strict=True)):
        try:
            entry = _entry(catalogue, node_id, sensor_of(name), name)
            kept.append((row, entry.targets.get((name, unit)) or catalogue.target(entry, name, unit), entry))
        except Rejected as cause:
            refused.setdefault(cause.with_traceback(None), []).append(places[row])
    refusals = (*readings.refusals, *(Refusal(tuple(rows), cause) for cause, rows in refused.items()))
    return Message(
        delivery=delivery,
        source=f"{kept[0][2].district_id}/{kept[0][2].system_id}" if kept else _source_of(node_id),
        received=len(readings.names) + sum(len(refusal.indices) for refusal in readings.refusals),
        datastream_ids=[target.datastream_id for _, target, _ in kept],
        times=[readings.times[row] for row, _, _ in kept],
        values=[target.convert(readings.values[row]) for row, target, _ in kept],
        indices=[places[row] for row, _, _ in kept],
        refusals=refusals,
        statuses=(
            *_statuses(delivery, heard.online, Presence.ONLINE, node_id, catalogue),
            *_statuses(delivery, heard.offline, Presence.OFFLINE, node_id, catalogue),
        ),
    )


def _entry(catalogue: Catalogue, node_id: NodeId, key: SensorKey | None, name: str) -> SensorEntry:
    """Return the sensor of a full name.

    Raises
    ------
    Rejected
        ``unknown_datastream`` or ``name_mismatch``.
    """
    if key is None:
        raise Rejected(
            Reason.UNKNOWN_DATASTREAM,
            f"metric {name[:200]!r} leads to no sensor; name it asset/sensor/property, or the device asset:sensor",
        )
    entry = catalogue.entry(AssetId(key[0]), SensorId(key[1]))
    if entry.district_id != DistrictId(node_id.group):
        raise Rejected(
            Reason.NAME_MISMATCH, f"{key[0]} stands in {entry.district_id}; publish it under that group, not elsewhere"
        )
    return entry


def _statuses(
    delivery: Delivery, keys: Iterable[SensorKey], state: Presence, node_id: NodeId, catalogue: Catalogue
) -> Iterator[SensorStatus]:
    """Yield the new status of each sensor that is registered."""
    for key in sorted(keys):
        try:
            _entry(catalogue, node_id, key, "")
        except Rejected:
            continue  # its readings, if it has any, are refused with the reason
        received_at = from_micros(delivery.received)
        yield SensorStatus(AssetId(key[0]), SensorId(key[1]), state.value, received_at, received_at)
