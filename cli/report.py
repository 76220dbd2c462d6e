"""``citywatch report``: bulletin of a week, ranking of a month, completion report of a quarter, as files."""

from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from citywatch.clock import SystemClock
from citywatch.model.reports import Format, Language, ReportKind, last_period, period_of
from citywatch.settings import ProcessSettings, load_settings
from citywatch.storage.connection import connect
from cli.days import day


def report(
    kind: Annotated[ReportKind, typer.Argument(help="Which report.")],
    into: Annotated[Path, typer.Option(help="Folder to write to; files of the same names are replaced.")] = Path(),
    at: Annotated[
        date | None,
        typer.Option("--at", parser=day, metavar="DAY", help="A day of the period. [default: the last that is over]"),
    ] = None,
    language: Annotated[list[Language] | None, typer.Option(help="Language; may be repeated. [default: all]")] = None,
    form: Annotated[
        list[Format] | None, typer.Option("--format", help="Format; may be repeated. [default: all]")
    ] = None,
) -> None:
    """Issue a report: gather its figures, keep it, write its files."""
    from analytics.reports.issue import issue

    settings = load_settings(ProcessSettings)
    now = SystemClock().now()
    today = now.astimezone(ZoneInfo(settings.time_zone)).date()
    period = last_period(kind, today) if at is None else period_of(kind, at)
    with connect(settings.database_url.get_secret_value(), process="report") as connection:
        number, files = issue(connection, period, time_zone=settings.time_zone, at=now)
    into.mkdir(parents=True, exist_ok=True)
    for (of_language, of_format), content in files.items():
        if (not language or of_language in language) and (not form or of_format in form):
            path = into / f"{kind}-{period.first}-{of_language}.{of_format}"
            path.write_bytes(content)
            print(path)
    print(f"report {number}: {period.first} to {period.last}, due by {period.due}")
