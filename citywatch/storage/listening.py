"""Waiting for what other processes announce."""

from typing import Final

from psycopg import sql

from citywatch.storage.connection import Connection, translated

REGISTRY: Final = "citywatch_registry"
"""Announces that the registry has changed."""


def listen(connection: Connection, channel: str) -> None:
    """Subscribe an autocommit connection to a channel."""
    with translated():
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))


def heard(connection: Connection, *, timeout: float) -> bool:
    """Wait up to ``timeout`` [s] for an announcement; return whether one or more came."""
    with translated():
        return len(list(connection.notifies(timeout=timeout, stop_after=1))) > 0
