"""Moving recorded messages in time: log times, stamps and the times in the payloads."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from citywatch.errors import Rejected
from citywatch.wire.cbor import decode_cbor, encode_cbor
from citywatch.wire.senml_cbor import LABELS
from citywatch.wire.stamps import SENT
from simulators.recordings.message import RecordedMessage

_ABSOLUTE: Final = 2**28  # SenML times below are relative to now (RFC 8428 section 4.5.3)


def shifted(messages: Iterable[RecordedMessage], offset: int) -> Iterator[RecordedMessage]:
    """Yield messages ``offset`` [us] later.

    Times in payloads of SenML (JSON and CBOR), plain JSON, waveform and status messages move too, and so does the stamp
    ``sent``; a payload that cannot be decoded stays as it is.
    """
    for message in messages:
        yield replace(
            message,
            payload=shift_payload(message.payload, offset),
            log_time=message.log_time + offset,
            publication_time=message.publication_time + offset,
            properties=tuple(
                (name, _moved_text(value, offset) if name == SENT else value) for name, value in message.properties
            ),
        )


def shift_payload(payload: bytes, offset: int) -> bytes:
    """Return a payload with its times ``offset`` [us] later; unchanged when it holds none that we know."""
    if not offset:
        return payload
    if payload.lstrip()[:1] in {b"[", b"{"}:
        try:
            item = json.loads(payload)
        except (ValueError, RecursionError):
            return payload
        return _moved(item, offset, lambda moved: json.dumps(moved, separators=(",", ":"), ensure_ascii=False).encode())
    try:
        item = decode_cbor(payload)
    except Rejected:
        return payload
    return _moved(item, offset, encode_cbor) if isinstance(item, list | dict) else payload


def _moved(item: Any, offset: int, encode: Callable[[Any], bytes]) -> bytes:
    if isinstance(item, list):
        _move_pack(item, offset)
    elif isinstance(item, dict):
        for name in ("time", "sent"):
            if name in item:
                item[name] = _moved_time(item[name], offset)
    return encode(item)


def _move_pack(pack: list[Any], offset: int) -> None:
    """Move base times; and the times of records that have none."""
    has_base = False
    for record in pack:
        if not isinstance(record, dict):
            continue
        base = next((key for key in ("bt", LABELS["bt"]) if key in record), None)
        if base is not None:
            has_base = True
            record[base] = _moved_time(record[base], offset)
        elif not has_base:
            for key in ("t", LABELS["t"]):
                if key in record:
                    record[key] = _moved_time(record[key], offset)


def _moved_time(time: Any, offset: int) -> Any:
    """Return a later time; numbers to the microsecond, times relative to now and strangers unchanged."""
    if isinstance(time, str):
        return _moved_text(time, offset)
    if isinstance(time, bool) or not isinstance(time, int | float) or abs(time) < _ABSOLUTE:
        return time
    return round(time + offset / 1e6, 6)


def _moved_text(text: str, offset: int) -> str:
    try:
        return f"{float(text) + offset / 1e6:.6f}"
    except ValueError:
        pass
    try:
        return (datetime.fromisoformat(text) + timedelta(microseconds=offset)).isoformat()
    except (ValueError, OverflowError):
        return text
