"""Deliveries of alarm events to webhook endpoints: whose turn it is, what came of it, and what is sent once more.

Events of one alarm go to an endpoint in order: they form a lane, and only the first of a lane is pending. Workers take
turns, each turn one transaction, so that nobody looks at a lane while another changes it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from psycopg.rows import kwargs_row
from psycopg.types.json import Jsonb

from citywatch.errors import Conflict, NotFound
from citywatch.storage.serving.database import Connection, Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "deliveries.sql")

CHANNEL: Final = "citywatch_delivery"
"""Announces deliveries that a person asked for."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """One event on its way to one endpoint: ``attempts`` counts the present one, ``failures`` those that failed."""

    endpoint_id: int
    outbox_id: int
    lane: int
    attempts: int
    failures: int
    url: str
    shape: str
    routing_key: str | None
    secrets: tuple[str, ...]
    """The present one, then the one that it replaces while both sign."""
    city_id: str | None
    type: str
    created_at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to, and what follows from it.

    ``state`` is delivered, failed, or pending until ``next_attempt_at``; ``status`` is None when there was no answer;
    ``answer`` is how the answer to a failed attempt begins.
    """

    endpoint_id: int
    outbox_id: int
    attempts: int
    state: str
    next_attempt_at: datetime | None
    at: datetime
    duration_ms: float
    status: int | None
    error: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Circuit:
    """How an endpoint has fared: failures in a row, and until when it is left alone (the circuit is open)."""

    failures: int = 0
    open_until: datetime | None = None


class Turn:
    """What a worker may do when it is its turn; nothing lasts before the turn ends well."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def circuits(self, endpoints: Sequence[int]) -> dict[int, Circuit]:
        """Return the circuits of endpoints, without those that were removed."""
        rows = await self._rows("circuits", {"endpoints": list(endpoints)})
        return {number: Circuit(failures, open_until) for number, failures, open_until in rows}

    async def settle(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Log attempts and make what follows from them so; the next event of a finished one's lane gets its turn."""
        columns = {field.name: [getattr(one, field.name) for one in outcomes] for field in fields(Outcome)}
        await self._promote(await self._rows("settle", columns), now)

    async def write_circuits(self, circuits: Mapping[int, Circuit], gone: Mapping[int, str]) -> None:
        """Keep the circuits of endpoints; those in ``gone`` are disabled, for the reason given."""
        values = {
            "endpoint_id": list(circuits),
            "failures": [one.failures for one in circuits.values()],
            "open_until": [one.open_until for one in circuits.values()],
            "gone": [gone.get(number) for number in circuits],
        }
        await self._connection.execute(_SQL["write_circuits"], values)

    async def hurry(self, endpoints: Sequence[int], now: datetime) -> None:
        """Let everything that waits for its next attempt at some endpoints be due."""
        await self._connection.execute(_SQL["hurry"], {"endpoints": list(endpoints), "now": now})

    async def give_up(self, *, overdue: datetime, now: datetime, limit: int) -> int:
        """Fail what disabled endpoints would have got, and what was due before ``overdue``; return how many."""
        lanes = await self._rows("give_up", {"overdue": overdue, "now": now, "limit": limit})
        await self._promote(lanes, now)
        return len(lanes)

    async def admit(self, now: datetime, *, limit: int) -> int:
        """Put up to ``limit`` new deliveries into their lanes; return how many there were."""
        lanes = await self._rows("admit", {"limit": limit})
        await self._promote(lanes, now)
        return len(lanes)

    async def claim(
        self, now: datetime, *, lease: timedelta, places: int, busy: Mapping[int, int], limit: int
    ) -> list[DueDelivery]:
        """Take what is due; nobody else gets it until the lease ends.

        Parameters
        ----------
        places
            Deliveries under way to one endpoint at most; one that fails has a single place.
        busy
            How many are under way already, by endpoint.
        limit
            Deliveries taken at most.
        """
        values = {
            "now": now,
            "lease": lease,
            "places": places,
            "endpoints": list(busy),
            "busy": list(busy.values()),
            "limit": limit,
        }
        async with self._connection.cursor(row_factory=kwargs_row(_due)) as cursor:
            await cursor.execute(_SQL["claim"], values)
            return await cursor.fetchall()

    async def _promote(self, lanes: Sequence[tuple[Any, ...]], now: datetime) -> None:
        if lanes:
            values = {"endpoints": [lane[0] for lane in lanes], "lanes": [lane[1] for lane in lanes], "now": now}
            await self._connection.execute(_SQL["promote"], values)

    async def _rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(_SQL[statement], values)
        return await cursor.fetchall()


