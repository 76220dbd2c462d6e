"""CBOR (RFC 8949) from strangers: bounded depth, no duplicate keys, no trailing bytes, harmless tags alone.

Tags build objects (regular expressions, shared references that form cycles, dates, big numbers of any size); a device
needs none of them. What stays: 1 epoch time and 4 decimal fraction, both as plain numbers, 55799 self-described CBOR
in front of everything, and the typed arrays of RFC 8746, which come out as :class:`cbor2.CBORTag` around their bytes.
"""

from io import BytesIO
from typing import Any, Final, NoReturn

import cbor2

from citywatch.errors import Reason, Rejected

_DEEPEST: Final = 8
_SELF_DESCRIBED: Final = b"\xd9\xd9\xf7"
_TYPED_ARRAYS: Final = range(64, 88)
# every tag that cbor2 would turn into an object of its own
_OBJECTS: Final = (0, 2, 3, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)


def decode_cbor(payload: bytes) -> Any:
    """Return the one data item of a payload: numbers, text, bytes, lists, dicts and tagged typed arrays.

    Raises
    ------
    Rejected
        ``too_deep``, ``duplicate_key`` or ``not_decodable``.
    """
    decoder = cbor2.CBORDecoder(
        BytesIO(payload.removeprefix(_SELF_DESCRIBED)),
        tag_hook=_tagged,
        semantic_decoders=_SEMANTICS,
        max_depth=_DEEPEST,
        allow_duplicate_keys=False,
    )
    try:
        item = decoder.decode()
    except cbor2.CBORDecodeError as error:
        raise _refusal(error) from error
    try:
        decoder.read(1)
    except cbor2.CBORDecodeEOF:
        return item
    raise Rejected(Reason.NOT_DECODABLE, "bytes follow the CBOR data item; send one item per message")


def encode_cbor(item: Any) -> bytes:
    """Return an item in its shortest form, floats as they are."""
    return cbor2.dumps(item)


def _refusal(error: cbor2.CBORDecodeError) -> Rejected:
    cause = error.__cause__ or error
    if isinstance(cause, Rejected):
        return Rejected(cause.reason, cause.detail)
    if "nesting depth" in str(error):
        return Rejected(Reason.TOO_DEEP, f"nested deeper than {_DEEPEST} levels")
    if "Duplicate map key" in str(error):
        return Rejected(Reason.DUPLICATE_KEY, f"{str(error)[:200]}; send it once")
    return Rejected(Reason.NOT_DECODABLE, f"not CBOR: {str(error)[:200]}")


def _tagged(tag: cbor2.CBORTag, immutable: bool) -> cbor2.CBORTag:  # noqa: ARG001  # the hook of cbor2
    if tag.tag not in _TYPED_ARRAYS:
        raise Rejected(Reason.NOT_DECODABLE, f"CBOR tag {tag.tag} is not read here; send a plain value")
    return tag


def _refused(value: Any, immutable: bool) -> NoReturn:  # noqa: ARG001
    raise Rejected(Reason.NOT_DECODABLE, "the CBOR holds a tag that is not read here; send a plain value")


def _epoch_time(value: Any, immutable: bool) -> int | float:  # noqa: ARG001
    """Tag 1 (RFC 8949 section 3.4.2)."""
    if type(value) not in (int, float):
        raise Rejected(Reason.NOT_DECODABLE, "an epoch time (tag 1) is a number")
    return value  # type: ignore[no-any-return]  # checked above


def _decimal_fraction(value: Any, immutable: bool) -> float:  # noqa: ARG001
    """Tag 4 (RFC 8949 section 3.4.4): [exponent, mantissa], of 64 bits at most because tags 2 and 3 are refused."""
    if not isinstance(value, list | tuple) or [type(part) for part in value] != [int, int]:
        raise Rejected(Reason.NOT_DECODABLE, "a decimal fraction (tag 4) is a list of two integers")
    exponent, mantissa = value
    return float(f"{mantissa}e{exponent}")


_SEMANTICS: Final = {1: _epoch_time, 4: _decimal_fraction} | dict.fromkeys(_OBJECTS, _refused)
