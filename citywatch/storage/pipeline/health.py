"""Signs of life of the processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "health.sql")


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life of a process; ``state`` is ok, degraded or stopped, and ``cause`` says why.

    ``pending`` messages were received and not committed.
    """

    process: str
    instance: str
    at: datetime
    state: str
    cause: str | None
    pending: int


def read_beats(connection: Connection, process: str | None = None) -> list[Beat]:
    """Return the last sign of life of every instance of a process, or of all processes."""
    with translated():
        return [Beat(*row) for row in connection.execute(_SQL["beats"], {"process": process}).fetchall()]


def write_beat(
    connection: Connection,
    *,
    process: str,
    instance: str,
    started_at: datetime,
    at: datetime,
    state: str,
    details: Mapping[str, Any],
) -> None:
    """Say that a process lives; ``state`` is ok, degraded or stopped."""
    with translated():
        connection.execute(_SQL["beat"], (process, instance, started_at, at, state, Jsonb(dict(details))))
