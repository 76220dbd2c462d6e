"""Plain JSON for devices that know no standard: ``{"time": "2026-01-01T08:00:00Z", "values": {"strain": 1.2}}``.

``time`` is ISO 8601 with a zone or seconds since 1970; ``units`` names units by property, ``sequence`` counts the
messages of the device, ``sent`` is when it sent this one. Unknown fields are ignored, a key that appears twice is not.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings, Refusal
from citywatch.wire.instants import to_seconds
from citywatch.wire.stamps import LARGEST_SEQUENCE

CONTENT_TYPE: Final = "application/json"
_LONGEST_INTEGER: Final = 20  # digits; longer ones are numbers all the same, but no counters


class PlainMessage(msgspec.Struct, omit_defaults=True, frozen=True):
    """The message on the wire."""

    values: dict[str, Any]
    time: float | str | None = None
    units: dict[str, str] = {}
    sequence: Annotated[int, Meta(ge=0, le=LARGEST_SEQUENCE)] | None = None
    sent: float | str | None = None


def encode_plain_json(message: PlainMessage) -> bytes:
    """Return a message as plain JSON."""
    return msgspec.json.encode(message)


def decode_plain_json(payload: bytes) -> Readings:
    """Return the readings of a plain JSON message, in the order of its values.

    Raises
    ------
    Rejected
        The message as a whole is unusable: ``not_decodable``, ``too_deep``, ``duplicate_key``, ``wrong_type`` or
        ``empty``. A single bad value does not raise; it is listed in ``refusals``.
    """
    message = _parse(payload)
    if not message.values:
        raise Rejected(Reason.EMPTY, 'values holds nothing; send {"values": {"strain": 1.2}, ...}')
    time = 0.0 if message.time is None else to_seconds(message.time, "time")
    sent = None if message.sent is None else to_seconds(message.sent, "sent")
    values: list[float] = []
    names: list[str] = []
    indices: list[int] = []
    refusals: list[Refusal] = []
    for index, (name, value) in enumerate(message.values.items()):
        if isinstance(value, int | float):
            names.append(name)
            values.append(float(value))
            indices.append(index)
        else:
            refusals.append(Refusal((index,), _why_no_number(name, value)))
    units = [message.units.get(name) for name in names]
    times = [time] * len(names)
    return Readings(names, units, times, values, indices, tuple(refusals), message.sequence, sent)


def _parse(payload: bytes) -> PlainMessage:
    try:
        document = json.loads(payload, object_pairs_hook=_unique, parse_int=_integer)
    except RecursionError as error:
        raise Rejected(Reason.TOO_DEEP, "nested too deeply for a message, which holds values by name") from error
    except ValueError as error:
        raise Rejected(Reason.NOT_DECODABLE, f"not JSON: {error}") from error
    if not isinstance(document, Mapping):
        raise Rejected(Reason.NOT_DECODABLE, f"a message is an object with values, not {type(document).__name__}")
    try:
        return msgspec.convert(document, PlainMessage)
    except msgspec.ValidationError as error:
        raise Rejected(Reason.WRONG_TYPE, f"not a plain JSON message: {error}") from error
    except UnicodeEncodeError as error:
        raise Rejected(Reason.NOT_DECODABLE, "a key holds half a character (a lone surrogate)") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        names = [key for key, _ in pairs]
        double = next(key for key in names if names.count(key) > 1)
        raise Rejected(Reason.DUPLICATE_KEY, f"key {double[:100]!r} appears twice; send it once")
    return keys


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _why_no_number(name: str, value: Any) -> Rejected:
    if value is None:
        return Rejected(Reason.NO_VALUE, f"values.{name[:100]} is null; leave out what was not measured")
    return Rejected(Reason.WRONG_TYPE, f"values.{name[:100]} is no number but {type(value).__name__}")
