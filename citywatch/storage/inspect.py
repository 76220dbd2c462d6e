"""What a database can say about itself, for people who ask whether it is well."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from citywatch.storage.connection import Connection, translated
from citywatch.storage.level import Level, detect_level
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage", "inspect.sql")


@dataclass(frozen=True, slots=True)
class Server:
    """Versions and edition; ``timescaledb`` and ``licence`` None without TimescaleDB."""

    level: Level
    postgresql: str
    timescaledb: str | None
    licence: str | None
    background_workers: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its partitions or chunks, which hold the time from ``begin_at`` to ``end_at``; ``size`` [bytes]."""

    name: str
    size: int
    partitions: int
    begin_at: datetime | None
    end_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a follower of the batches is; ``waiting_since`` is when the oldest batch before it was committed."""

    follower: str
    done: int
    newest: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """Retention of a system in a table: ``days`` wanted, None for ever; given up to ``horizon``, then removed."""

    system_id: str
    stored_in: str
    days: float | None
    horizon: datetime | None
    removed_before: datetime | None


def read_server(connection: Connection) -> Server:
    """Return what the server is and which level it offers to this database."""
    with translated():
        row = connection.execute(_SQL["server"]).fetchone()
        assert row is not None
        postgresql, timescaledb, licence, workers = row
        if timescaledb is None:
            licence = workers = None
        return Server(detect_level(connection), postgresql, timescaledb, licence, workers)


def read_table(connection: Connection, name: str) -> Table:
    """Return size and partitions of a table; none when it is an ordinary one."""
    with translated():
        size = connection.execute(_SQL[f"size_{detect_level(connection).variant}"], {"table": name}).fetchone()
        parts = connection.execute(_SQL["partitions"], (name,)).fetchone()
    assert size is not None
    assert parts is not None
    return Table(name, size[0], *parts)


def count_compressed(connection: Connection, table: str, *, before: datetime) -> tuple[int, int]:
    """Return how many chunks are compressed, and how many that end before an instant are not; TimescaleDB alone."""
    with translated():
        row = connection.execute(_SQL["uncompressed"], {"table": table, "before": before}).fetchone()
    assert row is not None
    return row[0], row[1]


def read_lags(connection: Connection) -> list[Lag]:
    """Return how far the followers of the batches are."""
    with translated():
        return [Lag(*row) for row in connection.execute(_SQL["followers"])]


def count_due(connection: Connection) -> int:
    """Return how many flagged stretches wait for their roll-ups."""
    with translated():
        row = connection.execute(_SQL["due"]).fetchone()
    assert row is not None
    return int(row[0])


def read_kept(connection: Connection) -> list[Kept]:
    """Return how long data are kept, by system and table, and up to where they are gone."""
    with translated():
        return [Kept(*row) for row in connection.execute(_SQL["retention"])]
