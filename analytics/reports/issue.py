"""Issuing reports: gathered, rendered, kept; those that are due once, others whenever somebody asks."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from analytics.reports.gather import gather
from analytics.reports.render import render
from citywatch.model.reports import Format, Language, Period, ReportKind, last_period
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.coverage_reading import read_judged_days
from citywatch.storage.pipeline.reports import is_issued, read_city_name, write_report


def issue(
    connection: Connection, period: Period, *, time_zone: str, at: datetime
) -> tuple[int, dict[tuple[Language, Format], bytes]]:
    """Issue the report of a period; return its number and its files."""
    report = gather(connection, period, time_zone=time_zone, at=at)
    files = render(report, time_zone=time_zone)
    return write_report(connection, period, files, made_at=at, data_to=report.data_to), files


def issue_due(connection: Connection, *, time_zone: str, at: datetime) -> Iterator[Period]:
    """Issue the report of the last period of each kind that is over, once, as soon as all its days are judged."""
    today = at.astimezone(ZoneInfo(time_zone)).date()
    judged = read_judged_days(connection)
    for kind in ReportKind:
        period = last_period(kind, today)
        if judged is None or not judged[0] <= period.last <= judged[1] or read_city_name(connection) is None:
            continue
        if not is_issued(connection, period):
            issue(connection, period, time_zone=time_zone, at=at)
            yield period
