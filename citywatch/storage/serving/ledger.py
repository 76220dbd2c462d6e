"""The ledger."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "ledger.sql")


async def ledger(database: Database, into: Callable[..., T], *, begin: datetime, limit: int) -> list[T]:
    """Return the accounts by minute and source since an instant, newest first."""
    return await database.rows(_SQL["ledger"], {"begin": begin, "limit": limit}, into)


async def ledger_total(database: Database, into: Callable[..., T], *, begin: datetime) -> T:
    """Return the sums of the ledger since an instant."""
    total = await database.row(_SQL["ledger_total"], {"begin": begin}, into)
    assert total is not None
    return total
