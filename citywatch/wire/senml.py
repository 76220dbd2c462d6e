"""SenML JSON (RFC 8428): packs of records with base values.

A duplicate key is refused, which the RFC leaves open, because parsers disagree about its meaning. Whether a time is
acceptable is decided later, for a whole batch (``ingest.validate``).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings, Refusal

CONTENT_TYPE: Final = "application/senml+json"
_VERSION: Final = 10


class SenmlRecord(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """One record on the wire; field names are those of RFC 8428 table 1."""

    n: str | None = None
    u: str | None = None
    v: float | None = None
    vb: bool | None = None
    vs: str | None = None
    vd: str | None = None
    s: float | None = None
    t: float | None = None
    ut: float | None = None
    bn: str | None = None
    bt: float | None = None
    bu: str | None = None
    bv: float | None = None
    bs: float | None = None
    bver: int | None = None


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
    fields = 4 * len(records) - sum(column.count(None) for column in (names, units, times, values))
    base = 4 - (first.bn, first.bt, first.bu, first.bv).count(None)
    if fields + base != payload.count(b":") or None in values:
        return None
    if first.bu is not None:
        units = [unit or first.bu for unit in units]
    if first.bn is not None or None in names:
        prefix = first.bn or ""
        names = [prefix + (name or "") for name in names]
    if first.bt is not None or None in times:
        start = first.bt or 0.0
        times = [start + (time or 0.0) for time in times]
    if first.bv is not None:
        values = [first.bv + value for value in values]  # type: ignore[operator]  # None was ruled out above
    return Readings(names, units, times, values)  # type: ignore[arg-type]  # None was replaced or ruled out


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
    return _resolve([_convert(index, item) for index, item in enumerate(pack)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        names = [key for key, _ in pairs]
        double = next(key for key in names if names.count(key) > 1)
        raise Rejected(Reason.DUPLICATE_KEY, f"key {double[:100]!r} appears twice in one record; send it once")
    return keys


def _convert(index: int, item: Any) -> SenmlRecord | Rejected:
    try:
        record = msgspec.convert(item, SenmlRecord)
    except msgspec.ValidationError as error:
        return Rejected(Reason.WRONG_TYPE, f"record {index}: {error}")
    if mandatory := [key for key in item if key.endswith("_")]:
        raise Rejected(
            Reason.NOT_DECODABLE, f"field {mandatory[0][:100]!r} must be understood and is not (RFC 8428 section 4.4)"
        )
    if (record.bver or _VERSION) > _VERSION:
        raise Rejected(Reason.NOT_DECODABLE, f"bver {record.bver}: version {_VERSION} is the newest known here")
    return record


def _resolve(records: Sequence[SenmlRecord | Rejected]) -> Readings:
    """Apply base values (RFC 8428 section 4.6)."""
    readings = Readings([], [], [], [], [])
    refusals: list[Refusal] = []
    base_name, base_time, base_unit, base_value = "", 0.0, None, 0.0
    for index, record in enumerate(records):
        if isinstance(record, Rejected):
            refusals.append(Refusal((index,), record))
            continue
        base_name = base_name if record.bn is None else record.bn
        base_time = base_time if record.bt is None else record.bt
        base_unit = base_unit if record.bu is None else record.bu
        base_value = base_value if record.bv is None else record.bv
        value = record.v if record.vb is None else float(record.vb)
        if value is None:
            if (cause := _why_no_value(record)) is not None:
                refusals.append(Refusal((index,), cause))
            continue
        readings.names.append(base_name + (record.n or ""))
        readings.units.append(record.u or base_unit)
        readings.times.append(base_time + (record.t or 0.0))
        readings.values.append(base_value + value)
        assert readings.indices is not None
        readings.indices.append(index)
    if not readings.names and not refusals:
        raise Rejected(Reason.EMPTY, "the pack holds no reading")
    return Readings(readings.names, readings.units, readings.times, readings.values, readings.indices, tuple(refusals))


def _why_no_value(record: SenmlRecord) -> Rejected | None:
    """Return why a record without a number is refused; None for one that only sets base values."""
    if record.vs is not None or record.vd is not None:
        return Rejected(Reason.WRONG_TYPE, "vs and vd are not numbers; send v or vb")
    if record.n is None and record.t is None:
        return None
    return Rejected(Reason.NO_VALUE, "the record has neither v nor vb")
