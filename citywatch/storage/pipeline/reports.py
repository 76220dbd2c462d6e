"""Reports in the database, as they were issued."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from citywatch.errors import NotFound
from citywatch.model.names import Name
from citywatch.model.reports import AlarmLine, Format, IssuedReport, Language, Period, ReportKind
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "reports.sql")


def read_city_name(connection: Connection) -> Name | None:
    """Return the name of the city, ``None`` before one was seeded."""
    with translated():
        row = connection.execute(_SQL["city"]).fetchone()
    return None if row is None else Name(*row)


def read_data_time(connection: Connection) -> datetime | None:
    """Return when the newest batch was committed that is known."""
    with translated():
        row = connection.execute(_SQL["data_to"]).fetchone()
    return None if row is None else row[0]


def read_alarm_lines(connection: Connection, *, begin: datetime, end: datetime) -> list[AlarmLine]:
    """Return the numbers of alarms by severity, the worst first."""
    with translated(), connection.cursor(row_factory=class_row(AlarmLine)) as cursor:
        return cursor.execute(_SQL["alarms"], {"begin": begin, "end": end}).fetchall()


def is_issued(connection: Connection, period: Period) -> bool:
    """Return whether there is a report of a period."""
    with translated():
        row = connection.execute(_SQL["is_issued"], {"kind": period.kind, "first": period.first}).fetchone()
    return row is not None and bool(row[0])


def write_report(
    connection: Connection,
    period: Period,
    files: Mapping[tuple[Language, Format], bytes],
    *,
    made_at: datetime,
    data_to: datetime,
) -> int:
    """Keep a report with its files; return its number."""
    values = {
        "kind": period.kind, "first": period.first, "last": period.last, "due": period.due, "made_at": made_at,
        "data_to": data_to,
    }  # fmt: skip
    with translated(), connection.transaction(), connection.cursor() as cursor:
        row = cursor.execute(_SQL["insert"], values).fetchone()
        assert row is not None
        rows = [(row[0], language, form, content) for (language, form), content in files.items()]
        cursor.executemany(_SQL["insert_file"], rows)
    return int(row[0])


def list_reports(connection: Connection, *, kind: ReportKind | None, limit: int) -> list[IssuedReport]:
    """Return the reports, those of the last days first."""
    with translated(), connection.cursor(row_factory=class_row(IssuedReport)) as cursor:
        return cursor.execute(_SQL["list"], {"kind": kind, "limit": limit}).fetchall()


def read_report_file(connection: Connection, report_id: int, language: Language, form: Format) -> bytes:
    """Return a file of a report.

    Raises
    ------
    NotFound
        There is no such report.
    """
    with translated():
        row = connection.execute(
            _SQL["file"], {"report_id": report_id, "language": language, "format": form}
        ).fetchone()
    if row is None:
        raise NotFound(f"there is no report {report_id} in {language} as {form}")
    return bytes(row[0])
