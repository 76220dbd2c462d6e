"""Coverage figures and the verdicts behind them."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "coverage.sql")


async def coverage_figures(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the newest coverage figures by kind and district."""
    return await database.rows(_SQL["coverage_figures"], {}, into)


async def coverage_rules(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the coverage rule of every kind that has one."""
    return await database.rows(_SQL["coverage_rules"], {}, into)


async def coverage_history(database: Database, into: Callable[..., T], kind_id: str, *, begin: datetime) -> list[T]:
    """Return the city-wide figures of a kind since an instant."""
    return await database.rows(_SQL["coverage_history"], {"kind_id": kind_id, "begin": begin}, into)


async def asset_coverage(
    database: Database, into: Callable[..., T], *, kind_id: str | None, monitored: bool | None, limit: int
) -> list[T]:
    """Return the newest verdict on assets, those with a gap first."""
    values = {"kind_id": kind_id, "monitored": monitored, "limit": limit}
    return await database.rows(_SQL["asset_coverage"], values, into)
