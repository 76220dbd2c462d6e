"""The system that is measured: servers of its own, a city, and an ingester as a child."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from citywatch.broker import BrokerAddress
from citywatch.clock import SystemClock
from citywatch.errors import Unavailable
from citywatch.model.registry import Datastream, Registry
from citywatch.registry import load_city
from citywatch.storage.connection import Connection, connect
from citywatch.storage.databases import create_database, drop_database, with_database
from citywatch.storage.level import detect_level
from citywatch.storage.migrate import migrate
from citywatch.storage.pipeline.ledger import last_batch
from citywatch.storage.pipeline.registry import read_datastreams, write_registry
from cli.embedded.broker import embedded_broker
from cli.embedded.home import Home
from cli.embedded.postgres import embedded_postgres
from cli.embedded.stack import Process, Stack

_PATIENCE: Final = 120.0  # [s]
_GLANCE: Final = 0.05  # [s]
_DATABASE: Final = "citywatch_bench"


@dataclass
class System:
    """A database with a city, a broker, and ingest when it is wanted."""

    home: Home
    database: str
    broker: BrokerAddress
    connection: Connection
    stack: Stack
    engine: str
    datastreams: list[Datastream] = field(default_factory=list)

    @contextmanager
    def ingest(self, **settings: str) -> Iterator[int]:
        """Run an ingester that begins with an empty session; yield its process number."""
        before, _ = last_batch(self.connection)
        environment = {
            "CITYWATCH_DATABASE_URL": self.database,
            "CITYWATCH_BROKER_URL": str(self.broker),
            "CITYWATCH_INGEST_SESSION_EXPIRY": "0",
            **settings,
        }
        process = Process("ingest", ["ingest"], environment)
        self.stack.start(process)
        try:
            self.wait(lambda: last_batch(self.connection)[0] > before, "ingest to begin")
            assert process.child is not None
            yield process.child.pid
        finally:
            self.stack.stop()

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds."""
        pause, deadline = threading.Event(), monotonic() + _PATIENCE
        while not holds():
            if monotonic() > deadline:
                raise Unavailable(f"waited {_PATIENCE:g} s in vain for {what}; see {self.home.log('ingest')}")
            pause.wait(_GLANCE)


@contextmanager
def running_system(server: str | None, registry: Registry | None = None) -> Iterator[System]:
    """Run what is measured.

    ``server`` is the connection string of a PostgreSQL or TimescaleDB server, where a database is made and dropped
    again; None runs the embedded PostgreSQL. ``registry`` is the demo city unless another one is given.
    """
    with TemporaryDirectory(prefix="citywatch-bench-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)  # the account of the servers passes through
        home = Home(Path(folder))
        address = server or stack.enter_context(embedded_postgres(home))
        drop_database(address, _DATABASE)
        create_database(address, _DATABASE)
        stack.callback(drop_database, address, _DATABASE)
        database = with_database(address, _DATABASE)
        migrate(database)
        connection = stack.enter_context(connect(database, process="bench"))
        write_registry(connection, registry or load_city("demo"))
        broker = stack.enter_context(embedded_broker(home, port=0))
        children = Stack(home, {}, SystemClock(), print)
        stack.callback(children.stop)
        engine = detect_level(connection).value
        yield System(home, database, broker, connection, children, engine, list(read_datastreams(connection)))


def peak_memory(process: int) -> float:
    """Return the largest resident set of a process so far [MiB] (Linux)."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise Unavailable("the kernel does not say how much memory the process took")
