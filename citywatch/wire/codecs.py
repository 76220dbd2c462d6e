"""Which decoder reads a payload: the MQTT 5 content type decides, else the first byte."""

from collections.abc import Callable, Iterable
from typing import Final

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings
from citywatch.model.waveforms import WaveformBlock
from citywatch.wire.plain_json import CONTENT_TYPE as PLAIN_JSON
from citywatch.wire.plain_json import decode_plain_json
from citywatch.wire.senml import CONTENT_TYPE as SENML_JSON
from citywatch.wire.senml import decode_senml
from citywatch.wire.senml_cbor import CONTENT_TYPE as SENML_CBOR
from citywatch.wire.senml_cbor import decode_senml_cbor
from citywatch.wire.stamps import stamped
from citywatch.wire.waveform import CONTENT_TYPE as WAVEFORM
from citywatch.wire.waveform import decode_waveform

Decoder = Callable[[bytes], Readings]

DECODERS: Final[dict[str, Decoder]] = {
    SENML_JSON: decode_senml,
    SENML_CBOR: decode_senml_cbor,
    PLAIN_JSON: decode_plain_json,
}
# arrays (major type 4), maps (5) and the mark of self-described CBOR start no text
_FIRST_BYTES: Final = {b"[": SENML_JSON, b"{": PLAIN_JSON} | {
    bytes([byte]): SENML_CBOR for byte in (*range(0x80, 0xC0), 0xD9)
}


def decode(
    payload: bytes, content_type: str | None, *, max_bytes: int, properties: Iterable[tuple[str, str]] = ()
) -> Readings:
    """Return the readings of a telemetry payload of at most ``max_bytes`` bytes, with the stamps among ``properties``.

    Raises
    ------
    Rejected
        ``empty``, ``too_large``, ``unknown_format``, or what the decoder of the format finds.
    """
    check_size(payload, max_bytes)
    name = _without_parameters(content_type) if content_type else _FIRST_BYTES.get(payload.lstrip()[:1], "")
    decoder = DECODERS.get(name)
    if decoder is None:
        seen = f"content type {content_type[:100]!r}" if content_type else f"first byte {payload[:1]!r}"
        raise Rejected(Reason.UNKNOWN_FORMAT, f"{seen} is no known format; known are {', '.join(sorted(DECODERS))}")
    readings = decoder(payload)
    return stamped(readings, properties) if properties else readings


def decode_block(
    payload: bytes, content_type: str | None, *, max_bytes: int, properties: Iterable[tuple[str, str]] = ()
) -> WaveformBlock:
    """Return the waveform block of a payload of at most ``max_bytes`` bytes, with the stamps among ``properties``.

    Raises
    ------
    Rejected
        ``empty``, ``too_large``, ``unknown_format``, or what the decoder finds.
    """
    check_size(payload, max_bytes)
    if content_type and _without_parameters(content_type) != WAVEFORM:
        raise Rejected(
            Reason.UNKNOWN_FORMAT, f"content type {content_type[:100]!r} is no waveform block; send {WAVEFORM}"
        )
    block = decode_waveform(payload)
    return stamped(block, properties) if properties else block


def check_size(payload: bytes, max_bytes: int) -> None:
    """Refuse what is not worth decoding.

    Raises
    ------
    Rejected
        ``empty`` or ``too_large``.
    """
    if not payload:
        raise Rejected(Reason.EMPTY, "the payload is empty")
    if len(payload) > max_bytes:
        raise Rejected(
            Reason.TOO_LARGE, f"the payload has {len(payload)} bytes; the limit is {max_bytes}: send smaller packs"
        )


def _without_parameters(content_type: str) -> str:
    """Return a media type without parameters such as ``charset=utf-8``, in lower case."""
    return content_type.partition(";")[0].strip().lower()
