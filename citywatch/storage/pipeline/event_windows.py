"""Event windows as analytics and people at the command line make them."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from psycopg.rows import kwargs_row

from citywatch.errors import Misconfigured, NotFound
from citywatch.model.event_windows import EventWindow, KeptWindow
from citywatch.model.identifiers import AlarmId
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "event_windows.sql")


def keep_around_alarm(
    connection: Connection, alarm_id: AlarmId, *, begins_at: datetime, ends_at: datetime, reason: str, actor: str
) -> None:
    """Keep what the waveform datastreams of an alarm's asset say, if it has any."""
    values = {"alarm_id": alarm_id, "begins_at": begins_at, "ends_at": ends_at, "reason": reason, "actor": actor}
    with translated():
        connection.execute(_SQL["keep_around_alarm"], values)


def keep(connection: Connection, window: EventWindow) -> KeptWindow:
    """Keep a window that a person asks for.

    Raises
    ------
    NotFound
        The asset has no such waveform datastream, or none at all.
    Misconfigured
        It ends before it begins.
    """
    with translated(), connection.transaction():
        streams = [row[0] for row in connection.execute(_SQL["waveform_datastreams"], {"asset_id": window.asset_id})]
        refuse_unless_possible(window, streams)
        row = connection.execute(_SQL["keep"], asdict(window)).fetchone()
        assert row is not None
        (kept,) = read_windows(connection, event_window_id=row[0], limit=1)
    return kept


def refuse_unless_possible(window: EventWindow, waveform_datastreams: list[int]) -> None:
    """Raise :class:`NotFound` or :class:`Misconfigured`, as :func:`keep` does; it needs the asset's datastreams."""
    if window.begins_at >= window.ends_at:
        raise Misconfigured(f"begin {window.begins_at.isoformat()} is not before end {window.ends_at.isoformat()}")
    if not waveform_datastreams:
        raise NotFound(f"there is no asset {window.asset_id!r} with waveform datastreams")
    if window.datastream_id is not None and window.datastream_id not in waveform_datastreams:
        known = ", ".join(map(str, waveform_datastreams))
        raise NotFound(f"{window.asset_id!r} has no waveform datastream {window.datastream_id}; it has {known}")


def read_windows(
    connection: Connection, *, event_window_id: int | None = None, asset_id: str | None = None, limit: int
) -> list[KeptWindow]:
    """Return up to ``limit`` event windows, newest first."""
    values = {"event_window_id": event_window_id, "asset_id": asset_id, "before": None, "limit": limit}
    with translated(), connection.cursor(row_factory=kwargs_row(KeptWindow)) as cursor:
        return cursor.execute(_SQL["windows"], values).fetchall()
