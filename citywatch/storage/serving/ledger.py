"""The ledger by minute and source, and by device."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, TypeVar

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "ledger.sql")


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which minutes (``begin <= minute < end``) and sources are meant; None means any."""

    begin: datetime
    end: datetime | None = None
    source: str | None = None
    district: str | None = None
    system: str | None = None


async def ledger(
    database: Database, into: Callable[..., T], chosen: LedgerFilter, *, unbalanced: bool, limit: int
) -> list[T]:
    """Return the accounts by minute and source, newest first; ``unbalanced``: those alone that do not balance."""
    values = {**asdict(chosen), "unbalanced": unbalanced, "limit": limit}
    return await database.rows(_SQL["ledger"], values, into)


async def ledger_total(database: Database, into: Callable[..., T], chosen: LedgerFilter) -> T:
    """Return the sums of the ledger, and how many of its minutes and sources do not balance."""
    total = await database.row(_SQL["ledger_total"], asdict(chosen), into)
    assert total is not None
    return total


async def devices(
    database: Database,
    into: Callable[..., T],
    *,
    begin: datetime,
    asset_id: str | None,
    district: str | None,
    system: str | None,
    after: tuple[str, str],
    limit: int,
) -> list[T]:
    """Return the sums of the device ledger by sensor since an hour, for sensors after a key, in order."""
    values = {
        "begin": begin,
        "asset_id": asset_id,
        "district": district,
        "system": system,
        "after_asset": after[0],
        "after_sensor": after[1],
        "limit": limit,
    }
    return await database.rows(_SQL["devices"], values, into)


async def device_hours(
    database: Database, into: Callable[..., T], *, asset_id: str, sensor_id: str, begin: datetime
) -> list[T]:
    """Return the figures of one sensor by hour, newest first."""
    values = {"asset_id": asset_id, "sensor_id": sensor_id, "begin": begin}
    return await database.rows(_SQL["device_hours"], values, into)
