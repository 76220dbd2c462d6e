"""Which decoder reads a payload: the MQTT 5 content type decides, else the first byte."""

from collections.abc import Callable
from typing import Final

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings
from citywatch.wire.senml import CONTENT_TYPE as SENML_JSON
from citywatch.wire.senml import decode_senml
from citywatch.wire.senml_cbor import CONTENT_TYPE as SENML_CBOR
from citywatch.wire.senml_cbor import decode_senml_cbor

Decoder = Callable[[bytes], Readings]

DECODERS: Final[dict[str, Decoder]] = {SENML_JSON: decode_senml, SENML_CBOR: decode_senml_cbor}
# arrays (major type 4), maps (5) and the mark of self-described CBOR start no text
_FIRST_BYTES: Final = {b"[": SENML_JSON} | {bytes([byte]): SENML_CBOR for byte in (*range(0x80, 0xC0), 0xD9)}


def decode(payload: bytes, content_type: str | None, *, max_bytes: int) -> Readings:
    """Return the readings of a telemetry payload of at most ``max_bytes`` bytes.

    Raises
    ------
    Rejected
        ``empty``, ``too_large``, ``unknown_format``, or what the decoder of the format finds.
    """
    if not payload:
        raise Rejected(Reason.EMPTY, "the payload is empty")
    if len(payload) > max_bytes:
        raise Rejected(
            Reason.TOO_LARGE, f"the payload has {len(payload)} bytes; the limit is {max_bytes}: send smaller packs"
        )
    name = _without_parameters(content_type) if content_type else _FIRST_BYTES.get(payload.lstrip()[:1], "")
    decoder = DECODERS.get(name)
    if decoder is None:
        seen = f"content type {content_type[:100]!r}" if content_type else f"first byte {payload[:1]!r}"
        raise Rejected(Reason.UNKNOWN_FORMAT, f"{seen} is no known format; known are {', '.join(sorted(DECODERS))}")
    return decoder(payload)


def _without_parameters(content_type: str) -> str:
    """Return a media type without parameters such as ``charset=utf-8``, in lower case."""
    return content_type.partition(";")[0].strip().lower()
