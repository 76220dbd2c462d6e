"""Coverage by day, read: figures, history, gaps, and why one asset counts or does not."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final, TypeVar

import msgspec
from psycopg.rows import class_row

from citywatch.errors import NotFound
from citywatch.model.coverage_days import (
    AssetGap,
    AssetRecord,
    AssetVerdict,
    DayFigure,
    DistrictFigure,
    Evidence,
    Scope,
    Stretch,
    Why,
    explain,
)
from citywatch.model.registry import CoverageRule
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.pipeline", "coverage_days.sql")


def read_judged_days(connection: Connection) -> tuple[date, date] | None:
    """Return the first and the last day that were judged."""
    with translated():
        row = connection.execute(_SQL["judged_days"]).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])


def chosen_day(connection: Connection, wanted: date | None) -> date:
    """Return a judged day: the wanted one, else the last.

    Raises
    ------
    NotFound
        The day was not judged, or none was.
    """
    judged = read_judged_days(connection)
    if judged is None:
        raise NotFound(
            "no day of coverage has been judged yet; a day is judged when it is over, by 'citywatch upkeep' or"
            " 'citywatch coverage compute'. Coverage of this moment stands in the console and at /api/v1/coverage"
        )
    if wanted is not None and not judged[0] <= wanted <= judged[1]:
        raise NotFound(
            f"coverage of {wanted.isoformat()} has not been judged; judged are {judged[0].isoformat()} to"
            f" {judged[1].isoformat()}, 'citywatch coverage compute' judges what is over"
        )
    return wanted or judged[1]


def read_day_figures(connection: Connection, day: date, scope: Scope) -> list[DistrictFigure]:
    """Return the figures of a day by kind and district; a street is no part of this choice."""
    return _rows(connection, "day_figures", {"day": day, **asdict(scope)}, DistrictFigure)


def read_history(connection: Connection, scope: Scope, *, first: date, last: date, zone: str) -> list[DayFigure]:
    """Return the figures of every judged day from ``first`` to ``last``."""
    name = "history" if scope.street is None else "street_history"
    return _rows(connection, name, {"first": first, "last": last, "zone": zone, **asdict(scope)}, DayFigure)


def read_gaps(connection: Connection, day: date, scope: Scope, *, zone: str, limit: int) -> list[AssetGap]:
    """Return the assets that are not monitored on a day."""
    return _rows(connection, "gaps", {"day": day, "zone": zone, "limit": limit, **asdict(scope)}, AssetGap)


def read_verdicts(connection: Connection, day: date, scope: Scope) -> dict[str, str]:
    """Return the reason of every asset of the denominator of a day; a street is no part of this choice."""
    with translated():
        return dict(connection.execute(_SQL["verdicts"], {"day": day, **asdict(scope)}).fetchall())


def read_why(connection: Connection, asset_id: str, day: date, *, begin: datetime, end: datetime) -> Why:
    """Return why an asset counts as it does on a day with its bounds.

    Raises
    ------
    NotFound
        There is no such asset.
    """
    values: dict[str, Any] = {"asset_id": asset_id, "day": day, "begin": begin, "end": end}
    records = _rows(connection, "asset_record", values, AssetRecord)
    if not records:
        raise NotFound(f"there is no asset {asset_id!r}")
    rule = None if records[0].rule is None else msgspec.convert(records[0].rule, CoverageRule)
    record = AssetRecord(**{**asdict(records[0]), "rule": rule})
    verdicts = _rows(connection, "asset_verdict", values, AssetVerdict)
    values["required"] = list(rule.required) if rule else []
    with translated():
        unclaimed = connection.execute(_SQL["unclaimed"], values).fetchall()
    return explain(
        record,
        verdicts[0] if verdicts else None,
        _rows(connection, "asset_evidence", values, Evidence),
        _rows(connection, "asset_past", values, Stretch),
        day=day,
        begin=begin,
        unclaimed=bool(unclaimed),
    )


def _rows(connection: Connection, name: str, values: dict[str, Any], into: type[T]) -> list[T]:
    with translated(), connection.cursor(row_factory=class_row(into)) as cursor:
        return cursor.execute(_SQL[name], values).fetchall()
