"""SenML records (RFC 8428), whatever notation they came in: base values resolved, bad records told from good ones.

Whether a time is acceptable is decided later, for a whole batch (``ingest.assemble``).
"""

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings, Refusal

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


def to_record(index: int, item: Any) -> SenmlRecord | Rejected:
    """Return record ``index`` of a pack, or why it alone cannot be used.

    Raises
    ------
    Rejected
        ``not_decodable``: the record says that the whole pack must not be used by who does not understand it.
    """
    try:
        record = msgspec.convert(item, SenmlRecord)
    except msgspec.ValidationError as error:
        return Rejected(Reason.WRONG_TYPE, f"record {index}: {error}")
    except UnicodeEncodeError:
        return Rejected(Reason.NOT_DECODABLE, f"record {index}: a key holds half a character (a lone surrogate)")
    if mandatory := [key for key in item if key.endswith("_")]:
        raise Rejected(
            Reason.NOT_DECODABLE, f"field {mandatory[0][:100]!r} must be understood and is not (RFC 8428 section 4.4)"
        )
    if (record.bver or _VERSION) > _VERSION:
        raise Rejected(Reason.NOT_DECODABLE, f"bver {record.bver}: version {_VERSION} is the newest known here")
    return record


def resolve(records: Sequence[SenmlRecord | Rejected]) -> Readings:
    """Return the readings of a pack: base values applied (RFC 8428 section 4.6), refused records listed.

    Raises
    ------
    Rejected
        ``empty``: neither a reading nor a refused record.
    """
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


def resolve_plain(
    names: list[str | None],
    units: list[str | None],
    times: list[float | None],
    values: list[float],
    base: SenmlRecord,
) -> Readings:
    """Return the readings of a pack of nothing but n, u, t and v whose base values stand in its first record."""
    if base.bu is not None:
        units = [unit or base.bu for unit in units]
    if base.bn is not None or None in names:
        prefix = base.bn or ""
        names = [prefix + (name or "") for name in names]
    if base.bt is not None or None in times:
        start = base.bt or 0.0
        times = [start + (time or 0.0) for time in times]
    if base.bv is not None:
        values = [base.bv + value for value in values]
    return Readings(cast("list[str]", names), units, cast("list[float]", times), values)  # None was replaced


def _why_no_value(record: SenmlRecord) -> Rejected | None:
    """Return why a record without a number is refused; None for one that only sets base values."""
    if record.vs is not None or record.vd is not None:
        return Rejected(Reason.WRONG_TYPE, "vs and vd are not numbers; send v or vb")
    if record.n is None and record.t is None:
        return None
    return Rejected(Reason.NO_VALUE, "the record has neither v nor vb")
