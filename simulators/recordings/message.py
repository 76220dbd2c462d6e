"""One recorded message, and how ingest will count it."""

from dataclasses import dataclass

from citywatch.errors import Rejected
from citywatch.wire.codecs import decode
from citywatch.wire.status import decode_status
from citywatch.wire.topics import TopicKind, parse_topic

NO_SOURCE = "?"


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """What a device published. Times are int64 microseconds since the epoch.

    ``log_time`` orders the recording: when the message was recorded, or in a data set the time of its newest reading.
    ``publication_time`` is when it left the device, or the same where nobody noted that. ``properties`` are the MQTT 5
    user properties.
    """

    topic: str
    payload: bytes
    content_type: str | None
    log_time: int
    publication_time: int
    properties: tuple[tuple[str, str], ...] = ()


def source_of(topic: str) -> str:
    """Return ``district/system``, the source under which the ledger counts a topic; ``?`` when it names none."""
    try:
        parts = parse_topic(topic)
    except Rejected:
        return NO_SOURCE
    return f"{parts.district_id}/{parts.system_id}"


def readings_in(message: RecordedMessage) -> int:
    """Return how many readings a message holds; one that cannot be decoded counts as one, a status as none."""
    try:
        match parse_topic(message.topic).kind:
            case TopicKind.SENML:
                readings = decode(message.payload, message.content_type, max_bytes=max(1, len(message.payload)))
                return len(readings.names) + sum(len(refusal.indices) for refusal in readings.refusals)
            case TopicKind.STATUS:
                decode_status(message.payload)
                return 0
            case _:
                return 1
    except Rejected:
        return 1
