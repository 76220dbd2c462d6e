"""Waveform blocks on the wire: a CBOR map around a typed array (RFC 8746).

``{"time": 1795000000.0, "rate": 100.0, "property": "acceleration", "unit": "m/s2", "values": <typed array>}``, and
where wanted ``scale`` and ``offset`` of integer values (``value = scale * sent + offset``), ``sequence`` and ``sent``.
"""

import math
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from cbor2 import CBORTag
from msgspec import Meta
from numpy.typing import NDArray

from citywatch.errors import Reason, Rejected
from citywatch.model.waveforms import Samples, WaveformBlock
from citywatch.wire.cbor import decode_cbor, encode_cbor
from citywatch.wire.instants import to_seconds
from citywatch.wire.stamps import LARGEST_SEQUENCE

CONTENT_TYPE: Final = "application/vnd.citywatch.wave+cbor"
MOST_SAMPLES: Final = 262_144
LONGEST: Final = 3600.0
"""Longest block [s]; queries by time need a bound, and a device that waits longer loses more when it fails."""
_LAST_INSTANT: Final = 1e11  # [s since the epoch]

TYPED_ARRAYS: Final = {73: ">i2", 77: "<i2", 81: ">f4", 82: ">f8", 85: "<f4", 86: "<f8"}
"""RFC 8746 tags that are read, and the numpy type behind each."""
_TAGS: Final = {np.dtype(code): tag for tag, code in TYPED_ARRAYS.items()}


class _Message(msgspec.Struct, frozen=True):
    property: str
    rate: float
    values: Any
    time: float | str | None = None
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    sequence: Annotated[int, Meta(ge=0, le=LARGEST_SEQUENCE)] | None = None
    sent: float | str | None = None


def encode_waveform(block: WaveformBlock, *, dtype: str = "<f4", scale: float = 1.0, offset: float = 0.0) -> bytes:
    """Return a block as CBOR; ``dtype`` is one of :data:`TYPED_ARRAYS`, integers are rounded to ``scale``.

    Raises
    ------
    ValueError
        A value does not fit the integers at this scale and offset.
    """
    kind = np.dtype(dtype)
    sent = block.values.astype(np.float64)
    if kind.kind == "i":
        sent = np.rint((sent - offset) / scale)
        if np.any(np.abs(sent) > np.iinfo(kind).max):
            raise ValueError(f"values do not fit {dtype} at scale {scale:g} and offset {offset:g}")
    message: dict[str, Any] = {
        "time": block.start_time,
        "rate": block.sampling_rate,
        "property": block.name,
        "values": CBORTag(_TAGS[kind], sent.astype(kind).tobytes()),
    }
    if kind.kind == "i":
        message |= {"scale": scale, "offset": offset}
    optional = {"unit": block.unit, "sequence": block.sequence, "sent": block.sent}
    return encode_cbor(message | {name: value for name, value in optional.items() if value is not None})


def decode_waveform(payload: bytes) -> WaveformBlock:
    """Return the block of a payload.

    Raises
    ------
    Rejected
        ``not_decodable``, ``too_deep``, ``duplicate_key``, ``wrong_type``, ``time_missing``, ``empty``, ``too_large``
        or ``not_finite``.
    """
    item = decode_cbor(payload)
    if not isinstance(item, dict):
        raise Rejected(Reason.NOT_DECODABLE, f"a waveform block is a map, not {type(item).__name__}")
    try:
        message = msgspec.convert(item, _Message)
    except msgspec.ValidationError as error:
        raise Rejected(Reason.WRONG_TYPE, f"not a waveform block: {error}") from error
    if message.time is None:
        raise Rejected(Reason.TIME_MISSING, "time is missing; send the instant of the first value")
    if not (math.isfinite(message.rate) and message.rate > 0):
        raise Rejected(Reason.WRONG_TYPE, f"rate {message.rate!r} is no sampling rate; send values per second")
    values = _values(message)
    if len(values) > message.rate * LONGEST:
        raise Rejected(Reason.TOO_LARGE, f"the block lasts longer than {LONGEST:g} s; send shorter ones")
    start_time = to_seconds(message.time, "time")
    if not 0 <= start_time <= _LAST_INSTANT:
        raise Rejected(Reason.WRONG_TYPE, f"time {start_time:g} is no instant between the years 1970 and 5138")
    return WaveformBlock(
        name=message.property,
        start_time=start_time,
        sampling_rate=message.rate,
        values=values,
        unit=message.unit,
        sequence=message.sequence,
        sent=None if message.sent is None else to_seconds(message.sent, "sent"),
    )


def _values(message: _Message) -> Samples:
    """Return the values behind a typed array, integers scaled."""
    kind = _dtype(message.values)
    data = message.values.value
    if not data or len(data) % kind.itemsize:
        reason = Reason.NOT_DECODABLE if data else Reason.EMPTY
        raise Rejected(reason, f"values has {len(data)} bytes; send a multiple of {kind.itemsize} for its tag")
    if len(data) // kind.itemsize > MOST_SAMPLES:
        raise Rejected(Reason.TOO_LARGE, f"values holds more than {MOST_SAMPLES} numbers; send shorter blocks")
    values = _as_float32(np.frombuffer(data, dtype=kind), message)
    if not np.isfinite(values).all():
        raise Rejected(Reason.NOT_FINITE, "values holds numbers that are not finite as float32; leave the block out")
    return values


def _as_float32(sent: NDArray[Any], message: _Message) -> Samples:
    if sent.dtype.kind == "f" and sent.itemsize == 4:
        return sent.astype(np.float32, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        return (sent if sent.dtype.kind == "f" else sent * message.scale + message.offset).astype(np.float32)


def _dtype(values: object) -> np.dtype[Any]:
    if not isinstance(values, CBORTag) or not isinstance(values.value, bytes) or values.tag not in TYPED_ARRAYS:
        known = ", ".join(f"{tag} ({code})" for tag, code in TYPED_ARRAYS.items())
        raise Rejected(Reason.WRONG_TYPE, f"values is no typed array (RFC 8746) that is read here; tags are {known}")
    return np.dtype(TYPED_ARRAYS[values.tag])
