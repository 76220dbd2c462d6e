"""SenML JSON (RFC 8428): packs of records with base values.

A duplicate key is refused, which the RFC leaves open, because parsers disagree about its meaning.
"""

import json
from collections.abc import Iterable
from typing import Any, Final, cast

import msgspec

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings
from citywatch.wire.senml_records import SenmlRecord, resolve, resolve_plain, to_record

__all__ = ["CONTENT_TYPE", "SenmlRecord", "decode_senml", "encode_senml"]

CONTENT_TYPE: Final = "application/senml+json"

_pack_decoder: Final = msgspec.json.Decoder(list[SenmlRecord])
_encoder: Final = msgspec.json.Encoder()


def encode_senml(records: Iterable[SenmlRecord]) -> bytes:
    """Return a pack as SenML JSON."""
    return _encoder.encode(list(records))


def decode_senml(payload: bytes) -> Readings:
    """Return the readings of a SenML JSON pack.

    Raises
    ------
    Rejected
        The pack as a whole is unusable: ``not_decodable``, ``too_deep``, ``duplicate_key`` or ``empty``. A single
        bad record does not raise; it is listed in ``refusals``.
    """
    try:
        readings = _decode_plain(payload)
    except msgspec.ValidationError:
        readings = None
    except msgspec.DecodeError as error:
        raise Rejected(Reason.NOT_DECODABLE, f"not SenML JSON: {error}") from error
    except UnicodeDecodeError as error:
        raise Rejected(Reason.NOT_DECODABLE, f"not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise Rejected(
            Reason.TOO_DEEP, "nested too deeply for a SenML pack, which is a list of flat records"
        ) from error
    return readings or _decode_thoroughly(payload)


def _decode_plain(payload: bytes) -> Readings | None:
    """Decode the everyday pack at full speed; None when the pack holds anything else.

    Everyday means: fields n, u, v and t, and base values in the first record alone. Every key of the text has one
    colon, so more colons than such fields mean a duplicate key or something else to look at.
    """
    records = _pack_decoder.decode(payload)
    if not records:
        raise Rejected(Reason.EMPTY, "the pack holds no record")
    names = [record.n for record in records]
    units = [record.u for record in records]
    times = [record.t for record in records]
    values = [record.v for record in records]
    first = records[0]
    base = 4 - (first.bn, first.bt, first.bu, first.bv).count(None)
    fields = 4 * len(records) - sum(column.count(None) for column in (names, units, times, values))
    if fields + base != payload.count(b":") or None in values:
        return None
    return resolve_plain(names, units, times, cast("list[float]", values), first)


def _decode_thoroughly(payload: bytes) -> Readings:
    """Decode record by record: base values anywhere, booleans, and bad records that spare their neighbours."""
    try:
        pack = json.loads(payload, object_pairs_hook=_unique)
    except RecursionError as error:
        raise Rejected(
            Reason.TOO_DEEP, "nested too deeply for a SenML pack, which is a list of flat records"
        ) from error
    except ValueError as error:
        raise Rejected(Reason.NOT_DECODABLE, f"not SenML JSON: {error}") from error
    if not isinstance(pack, list):
        raise Rejected(Reason.NOT_DECODABLE, f"a SenML pack is a list of records, not {type(pack).__name__}")
    return resolve([to_record(index, item) for index, item in enumerate(pack)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        names = [key for key, _ in pairs]
        double = next(key for key in names if names.count(key) > 1)
        raise Rejected(Reason.DUPLICATE_KEY, f"key {double[:100]!r} appears twice in one record; send it once")
    return keys
