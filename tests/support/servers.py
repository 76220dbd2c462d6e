"""Real servers for tests: embedded PostgreSQL, TimescaleDB from a Debian root folder, MQTT brokers."""

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from citywatch.registry import load_city, load_targets
from citywatch.storage.connection import connect
from citywatch.storage.databases import create_database, drop_database, with_database
from citywatch.storage.level import Level
from citywatch.storage.migrate import migrate
from citywatch.storage.pipeline.registry import write_registry
from citywatch.storage.pipeline.targets import write_targets
from cli.embedded.children import spawn
from cli.embedded.home import Home
from cli.embedded.postgres import _wait_until_ready, embedded_postgres

TIMESCALEDB_ROOT = os.environ.get("TEST_TIMESCALEDB_ROOT")
TIMESCALEDB_FULL_ROOT = os.environ.get("TEST_TIMESCALEDB_FULL_ROOT")
REPOSITORY = Path(__file__).parents[2]


@dataclass
class DatabaseServer:
    """A server that hands out fresh databases, copied from a migrated template."""

    address: str
    level: Level
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _templates: dict[str, str] = field(default_factory=dict)

    @property
    def engine(self) -> str:
        """Return which variant of the migrations it gets."""
        return self.level.variant

    def empty(self) -> str:
        """Return a new database without anything in it."""
        name = f"test_{next(self._numbers)}"
        create_database(self.address, name)
        return with_database(self.address, name)

    def fresh(self, city: str | None = None) -> str:
        """Return a new migrated database, with a city when one is named."""
        name = f"test_{next(self._numbers)}"
        create_database(self.address, name, template=self._template(city or ""))
        return with_database(self.address, name)

    def copy(self, database: str) -> str:
        """Return a copy of a database that nobody is connected to."""
        name = f"test_{next(self._numbers)}"
        create_database(self.address, name, template=_name_of(database))
        return with_database(self.address, name)

    def drop(self, database: str) -> None:
        """Drop a database that this server handed out."""
        drop_database(self.address, _name_of(database))

    def _template(self, city: str) -> str:
        if city not in self._templates:
            name = f"template_{city or 'bare'}"
            create_database(self.address, name)
            migrate(with_database(self.address, name))
            if city:
                with connect(with_database(self.address, name), process="test") as connection:
                    write_registry(connection, load_city(city))
                    write_targets(connection, *load_targets())
            self._templates[city] = name
        return self._templates[city]


def _name_of(database: str) -> str:
    return database.rpartition("dbname=")[2].split()[0]


@contextmanager
def postgres_server(folder: Path) -> Iterator[DatabaseServer]:
    """Run the embedded PostgreSQL; no fsync, tests lose nothing by it."""
    with embedded_postgres(Home(folder), settings={"fsync": "off", "shared_buffers": "128MB"}) as address:
        yield DatabaseServer(address, Level.POSTGRESQL)


@contextmanager
def timescaledb_server(folder: Path, root: str, level: Level, *options: str) -> Iterator[DatabaseServer]:
    """Run TimescaleDB out of a root folder; no fsync either. ``options`` are further ones of the server."""
    data, log = folder / "data", folder / "timescaledb.log"
    data.mkdir(parents=True, exist_ok=True)
    program = REPOSITORY / ".ci" / "timescaledb"
    server: subprocess.Popen[bytes] = spawn(
        [program, "run", root, data, "-c", "fsync=off", *options], log=log, dies_with_us=signal.SIGINT
    )
    try:
        address = f"host='{data}' user=postgres dbname=postgres"
        _wait_until_ready(server, address, log, 0)
        yield DatabaseServer(address, level)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
