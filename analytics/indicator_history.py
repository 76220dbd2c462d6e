"""Indicators by day: every day that is over, the newest first, and once more a day later, when late data are in."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from citywatch.clock import midnight
from citywatch.model.targets import Indicator, IndicatorFigure
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.coverage_reading import read_judged_days
from citywatch.storage.pipeline.indicators import (
    compute_indicator,
    read_due_indicator_days,
    read_indicators,
    write_indicators,
)


def compute_due(connection: Connection, *, time_zone: str, at: datetime) -> Iterator[date]:
    """Compute the indicators of the days that are due and whose coverage is judged; what was yielded is committed."""
    judged = read_judged_days(connection)
    if judged is None:
        return
    over = min(judged[1], at.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1))
    indicators = read_indicators(connection)
    for day in read_due_indicator_days(connection, first=judged[0], last=over, zone=time_zone, at=at):
        with connection.transaction():
            write_indicators(
                connection, indicators_over(connection, indicators, first=day, last=day, time_zone=time_zone, at=at)
            )
        yield day


def indicators_over(
    connection: Connection, indicators: Sequence[Indicator], *, first: date, last: date, time_zone: str, at: datetime
) -> list[IndicatorFigure]:
    """Return indicators over the days from ``first`` to ``last``, by district and of the city."""
    bounds = (midnight(first, time_zone), midnight(last, time_zone), midnight(last + timedelta(days=1), time_zone))
    return [
        figure
        for indicator in indicators
        for figure in compute_indicator(
            connection, indicator, first=first, last=last, bounds=bounds, zone=time_zone, at=at
        )
    ]
