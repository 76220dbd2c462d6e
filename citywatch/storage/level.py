"""What the server offers: plain PostgreSQL, or TimescaleDB in one of its editions."""

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
    """Return what the database offers now; the extension must have been created to count."""
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone() is None:
        return Level.POSTGRESQL
    row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return Level.TIMESCALEDB if row is not None and row[0] == "timescale" else Level.TIMESCALEDB_APACHE


def enable_timescaledb(connection: Connection) -> None:
    """Create the extension where the server has it loaded and ready."""
    ready = connection.execute(
        "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
        " AND current_setting('shared_preload_libraries') LIKE '%timescaledb%'"
    ).fetchone()
    if ready is not None:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
