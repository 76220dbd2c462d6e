"""Positions of those who follow the committed batches."""

from dataclasses import dataclass
from typing import Final

from citywatch.errors import Unavailable
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "followers.sql")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a follower stands: results are durable up to ``outputs_to``, ``state`` is that after ``checkpoint_at``."""

    outputs_to: int
    checkpoint_at: int
    state: bytes | None


def claim_position(connection: Connection, follower: str) -> Position:
    """Become the one process that follows under this name, as long as the connection lasts; return where it stands.

    Raises
    ------
    Unavailable
        Another process follows under this name; it may end, so waiting makes a standby.
    """
    with translated():
        claimed = connection.execute(_SQL["claim"], (follower,)).fetchone()
        if claimed is None or not claimed[0]:
            raise Unavailable(f"another process follows as {follower!r}; this one waits for its end")
        row = connection.execute(_SQL["lock_follower"], {"follower": follower}).fetchone()
    assert row is not None
    return Position(*row)


def advance(connection: Connection, follower: str, batch_no: int) -> None:
    """Say that the results up to a batch are durable; call it in the transaction that writes them."""
    with translated():
        connection.execute(_SQL["advance"], (batch_no, follower))


def write_checkpoint(connection: Connection, follower: str, batch_no: int, state: bytes) -> None:
    """Keep the state after a batch, from which a restart continues."""
    with translated():
        connection.execute(_SQL["checkpoint"], (batch_no, state, follower))
