"""What a database works on: plain PostgreSQL, or TimescaleDB in one of its editions.

The first migration decides between range partitions and hypertables, for good: a database that was migrated on plain
PostgreSQL stays at that level when its server is given TimescaleDB later.
"""

from enum import StrEnum

from citywatch.storage.connection import Connection


class Level(StrEnum):
    """Storage level; tables, views and results are the same on all of them."""

    POSTGRESQL = "PostgreSQL"
    TIMESCALEDB_APACHE = "TimescaleDB (Apache)"
    TIMESCALEDB = "TimescaleDB"

    @property
    def variant(self) -> str:
        """Suffix of the migration files that differ between the engines."""
        return "postgresql" if self is Level.POSTGRESQL else "timescaledb"


def detect_level(connection: Connection) -> Level:
    """Return what the database works on; the extension must have been created to count."""
    extension = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    if extension is None or has_range_partitions(connection):
        return Level.POSTGRESQL
    row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return Level.TIMESCALEDB if row is not None and row[0] == "timescale" else Level.TIMESCALEDB_APACHE


def has_range_partitions(connection: Connection) -> bool:
    """Return whether the database was migrated on plain PostgreSQL."""
    found = connection.execute(
        "SELECT 1 FROM pg_partitioned_table WHERE partrelid = to_regclass('citywatch.observation')"
    ).fetchone()
    return found is not None


def offers_timescaledb(connection: Connection) -> bool:
    """Return whether the server has the extension loaded and ready."""
    ready = connection.execute(
        "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
        " AND current_setting('shared_preload_libraries') LIKE '%timescaledb%'"
    ).fetchone()
    return ready is not None
