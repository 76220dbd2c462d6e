"""Kills under load: ingester, broker and database die by SIGKILL at random instants; then everything must be there.

The device is a good one: it keeps what the broker has not confirmed, and after a crash of the broker it sends again
what it sent since it last knew everything stored, because Mosquitto confirms messages that it holds in memory alone,
and until nobody is missing who should have heard it.
"""

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.clock import SystemClock
from citywatch.errors import Unavailable
from citywatch.registry import load_city
from citywatch.storage.connection import connect
from citywatch.storage.databases import create_database, with_database
from citywatch.storage.migrate import migrate
from citywatch.storage.pipeline.registry import write_registry
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from cli.embedded.broker import embedded_broker
from cli.embedded.home import Home
from cli.embedded.postgres import embedded_postgres
from tests.support.processes import start
from tests.support.waiting import wait_until

TOPIC: Final = "citywatch/v1/hanyang/bridge/yangtze-1/strain-1/senml"
SIZE: Final = 10  # readings of a message
VICTIMS: Final = ("ingest", "broker", "database")


@dataclass(frozen=True)
class Outcome:
    """What a run did and left behind; ``lost`` and ``doubled`` count rows."""

    kills: Counter[str]
    messages: int
    sent_again: int
    rows: int
    lost: int
    doubled: int
    balanced: bool
    seconds: float


