"""Districts, systems, assets and the rules that watch them."""

from collections.abc import Callable
from typing import Final, TypeVar

from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "registry.sql")


async def city(database: Database, into: Callable[..., T]) -> T | None:
    """Return the city and how much it holds, None when no city has been seeded."""
    return await database.row(_SQL["city"], {}, into)


async def districts(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the districts without their boundaries."""
    return await database.rows(_SQL["districts"], {}, into)


async def boundaries(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the districts with their boundaries (GeoJSON geometry, WGS 84)."""
    return await database.rows(_SQL["boundaries"], {}, into)


async def systems(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the systems."""
    return await database.rows(_SQL["systems"], {}, into)


async def assets(
    database: Database,
    into: Callable[..., T],
    *,
    system: str | None = None,
    kind: str | None = None,
    district: str | None = None,
    parent: str | None = None,
    text: str | None = None,
    ended: bool = False,
    after: str = "",
    limit: int,
) -> list[T]:
    """Return up to ``limit`` assets with an identifier after ``after``, in order; ``text`` is sought in the names.

    ``ended``: also those that are not there now, because they have ended or have not begun.
    """
    values = {
        "system": system,
        "kind": kind,
        "district": district,
        "parent": parent,
        "text": None if text is None else f"%{_escaped(text)}%",
        "ended": ended,
        "after": after,
        "limit": limit,
    }
    return await database.rows(_SQL["assets"], values, into)


async def asset(database: Database, into: Callable[..., T], asset_id: str) -> T | None:
    """Return one asset."""
    return await database.row(_SQL["asset"], {"asset_id": asset_id}, into)


async def versions(database: Database, into: Callable[..., T], asset_id: str) -> list[T]:
    """Return what the record of an asset has said, oldest first."""
    return await database.rows(_SQL["versions"], {"asset_id": asset_id}, into)


async def kinds(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the kinds of assets with their design parameters and coverage rules."""
    return await database.rows(_SQL["kinds"], {}, into)


async def asset_states(
    database: Database, into: Callable[..., T], *, system: str | None = None, district: str | None = None
) -> list[T]:
    """Return every asset with its worst open alarm and the number of its silent datastreams."""
    return await database.rows(_SQL["asset_states"], {"system": system, "district": district}, into)


async def properties(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the observed properties."""
    return await database.rows(_SQL["properties"], {}, into)


async def rules(database: Database, into: Callable[..., T], *, kind: str | None = None) -> list[T]:
    """Return the alarm rules with their tiers."""
    return await database.rows(_SQL["rules"], {"kind": kind}, into)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
