"""Indicators in the database: computed by one statement each, kept by day."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import msgspec
from psycopg.rows import class_row

from citywatch.model.targets import Indicator, IndicatorFigure
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "indicators.sql")


def read_indicators(connection: Connection) -> list[Indicator]:
    """Return all indicators in their order."""
    with translated():
        return [msgspec.convert(one, Indicator) for (one,) in connection.execute(_SQL["definitions"])]


def compute_indicator(
    connection: Connection,
    indicator: Indicator,
    *,
    first: date,
    last: date,
    bounds: tuple[datetime, datetime, datetime],
    zone: str,
    at: datetime,
) -> list[IndicatorFigure]:
    """Return an indicator over the days from ``first`` to ``last``: by district, and of the city.

    Parameters
    ----------
    bounds
        When the first day begins, when the last day begins, and when it ends.
    """
    values = {
        **indicator.parameters, "first": first, "last": last, "begin": bounds[0], "last_begin": bounds[1],
        "end": bounds[2], "zone": zone,
    }  # fmt: skip
    with translated():
        rows = connection.execute(_SQL[indicator.formula], values).fetchall()
    figures = []
    for district, numerator, denominator in rows:
        value = numerator if denominator is None else (100 * numerator / denominator if denominator else None)
        figures.append(
            IndicatorFigure(indicator.indicator_id, district, first, last, value, numerator, denominator, at)
        )
    return figures


def write_indicators(connection: Connection, figures: Iterable[IndicatorFigure]) -> None:
    """Keep figures of single days; those that are there are replaced."""
    rows = [
        (one.last, one.indicator_id, one.district_id, one.value, one.numerator, one.denominator, one.computed_at)
        for one in figures
    ]
    with translated(), connection.cursor() as cursor:
        cursor.executemany(_SQL["replace_figures"], rows)


def read_due_indicator_days(connection: Connection, *, first: date, last: date, zone: str, at: datetime) -> list[date]:
    """Return the days from ``first`` to ``last`` whose figures are missing or were made too early, the newest first."""
    values = {"first": first, "last": last, "zone": zone, "at": at}
    with translated():
        return [day for (day,) in connection.execute(_SQL["due_days"], values)]


def read_indicator_day(connection: Connection, day: date, *, district: str | None = None) -> list[IndicatorFigure]:
    """Return the figures that are kept of a day; ``district`` '' is the city."""
    return _figures(connection, "day_figures", {"day": day, "district": district})


def read_indicator_history(
    connection: Connection, indicator_id: str, *, district: str, first: date, last: date
) -> list[IndicatorFigure]:
    """Return the figures of an indicator by day; ``district`` '' is the city."""
    values = {"indicator_id": indicator_id, "district": district, "first": first, "last": last}
    return _figures(connection, "history", values)


def read_newest_indicator_day(connection: Connection) -> date | None:
    """Return the last day that figures are kept of."""
    with translated():
        row = connection.execute(_SQL["newest_day"]).fetchone()
    return None if row is None else row[0]


def _figures(connection: Connection, name: str, values: dict[str, object]) -> list[IndicatorFigure]:
    with translated(), connection.cursor(row_factory=class_row(IndicatorFigure)) as cursor:
        return cursor.execute(_SQL[name], values).fetchall()
