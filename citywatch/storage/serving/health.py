"""Signs of life of the processes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from psycopg.types.json import Jsonb

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "health.sql")
_BEAT: Final = load_sql("citywatch.storage.pipeline", "health.sql")["beat"]


async def processes(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the last sign of life of every process."""
    return await database.rows(_SQL["processes"], {}, into)


async def newest_batch(database: Database, into: Callable[..., T]) -> T | None:
    """Return number and commit time of the newest batch."""
    return await database.row(_SQL["newest_batch"], {}, into)


async def write_beat(
    database: Database, *, process: str, started_at: datetime, at: datetime, state: str, details: Mapping[str, Any]
) -> None:
    """Say that an asynchronous process lives; ``state`` is ok or stopped."""
    async with database.connection() as connection:
        await connection.execute(_BEAT, (process, f"{process}-1", started_at, at, state, Jsonb(dict(details))))
