"""Signs of life of the processes."""

from collections.abc import Callable
from typing import Final, TypeVar

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "health.sql")


async def processes(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the last sign of life of every process."""
    return await database.rows(_SQL["processes"], {}, into)


async def newest_batch(database: Database, into: Callable[..., T]) -> T | None:
    """Return number and commit time of the newest batch."""
    return await database.row(_SQL["newest_batch"], {}, into)
