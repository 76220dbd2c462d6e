"""Datastreams with their newest value, stored observations and waveform blocks."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from citywatch.storage.columns import samples_from_bytes
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


async def waveforms(
    database: Database, into: Callable[..., T], datastream_id: int, *, begin: datetime, end: datetime, limit: int
) -> list[T]:
    """Return the first ``limit`` waveform blocks with ``begin <= start time < end``, in time order.

    ``into`` gets ``values`` decoded, float32 of shape (n,).
    """

    def decoded(*, values: bytes, **columns: Any) -> T:
        return into(values=samples_from_bytes(values), **columns)

    span = {"datastream_id": datastream_id, "begin": begin, "end": end, "limit": limit}
    return await database.rows(_SQL["waveforms"], span, decoded)
