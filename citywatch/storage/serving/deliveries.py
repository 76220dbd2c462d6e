"""Webhook endpoints, the deliveries that wait for them, and the log of every attempt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from citywatch.errors import NotFound
from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "deliveries.sql")


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """One event on its way to one endpoint; ``attempts`` counts the present one."""

    endpoint_id: int
    outbox_id: int
    attempts: int
    url: str
    secret: str
    type: str
    created_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt came to: HTTP status, or why there was no answer."""

    at: datetime
    duration_ms: float
    status: int | None
    error: str | None


async def endpoints(database: Database, into: Callable[..., T]) -> list[T]:
    """Return the endpoints and how their deliveries stand; secrets are not shown."""
    return await database.rows(_SQL["endpoints"], {}, into)


async def add_endpoint(database: Database, *, url: str, secret: str, min_severity: int) -> int:
    """Register an endpoint for everything that happens from now on; return its number."""
    values = {"url": url, "secret": secret, "min_severity": min_severity}
    row: dict[str, int] | None = await database.row(_SQL["insert_endpoint"], values, dict)
    assert row is not None
    return row["endpoint_id"]


async def remove_endpoint(database: Database, endpoint_id: int) -> None:
    """Remove an endpoint with its deliveries and log.

    Raises
    ------
    NotFound
        There is no such endpoint.
    """
    async with database.connection() as connection:
        cursor = await connection.execute(_SQL["delete_endpoint"], {"endpoint_id": endpoint_id})
        if not cursor.rowcount:
            raise NotFound(f"there is no webhook endpoint {endpoint_id}")


async def claim_due(database: Database, *, now: datetime, lease: timedelta, limit: int) -> list[DueDelivery]:
    """Take up to ``limit`` deliveries that are due; nobody else gets them until the lease ends."""
    return await database.rows(_SQL["claim_due"], {"now": now, "lease": lease, "limit": limit}, DueDelivery)


async def next_due(database: Database) -> datetime | None:
    """Return when the next delivery is due, None when none waits."""
    row: dict[str, datetime | None] | None = await database.row(_SQL["next_due"], {}, dict)
    return None if row is None else row["at"]


async def settle(
    database: Database, due: DueDelivery, attempt: Attempt, *, state: str, next_attempt_at: datetime | None
) -> None:
    """Log an attempt and say what follows: delivered, failed, or pending until ``next_attempt_at``."""
    values = {
        "endpoint_id": due.endpoint_id,
        "outbox_id": due.outbox_id,
        "at": attempt.at,
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
        "state": state,
        "next_attempt_at": next_attempt_at,
    }
    async with database.connection() as connection, connection.transaction():
        cursor = await connection.execute(_SQL["settle"], values)
        if cursor.rowcount:  # else the endpoint was removed meanwhile, and its log with it
            await connection.execute(_SQL["insert_attempt"], values)


async def attempts(
    database: Database, into: Callable[..., T], endpoint_id: int, *, before: int | None, limit: int
) -> list[T]:
    """Return the log of an endpoint, newest first."""
    values = {"endpoint_id": endpoint_id, "before": before, "limit": limit}
    return await database.rows(_SQL["attempts"], values, into)
