"""Event windows as people ask for them and see them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Final, TypeVar

from citywatch.model.event_windows import EventWindow
from citywatch.storage.pipeline.event_windows import refuse_unless_possible
from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.pipeline", "event_windows.sql")


async def keep(database: Database, window: EventWindow) -> int:
    """Keep a window; return its number.

    Raises
    ------
    NotFound
        The asset has no such waveform datastream, or none at all.
    Misconfigured
        It ends before it begins.
    """
    async with database.connection() as connection, connection.transaction():
        streams = await connection.execute(_SQL["waveform_datastreams"], {"asset_id": window.asset_id})
        refuse_unless_possible(window, [row[0] for row in await streams.fetchall()])
        cursor = await connection.execute(_SQL["keep"], asdict(window))
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def windows(
    database: Database,
    into: Callable[..., T],
    *,
    event_window_id: int | None = None,
    asset_id: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[T]:
    """Return up to ``limit`` event windows, newest first, with a number below ``before``."""
    values = {"event_window_id": event_window_id, "asset_id": asset_id, "before": before, "limit": limit}
    return await database.rows(_SQL["windows"], values, into)