def _due(*, secrets: Sequence[str], **columns: Any) -> DueDelivery:
    return DueDelivery(secrets=tuple(secrets), **columns)


async def lock_turn(connection: Connection) -> None:
    """Wait until no worker is in its turn, and keep them from the next one until the transaction ends."""
    await connection.execute(_SQL["begin_turn"])


@asynccontextmanager
async def turn(database: Database) -> AsyncIterator[Turn]:
    """Wait for the turn of a worker; what it does is committed at the end."""
    async with database.connection() as connection, connection.transaction():
        await lock_turn(connection)
        yield Turn(connection)


async def attempts(
    database: Database, into: Callable[..., T], endpoint_id: int, *, before: int | None, limit: int
) -> list[T]:
    """Return the log of an endpoint, newest first."""
    values = {"endpoint_id": endpoint_id, "before": before, "limit": limit}
    return await database.rows(_SQL["attempts"], values, into)


async def deliveries(
    database: Database, into: Callable[..., T], endpoint_id: int, *, state: str | None, before: int | None, limit: int
) -> list[T]:
    """Return the deliveries of an endpoint, the newest event first."""
    values = {"endpoint_id": endpoint_id, "state": state, "before": before, "limit": limit}
    return await database.rows(_SQL["deliveries"], values, into)


@dataclass(frozen=True, slots=True)
class Span:
    """Events with a number above ``after``, written at or after ``since`` and before ``until``."""

    since: datetime | None = None
    until: datetime | None = None
    after: int = 0


async def redeliver_span(
    database: Database, endpoint_id: int, span: Span, *, failed_only: bool, limit: int
) -> list[int]:
    """Send events of a span again, up to ``limit`` in order; return their numbers.

    Those that failed; or every event that the endpoint wants, also such as it got or happened before it was there.
    """
    statement = "redeliver_failed" if failed_only else "redeliver_all"
    values = {"endpoint_id": endpoint_id, "limit": limit, **asdict(span)}
    return await _queue(database, statement, values)


async def redeliver(database: Database, endpoint_id: int, outbox_ids: Sequence[int]) -> list[int]:
    """Send finished deliveries again; return the numbers of their events.

    Raises
    ------
    NotFound
        The endpoint has no delivery of one of the events.
    Conflict
        One is on its way already. In both cases none is sent again.
    """
    values = {"endpoint_id": endpoint_id, "outbox_ids": list(outbox_ids)}
    states = {row["outbox_id"]: row["state"] for row in await database.rows(_SQL["states"], values, dict[str, Any])}
    if missing := [number for number in outbox_ids if number not in states]:
        raise NotFound(f"endpoint {endpoint_id} has no delivery of event {missing[0]}; its deliveries are listed")
    if under_way := [number for number, state in states.items() if state not in {"delivered", "failed"}]:
        raise Conflict(f"event {under_way[0]} is on its way to endpoint {endpoint_id} already")
    return await _queue(database, "redeliver_named", values)


async def send_test(database: Database, endpoint_id: int, data: Mapping[str, Any]) -> int:
    """Send a test event to one endpoint the way of every event; return its number."""
    (number,) = await _queue(database, "insert_test", {"endpoint_id": endpoint_id, "data": Jsonb(data)})
    return number


async def _queue(database: Database, statement: str, values: Mapping[str, Any]) -> list[int]:
    async with database.connection() as connection, connection.transaction():
        cursor = await connection.execute(_SQL[statement], values)
        numbers = sorted(row[0] for row in await cursor.fetchall())
        await connection.execute(_SQL["announce"])
    return numbers
