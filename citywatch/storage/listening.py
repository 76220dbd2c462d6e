"""Waiting for what other processes announce."""

from typing import Final

from psycopg import sql

from citywatch.storage.connection import Connection, translated

REGISTRY: Final = "citywatch_registry"
"""Announces that the registry has changed."""


def listen(connection: Connection, channel: str) -> None:
    """Subscribe a connection to a channel."""
    with translated():
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))


def heard(connection: Connection, *, timeout: float) -> set[str]:
    """Wait up to ``timeout`` [s] for announcements; return the channels on which some came."""
    with translated():
        return {notice.channel for notice in connection.notifies(timeout=timeout, stop_after=1)}
