"""Committed batches, for those who follow them live."""

from typing import Any, Final

from citywatch.model.observations import Observations
from citywatch.storage.columns import from_bytes
from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.serving", "batches.sql")


async def batches(database: Database, *, after: int, limit: int) -> list[tuple[int, Observations]]:
    """Return the batches that follow a number, without those whose columns were pruned."""
    rows: list[dict[str, Any]] = await database.rows(_SQL["batches"], {"after": after, "limit": limit}, dict)
    return [(row["batch_no"], from_bytes(row["columns"])) for row in rows if row["columns"] is not None]
