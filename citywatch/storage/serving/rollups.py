"""Roll-ups of one datastream and of the whole city."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from psycopg.rows import kwargs_row

from citywatch.model.rollups import Resolution
from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "rollups.sql")


async def rollups(
    database: Database,
    into: Callable[..., T],
    datastream_id: int,
    *,
    resolution: Resolution,
    begin: datetime,
    end: datetime,
    limit: int,
) -> list[T]:
    """Return the first ``limit`` roll-ups of a datastream that begin in ``[begin, end)``, in time order."""
    values = {"datastream_id": datastream_id, "begin": begin, "end": end, "limit": limit}
    return await database.rows(_SQL[f"of_datastream_{resolution}"], values, into)


async def city_rollups(
    database: Database, into: Callable[..., T], *, resolution: Resolution, begin: datetime, end: datetime
) -> list[T]:
    """Return what the roll-ups by hour or day that begin in ``[begin, end)`` say together, by observed property."""
    span = {"begin": begin, "end": end}
    if resolution is not Resolution.HOUR:
        return await database.rows(_SQL[f"of_city_{resolution}"], span, into)
    async with database.connection() as connection, connection.transaction():
        await connection.execute(_SQL["snapshot"])
        # asked for apart: told the hours, the planner knows how few they are
        due = await (await connection.execute(_SQL["due_of_city"], span)).fetchall()
        async with connection.cursor(row_factory=kwargs_row(into)) as cursor:
            await cursor.execute(_SQL["of_city_1h"], {**span, "due": [hour for (hour,) in due]}, prepare=False)
            return await cursor.fetchall()
