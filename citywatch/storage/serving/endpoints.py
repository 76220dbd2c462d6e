"""Webhook endpoints: where alarm events go, which, in what shape, signed with what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from citywatch.errors import NotFound
from citywatch.storage.serving.database import Database
from citywatch.storage.serving.deliveries import lock_turn
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "endpoints.sql")


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What a person decides about an endpoint; a filter that is None lets everything through."""

    url: str
    shape: str = "standard"
    min_severity: int = 1
    systems: Sequence[str] | None = None
    districts: Sequence[str] | None = None
    events: Sequence[str] | None = None
    routing_key: str | None = None
    description: str | None = None
    enabled: bool = True


async def endpoints(database: Database, into: Callable[..., T], endpoint_id: int | None = None) -> list[T]:
    """Return the endpoints, or one, and how their deliveries stand; secrets and routing keys are not shown."""
    return await database.rows(_SQL["endpoints"], {"endpoint_id": endpoint_id}, into)


async def add_endpoint(database: Database, settings: EndpointSettings, *, secret: str, public_key: str | None) -> int:
    """Register an endpoint for everything that happens from now on; return its number."""
    values = {**asdict(settings), "secret": secret, "public_key": public_key}
    row: dict[str, int] | None = await database.row(_SQL["insert"], values, dict)
    assert row is not None
    return row["endpoint_id"]


async def change_endpoint(database: Database, endpoint_id: int, settings: EndpointSettings) -> None:
    """Replace the settings of an endpoint; its secret stays, and what waits for its next attempt is due at once.

    Raises
    ------
    NotFound
        There is no such endpoint.
    """
    await _change(database, "update", "hurry", endpoint_id=endpoint_id, values=asdict(settings))


async def rotate_secret(
    database: Database, endpoint_id: int, *, secret: str, public_key: str | None, previous_until: datetime | None
) -> None:
    """Sign with a new secret from now on, and with the one before too until an instant; None: not at all.

    Raises
    ------
    NotFound
        There is no such endpoint.
    """
    values = {"secret": secret, "public_key": public_key, "previous_until": previous_until}
    await _change(database, "rotate", endpoint_id=endpoint_id, values=values)


async def remove_endpoint(database: Database, endpoint_id: int) -> None:
    """Remove an endpoint with its deliveries and log.

    Raises
    ------
    NotFound
        There is no such endpoint.
    """
    await _change(database, "disable", endpoint_id=endpoint_id)
    while await _removed_some(database, endpoint_id):
        pass
    await _change(database, "delete", endpoint_id=endpoint_id)


async def unknown_names(
    database: Database, *, systems: Sequence[str] | None, districts: Sequence[str] | None
) -> list[tuple[str, str]]:
    """Return (field, name) of each system and district that the registry does not know."""
    rows = await database.rows(_SQL["unknown"], {"systems": systems, "districts": districts}, dict[str, str])
    return [(row["field"], row["name"]) for row in rows]


async def _removed_some(database: Database, endpoint_id: int) -> bool:
    # in pieces, because workers wait for it
    async with database.connection() as connection, connection.transaction():
        await lock_turn(connection)
        cursor = await connection.execute(_SQL["delete_deliveries"], {"endpoint_id": endpoint_id})
        return cursor.rowcount > 0


async def _change(
    database: Database, *statements: str, endpoint_id: int, values: Mapping[str, Any] | None = None
) -> None:
    async with database.connection() as connection, connection.transaction():
        await lock_turn(connection)
        for statement in statements:
            cursor = await connection.execute(_SQL[statement], {**(values or {}), "endpoint_id": endpoint_id})
            if not cursor.rowcount:
                raise NotFound(f"there is no webhook endpoint {endpoint_id}")
