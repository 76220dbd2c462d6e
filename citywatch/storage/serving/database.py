"""A pool of asynchronous connections, and rows that become objects of the caller's choice.

The caller names the type of a row (``into``); the columns of the statement are its keyword arguments. So the shape of
an answer stands in one place, the schema of the API.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow, kwargs_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from citywatch.errors import Unavailable
from citywatch.storage.connection import Connection as BlockingConnection
from citywatch.storage.connection import connect, connection_options, translated

T = TypeVar("T")
Connection = AsyncConnection[TupleRow]
Values = Mapping[str, Any]


class Database:
    """The database as a server of requests sees it."""

    def __init__(self, database: str, *, process: str, connections: int) -> None:
        options = connection_options(database, process)
        self._options = options
        self._address, self._process, self._threads = database, process, asyncio.Semaphore(4)
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            kwargs={**options, "autocommit": True},
            min_size=1,
            max_size=connections,
            timeout=5.0,
            open=False,
            check=AsyncConnectionPool.check_connection,
        )

    async def open(self) -> None:
        """Start the pool; it keeps trying while the database is away."""
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection that commits every statement outside a transaction block.

        Raises
        ------
        Unavailable
            The database does not answer, or all connections are taken.
        """
        try:
            async with self._pool.connection() as connection:
                with translated():
                    yield connection
        except PoolTimeout as error:
            raise Unavailable("the database does not answer within 5 s; try again") from error
        except errors.OperationalError as error:
            raise Unavailable(f"the database failed: {' '.join(str(error).split())}") from error

    async def rows(self, statement: bytes, values: Values, into: Callable[..., T]) -> list[T]:
        """Return all rows of a statement."""
        async with self.connection() as connection, connection.cursor(row_factory=kwargs_row(into)) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchall()

    async def row(self, statement: bytes, values: Values, into: Callable[..., T]) -> T | None:
        """Return the first row of a statement, None when there is none."""
        async with self.connection() as connection, connection.cursor(row_factory=kwargs_row(into)) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchone()

    async def blocking(self, work: Callable[[BlockingConnection], T]) -> T:
        """Return what a synchronous reader gives, in a thread and on a connection of its own; four at once."""
        async with self._threads:
            return await asyncio.to_thread(self._on_connection, work)

    def _on_connection(self, work: Callable[[BlockingConnection], T]) -> T:
        with connect(self._address, process=self._process) as connection:
            return work(connection)

    async def listen(self, *channels: str) -> "Listener":
        """Open a connection of its own that hears announcements."""
        with translated():
            connection = await AsyncConnection.connect(**self._options, autocommit=True)
            try:
                for channel in channels:
                    await connection.execute(f'LISTEN "{channel}"'.encode())
            except BaseException:  # a cancelled reader must not leave its connection behind
                await connection.close()
                raise
        return Listener(connection)


class Listener:
    """Hears what other processes announce."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def heard(self, *, timeout: float) -> set[str]:  # noqa: ASYNC109  # the driver's own timeout
        """Wait up to ``timeout`` [s]; return the channels on which something was announced."""
        with translated():
            return {note.channel async for note in self._connection.notifies(timeout=timeout, stop_after=1)}

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()
