"""How many readings a second are committed, beside what the database and the broker can do alone."""

import multiprocessing
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from time import monotonic
from typing import Any, Final

import numpy as np

from citywatch.broker import BrokerAddress, Network, Subscriber
from citywatch.clock import SystemClock
from citywatch.model.observations import Observations
from citywatch.storage.pipeline.batches import Commit, copy_rows, newest_batch_no, read_commits
from citywatch.storage.pipeline.ledger import LedgerTotals, read_totals
from citywatch.wire.topics import PREFIX
from cli.bench.load import publish_all
from cli.bench.plan import BlockPlan, Plan, targets_of
from cli.bench.system import System, peak_memory

_ROWS: Final = 20_000  # of one COPY, as in a full batch of ingest
_WINDOW: Final = 20_000  # messages under way, as ingest has by default
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Throughput:
    """Rates per second; the ceilings were measured in the same run on the same servers.

    ``copy_rate`` [rows/s]: binary COPY of such rows into the same keyed table, a commit per batch. ``receiver_rate``
    [messages/s]: a bare receiver that only acknowledges, same publisher. ``memory`` [MiB]: peak of the ingester.
    """

    readings_per_message: int
    messages: int
    message_rate: float
    reading_rate: float
    copy_rate: float
    receiver_rate: float
    memory: float
    balanced: bool

    def as_json(self) -> dict[str, Any]:
        """Return figures and ratios for scripts."""
        return {
            "readings_per_message": self.readings_per_message,
            "messages": self.messages,
            "messages_per_s": round(self.message_rate),
            "readings_per_s": round(self.reading_rate),
            "ceiling_copy_rows_per_s": round(self.copy_rate),
            "share_of_copy": round(self.reading_rate / self.copy_rate, 3),
            "ceiling_receiver_messages_per_s": round(self.receiver_rate),
            "share_of_receiver": round(self.message_rate / self.receiver_rate, 3),
            "ingest_memory_mib": round(self.memory),
            "balanced": self.balanced,
        }


def measure_throughput(system: System, *, messages: int, readings: int) -> Throughput:
    """Measure ceilings and ingest with messages of ``readings`` readings each."""
    now = SystemClock().now().timestamp()
    targets = targets_of(system.datastreams)
    copy_rate = _copy_rate(system, begin=now - 3 * _DAY, rows=min(messages * readings, 2_000_000))
    receiver = Plan(targets, min(messages, 200_000), readings, now - 2 * _DAY)
    ceiling = receiver_rate(system.broker, receiver)

    before, first = received(system), newest_batch_no(system.connection)
    plan = Plan(targets, messages, readings, now - _DAY)
    with system.ingest() as process:
        publish(plan, system.broker)
        system.wait(lambda: received(system).messages - before.messages >= messages, "all messages to be accounted for")
        memory = peak_memory(process)
    gain = received(system) - before
    rate = sustained(read_commits(system.connection, after=first))
    return Throughput(
        readings_per_message=readings,
        messages=messages,
        message_rate=rate / readings,
        reading_rate=rate,
        copy_rate=copy_rate,
        receiver_rate=ceiling,
        memory=memory,
        balanced=gain.is_balanced() and gain.stored == messages * readings,
    )


def received(system: System) -> LedgerTotals:
    """Return the sums of the ledger."""
    total = LedgerTotals()
    for sums in read_totals(system.connection).values():
        total = total - (LedgerTotals() - sums)
    return total


def sustained(commits: Sequence[Commit]) -> float:
    """Return rows or blocks per second between the commits of the first and of the last tenth of the rows."""
    rows = np.cumsum([commit.rows for commit in commits])
    first, last = np.searchsorted(rows, [0.1 * rows[-1], 0.9 * rows[-1]])
    seconds = (commits[last].committed_at - commits[first].committed_at).total_seconds()
    return float((rows[last] - rows[first]) / seconds)


def _copy_rate(system: System, *, begin: float, rows: int) -> float:
    """Return rows per second of COPY into the keyed table, in the order that ingest writes them."""
    streams = np.array([one.datastream_id for one in system.datastreams], dtype=np.int32)
    per_stream = -(-_ROWS // len(streams))
    batches = []
    for number in range(-(-rows // _ROWS)):
        stream = np.repeat(streams, per_stream)[:_ROWS]
        place = np.tile(np.arange(per_stream), len(streams))[:_ROWS] + number * per_stream
        micros = (begin * 1e6 + 10_000 * place).astype(np.int64)
        ones = np.ones(len(stream))
        batches.append(Observations(stream, micros, micros, ones, ones.astype(np.int16)))
    begun = monotonic()
    for batch in batches:
        copy_rows(system.connection, batch)
    return sum(len(batch) for batch in batches) / (monotonic() - begun)


def receiver_rate(broker: BrokerAddress, plan: Plan | BlockPlan) -> float:
    """Return messages per second of a receiver that acknowledges and does nothing else."""
    with closing(Network()) as network:
        receiver = Subscriber(
            network,
            broker,
            client_id="bench-receiver",
            filters=[f"{PREFIX}/#"],
            window=_WINDOW,
            session_expiry=0,
            clock=SystemClock(),
        )
        receiver.open()
        sender, pipe = _start(plan, broker)
        count, begun, ended = 0, 0.0, 0.0
        while count < plan.messages:
            network.poll(1.0)
            taken = receiver.take()
            receiver.acknowledge(taken)
            if taken and not count:
                begun = monotonic()
            count += len(taken)
            ended = monotonic()
        receiver.close()
        _finish(sender, pipe)
    return count / (ended - begun)


def publish(plan: Plan | BlockPlan, broker: BrokerAddress) -> None:
    """Send all messages of a plan, from a process of its own."""
    sender, pipe = _start(plan, broker)
    _finish(sender, pipe)


def _start(plan: Plan | BlockPlan, broker: BrokerAddress) -> tuple[Any, Pipe]:
    """Have a process of its own prepare the messages, and let it go."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    sender = spawn.Process(target=_work, args=(theirs, plan, broker.host, broker.port), daemon=True)
    sender.start()
    theirs.close()
    ours.recv()
    ours.send("go")
    return sender, ours


def _finish(sender: Any, pipe: Pipe) -> None:
    pipe.recv()
    sender.join()


def _work(pipe: Pipe, plan: Plan | BlockPlan, host: str, port: int) -> None:
    messages = list(plan.build())
    pipe.send("ready")
    pipe.recv()
    pipe.send(publish_all(messages, host, port, window=_WINDOW))
