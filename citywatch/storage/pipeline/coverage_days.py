"""What coverage by day is computed from, and where it goes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from citywatch.clock import to_micros
from citywatch.model.coverage import DayCoverage, Roster
from citywatch.model.identifiers import AssetId, DistrictId, KindId
from citywatch.model.registry import CoverageRule
from citywatch.storage.connection import Connection, translated
from citywatch.storage.pipeline.rollups import Spans, instants
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "coverage_days.sql")
_EVER: Final = np.iinfo(np.int64)
# a row of COPY BINARY: number of fields, then length and value of each; instants count from 2000
_ROW: Final = np.dtype(
    [(name, f">i{size}") for name, size in
     (("n", 2), ("l1", 4), ("stream", 4), ("l2", 4), ("bucket", 8), ("l3", 4), ("good", 4))]
)  # fmt: skip
_HEADER: Final = 19  # bytes
_TRAILER: Final = 2  # bytes
_EPOCH_2000: Final = 946_684_800_000_000  # [us]


def read_coverage_rules(connection: Connection) -> Mapping[KindId, CoverageRule]:
    """Return the coverage rule of every kind that has one."""
    with translated():
        rows = connection.execute(_SQL["rules"]).fetchall()
    return {KindId(kind): msgspec.convert(rule, CoverageRule) for kind, rule in rows}


def read_first_bucket(connection: Connection) -> datetime | None:
    """Return the begin of the first day that has a roll-up."""
    with translated():
        row = connection.execute(_SQL["first_bucket"]).fetchone()
    return None if row is None else row[0]


def read_roster(connection: Connection, kind_id: KindId, rule: CoverageRule) -> Roster:
    """Return all assets of a kind, of any time, with the datastreams that its rule asks for."""
    values = {"kind_id": kind_id, "required": list(rule.required), "days": rule.calibration_days}
    with translated():
        spells = connection.execute(_SQL["spells"], values).fetchall()
        streams = connection.execute(_SQL["streams"], values).fetchall()
        calibrations = connection.execute(_SQL["calibrations"], values).fetchall()
    rows_of: dict[str, list[int]] = {}
    for row, spell in enumerate(spells):
        rows_of.setdefault(spell[0], []).append(row)
    placed = sorted(
        ((row * len(rule.required) + stream[1], *stream[2:], stream[0]) for stream in streams
         for row in rows_of.get(stream[0], ())),
        key=lambda one: one[:2],
    )  # fmt: skip
    of_sensor: dict[tuple[str, str], list[int]] = {}
    for number, (*_, sensor_id, asset_id) in enumerate(placed):
        of_sensor.setdefault((asset_id, sensor_id), []).append(number)
    valid = [
        (number, calibrated, expires)
        for asset_id, sensor_id, calibrated, expires in calibrations
        for number in of_sensor.get((asset_id, sensor_id), ())
    ]
    return Roster(
        kind_id=kind_id,
        rule=rule,
        asset_id=[AssetId(spell[0]) for spell in spells],
        district_id=[DistrictId(spell[1]) for spell in spells],
        begin=_micros((spell[2] for spell in spells), _EVER.min),
        end=_micros((spell[3] for spell in spells), _EVER.max),
        slot=np.array([one[0] for one in placed], dtype=np.intp),
        datastream_id=np.array([one[1] for one in placed], dtype=np.int32),
        interval=np.array([one[2] for one in placed], dtype=np.float64),
        installed=_micros((one[3] for one in placed), _EVER.min),
        removed=_micros((one[4] for one in placed), _EVER.max),
        calibration_of=np.array([one[0] for one in valid], dtype=np.intp),
        calibrated=_micros((one[1] for one in valid), _EVER.min),
        expires=_micros((one[2] for one in valid), _EVER.max),
    )


def read_due_days(
    connection: Connection, kind_id: KindId, *, rule: str, first: date, last: date, zone: str
) -> Sequence[date]:
    """Return the days from ``first`` to ``last`` that are not judged, or by another rule than that of a fingerprint."""
    values = {"kind_id": kind_id, "rule": rule, "first": first, "last": last, "zone": zone}
    with translated():
        return [day for (day,) in connection.execute(_SQL["due_days"], values)]


def read_good_by_day(
    connection: Connection, kinds: Iterable[KindId], properties: Iterable[str], *, begin: datetime, end: datetime
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Return datastream, begin of the day [us] and number of good observations, shape (k,), of some kinds and days."""
    values = {"kinds": list(kinds), "properties": list(properties), "begin": begin, "end": end}
    with translated(), connection.cursor() as cursor, cursor.copy(_SQL["good_by_day"], values) as copy:
        data = b"".join(copy)
    rows = np.frombuffer(data, dtype=_ROW, offset=_HEADER, count=(len(data) - _HEADER - _TRAILER) // _ROW.itemsize)
    return rows["stream"].astype(np.int32), rows["bucket"].astype(np.int64) + _EPOCH_2000, rows["good"].astype(np.int32)


def write_days(
    connection: Connection,
    kind_id: KindId,
    days: Sequence[date],
    coverage: Iterable[DayCoverage],
    *,
    rule: str,
    at: datetime,
) -> None:
    """Replace the coverage of a kind on some days; in a transaction of the caller."""
    rows = [
        (
            *(one.day, one.kind_id, one.district_id),
            *(one.required, one.installed, one.reporting, one.passing, one.monitored),
            _array(one.asset_id),
            _array(gap.value for gap in one.gap),
            _array(f"{share:.6g}" for share in one.share),
            _array(one.property_id),
        )
        for one in coverage
    ]
    values = {"kind_id": kind_id, "days": list(days), "rule": rule, "at": at}
    with translated(), connection.cursor() as cursor:
        cursor.execute(_SQL["forget_districts"], values)
        cursor.executemany(_SQL["insert_district"], rows)
        cursor.execute(_SQL["keep_run"], values)


def forget_days(connection: Connection, kind_id: KindId | None, *, first: date, last: date) -> int:
    """Make days due again, of one kind or of all; return how many verdicts of days that were."""
    with translated():
        return connection.execute(_SQL["forget_runs"], {"kind_id": kind_id, "first": first, "last": last}).rowcount


def forget_touched(connection: Connection, spans: Spans, *, zone: str) -> None:
    """Make the judged days due again whose roll-ups change; call it in the transaction that changes them."""
    if not len(spans):
        return
    values = {
        "datastream_id": spans.datastream_id.tolist(),
        "begin": instants(spans.begin),
        "end": instants(spans.end),
        "zone": zone,
    }
    with translated():
        connection.execute(_SQL["forget_touched"], values)


def _micros(values: Iterable[datetime | None], absent: int) -> NDArray[np.int64]:
    return np.array([absent if value is None else to_micros(value) for value in values], dtype=np.int64)


def _array(items: Iterable[str]) -> str:
    """Return an array literal; identifiers and numbers need no quotes."""
    return "{" + ",".join(items) + "}"
