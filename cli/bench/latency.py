"""How long after a reading left its device the database shows it."""

import multiprocessing
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from time import time_ns
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from citywatch.clock import SystemClock
from citywatch.storage.connection import connect
from citywatch.storage.listening import listen
from citywatch.storage.pipeline.batches import CHANNEL, newest_batch_no, read_batches
from cli.bench.load import publish_paced
from cli.bench.plan import Plan, targets_of
from cli.bench.system import System

_WARM_UP: Final = 2.0  # left out at the beginning [s]


@dataclass(frozen=True, slots=True)
class Latency:
    """From the encoding of a message to the notice that its rows are committed [ms], at ``rate`` messages a second."""

    rate: float
    messages: int
    p50: float
    p99: float
    largest: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures for scripts."""
        return {
            "messages_per_s": round(self.rate),
            "messages": self.messages,
            "p50_ms": round(self.p50, 2),
            "p99_ms": round(self.p99, 2),
            "max_ms": round(self.largest, 2),
        }


def measure_latency(system: System, *, rate: float, duration: float) -> Latency:
    """Publish single readings at a pace and see when they can be queried."""
    plan = Plan(targets_of(system.datastreams), 0, 1, SystemClock().now().timestamp())
    first = newest_batch_no(system.connection)
    with system.ingest(), _Ear(system.database) as ear:
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        sender = spawn.Process(
            target=_work, args=(theirs, plan, system.broker.host, system.broker.port, rate, duration), daemon=True
        )
        sender.start()
        theirs.close()
        sent, took = ours.recv()
        sender.join()
        system.wait(lambda: ear.rows_heard(system, first) >= sent, "all readings to be committed")
    delays = ear.delays(system, first)
    return Latency(
        rate=sent / took,
        messages=sent,
        p50=float(np.quantile(delays, 0.5)),
        p99=float(np.quantile(delays, 0.99)),
        largest=float(delays.max()),
    )


@dataclass
class _Ear:
    """Notes when each batch is announced, which is when it can be read."""

    database: str
    heard: dict[int, int] = field(default_factory=dict)  # batch number -> [us since the epoch]
    _ended: bool = False

    def __enter__(self) -> Self:
        self._connection = connect(self.database, process="bench ear")
        listen(self._connection, CHANNEL)
        self._thread = threading.Thread(target=self._listen, name="ear")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()
        self._connection.close()

    def _listen(self) -> None:
        while not self._ended:
            for notice in self._connection.notifies(timeout=0.5, stop_after=1):
                self.heard[int(notice.payload)] = time_ns() // 1000

    def rows_heard(self, system: System, first: int) -> int:
        """Return how many observations the announced batches hold."""
        batches = read_batches(system.connection, after=first, limit=1_000_000)
        return sum(len(batch.observations) for batch in batches if batch.batch_no in self.heard)

    def delays(self, system: System, first: int) -> NDArray[np.float64]:
        """Return the delay of every reading after the warm-up [ms]."""
        batches = read_batches(system.connection, after=first, limit=1_000_000)
        parts = [
            (batch.observations.phenomenon_time, np.full(len(batch.observations), self.heard[batch.batch_no]))
            for batch in batches
            if batch.batch_no in self.heard
        ]
        sent = np.concatenate([times for times, _ in parts])
        heard = np.concatenate([times for _, times in parts])
        warm = sent >= sent.min() + _WARM_UP * 1e6
        delays: NDArray[np.float64] = (heard[warm] - sent[warm]) / 1000
        return delays


def _work(pipe: Pipe, plan: Plan, host: str, port: int, rate: float, duration: float) -> None:
    pipe.send(publish_paced(plan.encode, host, port, rate=rate, duration=duration))
