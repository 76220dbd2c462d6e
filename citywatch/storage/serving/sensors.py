"""Sensors and whether they are there."""

from collections.abc import Callable
from typing import Final, TypeVar

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "sensors.sql")


async def sensors(
    database: Database,
    into: Callable[..., T],
    *,
    asset_id: str | None = None,
    system: str | None = None,
    district: str | None = None,
    liveness: str | None = None,
    after: tuple[str, str] = ("", ""),
    limit: int,
) -> list[T]:
    """Return up to ``limit`` installed sensors that follow asset and sensor ``after``, in order."""
    values = {
        "asset_id": asset_id,
        "system": system,
        "district": district,
        "liveness": liveness,
        "after_asset": after[0],
        "after_sensor": after[1],
        "limit": limit,
    }
    return await database.rows(_SQL["sensors"], values, into)


async def counts(database: Database, into: Callable[..., T]) -> T:
    """Return how many sensors are online, late and offline."""
    found = await database.row(_SQL["counts"], {}, into)
    assert found is not None
    return found
