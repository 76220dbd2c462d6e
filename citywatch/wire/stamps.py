"""Stamps of a message: MQTT 5 user properties ``seq`` and ``sent`` beside a payload that has no room for them."""

from collections.abc import Iterable
from typing import Final, TypeVar

from msgspec.structs import replace

from citywatch.errors import Rejected
from citywatch.model.readings import Readings
from citywatch.model.waveforms import WaveformBlock
from citywatch.wire.instants import to_seconds

SEQUENCE: Final = "seq"
SENT: Final = "sent"
LARGEST_SEQUENCE: Final = 2**63 - 1
T = TypeVar("T", Readings, WaveformBlock)


def stamped(message: T, properties: Iterable[tuple[str, str]]) -> T:
    """Return a decoded message with the sequence number and send time of the user properties.

    What the payload itself says goes first. Unreadable stamps are left out, because the same names may mean something
    else to the system that set them.
    """
    sequence, sent = read_stamps(properties)
    return replace(
        message,
        sequence=sequence if message.sequence is None else message.sequence,
        sent=sent if message.sent is None else message.sent,
    )


def read_stamps(properties: Iterable[tuple[str, str]]) -> tuple[int | None, float | None]:
    """Return sequence number and send time [s since the epoch] of the user properties, None what they do not say."""
    said = dict(properties)
    return _sequence(said.get(SEQUENCE, "")), _instant(said.get(SENT, ""))


def stamps(sequence: int, sent: int) -> tuple[tuple[str, str], ...]:
    """Return the user properties of a message with a number, sent at an instant [us since the epoch]."""
    return (SEQUENCE, str(sequence)), (SENT, f"{sent // 1_000_000}.{sent % 1_000_000:06d}")


def _sequence(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= LARGEST_SEQUENCE else None


def _instant(text: str) -> float | None:
    """Return seconds since the epoch, written as a number or as ISO 8601."""
    try:
        return to_seconds(_number(text), SENT)
    except Rejected:
        return None


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
