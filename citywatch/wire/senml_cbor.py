"""SenML CBOR (RFC 8428 section 6): the same packs as SenML JSON with integers as labels."""

from collections.abc import Iterable
from types import NoneType
from typing import Any, Final

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings
from citywatch.wire.cbor import decode_cbor, encode_cbor
from citywatch.wire.senml_records import SenmlRecord, resolve, resolve_plain, to_record

CONTENT_TYPE: Final = "application/senml+cbor"

LABELS: Final = {
    "bver": -1,
    "bn": -2,
    "bt": -3,
    "bu": -4,
    "bv": -5,
    "bs": -6,
    "n": 0,
    "u": 1,
    "v": 2,
    "vs": 3,
    "vb": 4,
    "s": 5,
    "t": 6,
    "ut": 7,
    "vd": 8,
}
"""RFC 8428 table 4."""
_NAMES: Final = {label: name for name, label in LABELS.items()}
_TEXT: Final = {str, NoneType}
_NUMBER: Final = {int, float}


def encode_senml_cbor(records: Iterable[SenmlRecord]) -> bytes:
    """Return a pack as SenML CBOR."""
    return encode_cbor(
        [
            {label: value for name, label in LABELS.items() if (value := getattr(record, name)) is not None}
            for record in records
        ]
    )


def decode_senml_cbor(payload: bytes) -> Readings:
    """Return the readings of a SenML CBOR pack.

    The names of the JSON form are understood as labels too, because many encoders send them.

    Raises
    ------
    Rejected
        The pack as a whole is unusable: ``not_decodable``, ``too_deep``, ``duplicate_key`` or ``empty``. A single
        bad record does not raise; it is listed in ``refusals``.
    """
    pack = decode_cbor(payload)
    if not isinstance(pack, list):
        raise Rejected(Reason.NOT_DECODABLE, f"a SenML pack is an array of records, not {type(pack).__name__}")
    return _decode_plain(pack) or resolve([_record(index, item) for index, item in enumerate(pack)])


def _decode_plain(pack: list[Any]) -> Readings | None:
    """Decode the everyday pack at full speed; None when it holds anything but n, u, v, t and base values in front."""
    if not pack or set(map(type, pack)) != {dict}:
        return None
    names = [record.get(0) for record in pack]
    units = [record.get(1) for record in pack]
    values = [record.get(2) for record in pack]
    times = [record.get(6) for record in pack]
    first = _record(0, pack[0])
    if (
        isinstance(first, Rejected)
        or not set(map(type, names)) <= _TEXT
        or not set(map(type, units)) <= _TEXT
        or not set(map(type, values)) <= _NUMBER
        or not set(map(type, times)) <= _NUMBER | {NoneType}
    ):
        return None
    base = 4 - (first.bn, first.bt, first.bu, first.bv).count(None)
    fields = 4 * len(pack) - sum(column.count(None) for column in (names, units, times))
    if fields + base != sum(map(len, pack)):
        return None
    seconds = [None if time is None else float(time) for time in times]
    return resolve_plain(names, units, seconds, list(map(float, values)), first)


def _record(index: int, item: Any) -> SenmlRecord | Rejected:
    if not isinstance(item, dict):
        return Rejected(Reason.WRONG_TYPE, f"record {index}: a record is a map, not {type(item).__name__}")
    named: dict[str, Any] = {}
    for key, value in item.items():
        name = key if type(key) is str else _NAMES.get(key) if type(key) is int else None
        if name in named:
            raise Rejected(Reason.DUPLICATE_KEY, f"record {index} holds {name!r} twice: as text and as label {key}")
        if name is not None:  # an unknown integer label is ignored like an unknown name
            named[name] = value
    return to_record(index, named)
