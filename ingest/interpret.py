"""What one message says: decoded, its readings resolved to datastreams. Never raises; what is wrong is part of it."""

from typing import Final

import msgspec
import numpy as np

from citywatch.broker import Delivery
from citywatch.clock import from_micros
from citywatch.errors import Reason, Rejected
from citywatch.model.observations import SensorStatus
from citywatch.model.readings import Readings, Refusal
from citywatch.model.waveforms import Waveform
from citywatch.wire.codecs import decode, decode_block
from citywatch.wire.status import decode_status
from citywatch.wire.topics import Topic, TopicKind, parse_topic
from ingest.catalogue import Catalogue, SensorEntry, Target

NO_SOURCE: Final = "?"
MILLISECOND: Final = 1000  # [us]: how finely times of reception are kept


class Message(msgspec.Struct, frozen=True):
    """One delivery and its meaning.

    ``datastream_ids``, ``times`` [s since the epoch] and ``values`` [unit of the datastream] are columns of equal
    length; ``indices`` are the places of these readings in the message. ``received`` counts readings; a waveform block
    counts as one, and so does a message that cannot be decoded. Times are judged later, for a whole batch. ``sequence``
    is the number the device gave the message, ``sent`` its send time [s since the epoch] by the clock of the device.
    """

    delivery: Delivery
    source: str
    received: int
    datastream_ids: list[int]
    times: list[float]
    values: list[float]
    indices: list[int] | None
    refusals: tuple[Refusal, ...]
    statuses: tuple[SensorStatus, ...] = ()
    rejection: Rejected | None = None
    waveform: Waveform | None = None
    sequence: int | None = None
    sent: float | None = None

    @property
    def accepted(self) -> int:
        """How many of the received readings are not refused so far."""
        return len(self.datastream_ids) + (self.waveform is not None)

    @property
    def weight(self) -> int:
        """How much the message adds to a batch, in readings; samples are smaller than readings."""
        return len(self.datastream_ids) + (0 if self.waveform is None else 1 + len(self.waveform.values) // 8)


def interpret(delivery: Delivery, catalogue: Catalogue, *, max_bytes: int) -> Message:
    """Return the meaning of a delivery, whatever its bytes are."""
    source = NO_SOURCE
    try:
        topic = parse_topic(delivery.topic)
        source = f"{topic.district_id}/{topic.system_id}"
        match topic.kind:
            case TopicKind.SENML:
                readings = decode(
                    delivery.payload, delivery.content_type, max_bytes=max_bytes, properties=delivery.properties
                )
                return _resolve(delivery, source, readings, catalogue, catalogue.sensor(topic))
            case TopicKind.STATUS:
                catalogue.sensor(topic)
                return _status(delivery, source, topic)
            case TopicKind.WAVE:
                return _waveform(delivery, source, topic, catalogue, max_bytes=max_bytes)
            case other:
                return reject(delivery, source, Rejected(Reason.UNKNOWN_FORMAT, f"kind {other} is not read here"))
    except Rejected as rejection:
        return reject(delivery, source, rejection)


def reject(delivery: Delivery, source: str, rejection: Rejected) -> Message:
    """Return a delivery as wholly rejected."""
    return Message(delivery, source, 1, [], [], [], None, (), rejection=rejection)


def _status(delivery: Delivery, source: str, topic: Topic) -> Message:
    said = decode_status(delivery.payload)
    received_at = from_micros(delivery.received)
    status = SensorStatus(topic.asset_id, topic.sensor_id, said.state.value, said.time or received_at, received_at)
    return Message(delivery, source, 0, [], [], [], None, (), statuses=(status,))


def _waveform(delivery: Delivery, source: str, topic: Topic, catalogue: Catalogue, *, max_bytes: int) -> Message:
    block = decode_block(delivery.payload, delivery.content_type, max_bytes=max_bytes, properties=delivery.properties)
    target = catalogue.waveform_target(catalogue.sensor(topic), block.name, block.unit)
    values = block.values if target.conversion is None else target.conversion.apply_to_samples(block.values)
    if values is not block.values and not np.isfinite(values).all():
        raise Rejected(Reason.NOT_FINITE, "values leave the range of float32 in the unit of the datastream")
    waveform = Waveform(
        datastream_id=target.datastream_id,
        start_time=round(block.start_time * 1e6),
        received_time=delivery.received // MILLISECOND * MILLISECOND,
        sampling_rate=block.sampling_rate,
        values=values,
    )
    return Message(
        delivery, source, 1, [], [], [], None, (), waveform=waveform, sequence=block.sequence, sent=block.sent
    )


def _resolve(delivery: Delivery, source: str, readings: Readings, catalogue: Catalogue, entry: SensorEntry) -> Message:
    """Find the datastream of every reading; those without one join the refusals."""
    sequence, sent = readings.sequence, readings.sent
    received = len(readings.names) + sum(len(refusal.indices) for refusal in readings.refusals)
    keys = zip(readings.names, readings.units, strict=True)
    targets: list[Target | None] = list(map(entry.targets.get, keys))
    if None in targets:
        readings, targets = _look_up(readings, catalogue, entry)
    datastream_ids: list[int] = []
    values: list[float] = []
    for target, value in zip(targets, readings.values, strict=True):
        assert target is not None
        datastream_ids.append(target.datastream_id)
        values.append(value if target.conversion is None else target.conversion.apply(value))
    return Message(
        delivery,
        source,
        received,
        datastream_ids,
        readings.times,
        values,
        readings.indices,
        readings.refusals,
        sequence=sequence,
        sent=sent,
    )


def _look_up(readings: Readings, catalogue: Catalogue, entry: SensorEntry) -> tuple[Readings, list[Target | None]]:
    """Return the readings that have a datastream, and those datastreams; names unknown so far are looked up."""
    places = readings.indices or range(len(readings.names))
    found: list[tuple[int, Target]] = []
    refused: dict[Rejected, list[int]] = {}
    for row, key in enumerate(zip(readings.names, readings.units, strict=True)):
        try:
            found.append((row, entry.targets.get(key) or catalogue.target(entry, *key)))
        except Rejected as rejection:
            refused.setdefault(rejection.with_traceback(None), []).append(places[row])
    rows = [row for row, _ in found]
    resolved = Readings(
        names=[readings.names[row] for row in rows],
        units=[readings.units[row] for row in rows],
        times=[readings.times[row] for row in rows],
        values=[readings.values[row] for row in rows],
        indices=[places[row] for row in rows],
        refusals=(*readings.refusals, *(Refusal(tuple(indices), cause) for cause, indices in refused.items())),
    )
    return resolved, [target for _, target in found]