@dataclass
class Stage:
    """The system under attack."""

    home: Home
    log: Path
    rng: np.random.Generator
    servers: dict[str, ExitStack] = field(default_factory=dict)
    database: str = ""
    broker: BrokerAddress | None = None
    child: "subprocess.Popen[bytes] | None" = None

    def start_database(self) -> None:
        self.servers["database"] = stack = ExitStack()
        server = stack.enter_context(embedded_postgres(self.home))
        self.database = with_database(server, "chaos")

    def start_broker(self) -> None:
        self.servers["broker"] = stack = ExitStack()
        port = 0 if self.broker is None else self.broker.port
        self.broker = stack.enter_context(embedded_broker(self.home, port=port))

    def start_ingest(self) -> None:
        environment = {
            "CITYWATCH_DATABASE_URL": self.database,
            "CITYWATCH_BROKER_URL": str(self.broker),
            "CITYWATCH_INGEST_BEAT": "0.5",
            "CITYWATCH_INGEST_BATCH_MESSAGES": "50",
        }
        self.child = start("ingest", environment, self.log)

    def kill(self, victim: str) -> None:
        """End a part by SIGKILL and start it again."""
        if victim == "ingest":
            assert self.child is not None
            self.child.kill()
            self.child.wait()
            self.start_ingest()
            return
        folder = self.home.folder / ("postgresql" if victim == "database" else "mosquitto")
        for pid in processes_of(folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.servers[victim].close()
        getattr(self, f"start_{victim}")()

    def count(self, query: str) -> tuple[int, ...] | None:
        """Return a row of numbers, None while the database is away."""
        try:
            with connect(self.database, process="chaos") as connection:
                row = connection.execute(query.encode()).fetchone()
        except Unavailable:
            return None
        return None if row is None else tuple(int(value or 0) for value in row)

    def look_after(self) -> None:
        """Start ingest again when it ended because the database was away, as a supervisor does."""
        if self.child is not None and self.child.poll() is not None:
            self.start_ingest()

    def rows(self) -> int:
        self.look_after()
        return (self.count("SELECT count(*) FROM observation") or (-1,))[0]

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()
        for stack in self.servers.values():
            stack.close()


def processes_of(folder: Path) -> Iterator[int]:
    """Yield the processes that were started with a path below a folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if str(folder).encode() in (entry / "cmdline").read_bytes():
                    yield int(entry.name)


@contextmanager
def stage(folder: Path, rng: np.random.Generator) -> Iterator[Stage]:
    home = Home(folder)
    one = Stage(home, folder / "ingest.log", rng)
    with closing(one):
        one.start_database()
        create_database(one.database.replace("dbname=chaos", "dbname=postgres"), "chaos")
        migrate(one.database)
        with connect(one.database, process="chaos") as connection:
            write_registry(connection, load_city("demo"))
        one.start_broker()
        one.start_ingest()
        wait_until(lambda: (one.count("SELECT count(*) FROM batch") or (0,))[0] > 0, what="ingest to be at work")
        yield one


class Device:
    """Publishes numbered messages; every reading has a time of its own."""

    def __init__(self, network: Network, broker: BrokerAddress, look_after: Callable[[], None]) -> None:
        self._look_after = look_after
        self._begin = SystemClock().now().timestamp() - 80_000
        self._publisher = Publisher(network, broker, client_id="chaos-device", window=200)
        self._publisher.open()
        self.sent = 0
        self.sent_again = 0

    def send(self) -> None:
        self._publish(self.sent)
        self.sent += 1

    def send_again(self, first: int) -> None:
        """Send everything from a message on, until the broker has somebody to pass it on to."""
        pause, unheard = threading.Event(), -1
        while unheard != self._publisher.unheard:
            unheard = self._publisher.unheard
            for number in range(first, self.sent):
                self._publish(number)
            self.flush()
            self.sent_again += self.sent - first
            self._look_after()
            pause.wait(0.2)

    def flush(self) -> None:
        self._publisher.flush()

    def close(self) -> None:
        self._publisher.close()

    def _publish(self, number: int) -> None:
        start_at = self._begin + number
        pack = [SenmlRecord(n="strain", u="um/m", t=start_at + 0.01 * i, v=float(number + i)) for i in range(SIZE)]
        self._publisher.publish(TOPIC, encode_senml(pack), content_type=CONTENT_TYPE)


def run(folder: Path, *, kills: int, seed: int, say: Callable[[str], None] = lambda _text: None) -> Outcome:
    """Kill parts at random instants while a device publishes; return what became of its readings."""
    rng, done, pause = np.random.default_rng(seed), Counter[str](), threading.Event()
    begun = monotonic()
    with stage(folder, rng) as one, closing(Network()) as network:
        assert one.broker is not None
        device = Device(network, one.broker, one.look_after)
        safe = 0  # every message below is stored
        for number in range(kills):
            for _ in range(int(rng.integers(20, 120))):
                device.send()
                pause.wait(float(rng.exponential(0.002)))
            victim = VICTIMS[number % 3] if number < 3 else str(rng.choice(VICTIMS))
            one.kill(victim)
            done[victim] += 1
            if victim == "broker":
                device.flush()
                device.send_again(safe)
            if one.rows() == device.sent * SIZE:
                safe = device.sent
            say(f"{number + 1} kills, {device.sent} messages, {one.rows()} rows")
        device.flush()
        device.send_again(safe)
        wait_until(lambda: one.rows() >= device.sent * SIZE, what="all rows", timeout=120)
        device.close()
        assert one.child is not None
        one.child.send_signal(signal.SIGTERM)
        one.child.wait(60)
        account = one.count(
            "SELECT sum(received), sum(stored), sum(duplicate), sum(conflict), sum(rejected) FROM ledger"
        )
        logged = one.count("SELECT sum(rows) FROM batch")
        distinct = one.count(
            "SELECT count(*) FROM (SELECT DISTINCT datastream_id, phenomenon_time FROM observation) AS k"
        )
        assert account is not None
        assert logged is not None
        assert distinct is not None
        received, stored, duplicate, conflict, rejected = account
        return Outcome(
            kills=done,
            messages=device.sent,
            sent_again=device.sent_again,
            rows=one.rows(),
            lost=device.sent * SIZE - distinct[0],
            doubled=one.rows() - distinct[0],
            balanced=received == stored + duplicate
            and (conflict, rejected) == (0, 0)
            and stored == logged[0] == one.rows(),
            seconds=monotonic() - begun,
        )
