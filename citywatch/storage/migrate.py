"""Migrations of two kinds: incremental files run once and are frozen, repeatable files run when they change."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from psycopg import Cursor
from psycopg.rows import TupleRow

from citywatch.errors import Misconfigured
from citywatch.storage.compression import add_policies
from citywatch.storage.connection import Connection, connect, translated
from citywatch.storage.level import Level, detect_level, has_range_partitions, offers_timescaledb

FROZEN: Final = "frozen.txt"
_LOCK: Final = "hashtext('citywatch.migrate')"
_STAYS_PLAIN: Final = (
    "the server offers TimescaleDB, but this database was migrated on plain PostgreSQL: it stays on range partitions"
    " and works as before; for hypertables and compression, migrate a new database"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; ``sha256`` is that of its text."""

    name: str
    text: str
    repeatable: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a run found and did; ``note`` is a sentence for the administrator, if there is something to know."""

    level: Level
    applied: tuple[str, ...]
    note: str | None = None


def migrations(variant: str | None) -> Iterator[Migration]:
    """Yield the files in the order in which they run; ``variant`` None yields those of every engine."""
    folder = files("citywatch.storage") / "migrations"
    for kind in ("incremental", "repeatable"):
        for file in sorted((folder / kind).iterdir(), key=_name):
            stem, _, engine = file.name.removesuffix(".sql").partition(".")
            if file.name.endswith(".sql") and (variant is None or engine in ("", variant)):
                yield Migration(f"{kind}/{stem}", file.read_text(encoding="utf-8"), kind == "repeatable")


def frozen_checksums() -> dict[str, str]:
    """Return the checksum of every released incremental file, by file name."""
    text = (files("citywatch.storage") / "migrations" / FROZEN).read_text(encoding="utf-8")
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


def migrate(database: str) -> MigrationReport:
    """Bring a database to the schema of this release; safe to run again, and from several places at once.

    Raises
    ------
    Misconfigured
        The database was migrated by another release, or a frozen file was edited.
    """
    with connect(database, process="migrate") as connection, translated():
        connection.execute("SET lock_timeout = '30s'")
        connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        try:
            return _migrate(connection)
        finally:
            connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")


def _migrate(connection: Connection) -> MigrationReport:
    stays_plain = False
    if offers_timescaledb(connection):
        stays_plain = has_range_partitions(connection)
        if not stays_plain:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    level = detect_level(connection)
    connection.execute("CREATE SCHEMA IF NOT EXISTS citywatch")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS citywatch.migration"
        " (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    done = _applied(connection)
    todo = _pending(done, level.variant)
    if any(not migration.repeatable for migration in todo):
        todo = [m for m in migrations(level.variant) if m.repeatable or m.name not in done]
    with connection.transaction(), connection.cursor() as cursor:
        for migration in todo:
            _apply(cursor, migration)
        # not a migration: a server may be given the full edition at any time
        compressed = add_policies(connection) if level is Level.TIMESCALEDB else []
    names = [*(migration.name for migration in todo), *(f"compression/{table}" for table in compressed)]
    return MigrationReport(level, tuple(names), _STAYS_PLAIN if stays_plain else None)


def _apply(cursor: Cursor[TupleRow], migration: Migration) -> None:
    cursor.execute(migration.text.encode())
    cursor.execute(
        "INSERT INTO migration (name, sha256) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = now()",
        (migration.name, migration.sha256),
    )


def _applied(connection: Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, sha256 FROM citywatch.migration").fetchall())


def _pending(done: dict[str, str], variant: str) -> list[Migration]:
    known = {migration.name: migration for migration in migrations(variant)}
    for name, digest in done.items():
        if name not in known:
            raise Misconfigured(f"the database holds migration {name} of a newer release; upgrade citywatch")
        if not known[name].repeatable and known[name].sha256 != digest:
            raise Misconfigured(f"migration {name} was changed after it had been applied; restore the released file")
    return [migration for migration in known.values() if done.get(migration.name) != migration.sha256]


def require_current_schema(connection: Connection) -> None:
    """Refuse to work on a database that is not at the schema of this release.

    Raises
    ------
    Misconfigured
        Migrations are missing.
    """
    with translated():
        pending = _pending(_applied(connection), detect_level(connection).variant)
    if pending:
        names = ", ".join(migration.name for migration in pending)
        raise Misconfigured(f"the database lacks migrations ({names}); run 'citywatch migrate'")


def migration_state(connection: Connection) -> tuple[list[str], list[str]]:
    """Return the names of the migrations that were applied and of those that are pending.

    Raises
    ------
    Misconfigured
        The database was never migrated or by another release, or a frozen file was edited.
    """
    with translated():
        done = _applied(connection)
        pending = _pending(done, detect_level(connection).variant)
    return sorted(done), [migration.name for migration in pending]


def _name(file: Traversable) -> str:
    return file.name
