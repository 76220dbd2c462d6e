"""Stamps of a message: MQTT 5 user properties ``seq`` and ``sent`` beside a payload that has no room for them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from citywatch.errors import Rejected
from citywatch.model.readings import Readings
from citywatch.wire.instants import to_seconds

SEQUENCE: Final = "seq"
SENT: Final = "sent"
LARGEST_SEQUENCE: Final = 2**63 - 1


def stamped(readings: Readings, properties: Iterable[tuple[str, str]]) -> Readings:
    """Return readings with the sequence number and send time of the user properties.

    What the payload itself says goes first. Unreadable stamps are left out, because the same names may mean something
    else to the system that set them.
    """
    said = dict(properties)
    sequence = readings.sequence
    if sequence is None:
        sequence = _sequence(said.get(SEQUENCE, ""))
    sent = readings.sent
    if sent is None:
        sent = _instant(said.get(SENT, ""))
    if sequence is readings.sequence and sent is readings.sent:
        return readings
    return replace(readings, sequence=sequence, sent=sent)


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
