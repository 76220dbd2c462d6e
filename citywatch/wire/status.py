"""Birth and death of a device on its retained ``status`` topic; the broker sends the death as the last will."""

from datetime import datetime
from enum import StrEnum

import msgspec

from citywatch.errors import Reason, Rejected


class Presence(StrEnum):
    """Whether a device says it is there."""

    ONLINE = "online"
    OFFLINE = "offline"


class Status(msgspec.Struct, frozen=True):
    """``{"state": "online", "time": "2026-01-01T00:00:00Z"}``; a last will, written before the death, has no time."""

    state: Presence
    time: datetime | None = None


def encode_status(status: Status) -> bytes:
    """Return the payload of a status topic."""
    return msgspec.json.encode(status)


def decode_status(payload: bytes) -> Status:
    """Return the status a device announced.

    Raises
    ------
    Rejected
        ``empty`` or ``not_decodable``.
    """
    if not payload:
        raise Rejected(Reason.EMPTY, "the payload is empty")
    try:
        status = msgspec.json.decode(payload[:4096], type=Status)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(Reason.NOT_DECODABLE, f"not a status: {error}") from error
    if status.time is not None and status.time.tzinfo is None:
        raise Rejected(Reason.NOT_DECODABLE, "time has no zone; write it in UTC with a Z")
    return status
