"""What can be made of a payload that was rejected: for people who look for the fault."""

import math
from dataclasses import dataclass
from typing import Final

from citywatch.errors import Rejected
from citywatch.wire.codecs import decode

_SHOWN: Final = 100  # readings
_PRINTABLE: Final = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True)
class ReadingExcerpt:
    """One reading as it was sent: ``time`` [s since 1970] and ``value`` are None when they are not finite."""

    name: str
    unit: str | None
    time: float | None
    value: float | None


@dataclass(frozen=True, slots=True)
class PayloadExcerpt:
    """The first readings of a payload, and the first thing that no decoder can get over (None: decoded to the end)."""

    readings: tuple[ReadingExcerpt, ...]
    count: int
    trouble: str | None


def excerpt(payload: bytes, content_type: str | None) -> PayloadExcerpt:
    """Decode a payload as far as possible; never raises."""
    try:
        found = decode(payload, content_type, max_bytes=len(payload))
    except Rejected as rejection:
        return PayloadExcerpt((), 0, rejection.detail)
    columns = zip(found.names, found.units, found.times, found.values, strict=True)
    rows = [ReadingExcerpt(name, unit, _finite(time), _finite(value)) for name, unit, time, value in columns]
    troubles = [f"readings {list(refusal.indices[:10])}: {refusal.cause.detail}" for refusal in found.refusals]
    return PayloadExcerpt(tuple(rows[:_SHOWN]), len(rows), "; ".join(troubles) or None)


def hex_dump(payload: bytes, *, limit: int = 512) -> str:
    """Return the first ``limit`` bytes in lines of 16: place, hexadecimal, ASCII with dots for the rest."""
    lines = []
    for start in range(0, min(len(payload), limit), 16):
        part = payload[start : min(start + 16, limit)]
        plain = "".join(chr(byte) if byte in _PRINTABLE else "." for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):<47}  {plain}")
    return "\n".join(lines)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
