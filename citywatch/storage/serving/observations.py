"""Datastreams with their newest value, and stored observations."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "observations.sql")


async def datastreams(
    database: Database,
    into: Callable[..., T],
    *,
    asset_id: str | None = None,
    property_id: str | None = None,
    datastream_id: int | None = None,
    after: int = 0,
    limit: int,
) -> list[T]:
    """Return up to ``limit`` datastreams of installed sensors, numbered above ``after``, with their newest value."""
    values = {
        "asset_id": asset_id,
        "property_id": property_id,
        "datastream_id": datastream_id,
        "after": after,
        "limit": limit,
    }
    return await database.rows(_SQL["datastreams"], values, into)


async def observations(
    database: Database, into: Callable[..., T], datastream_id: int, *, begin: datetime, end: datetime, limit: int
) -> list[T]:
    """Return the first ``limit`` observations with ``begin <= phenomenon time < end``, in time order."""
    values = {"datastream_id": datastream_id, "begin": begin, "end": end, "limit": limit}
    return await database.rows(_SQL["observations"], values, into)
