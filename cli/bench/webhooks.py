"""How long after an alarm is raised its webhooks arrive, with many endpoints, one of them dead, and a long history."""

import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import numpy as np

from api.webhooks.signature import new_secret
from citywatch.clock import SystemClock, to_micros
from citywatch.model.alarms import Anomaly, on_severity
from citywatch.model.identifiers import RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Severity
from citywatch.storage.pipeline.alarms import AlarmChange, lock_open_alarms, write_change
from citywatch.storage.pipeline.health import read_beats
from citywatch.storage.sql import load_sql
from cli.bench.receiver import Arrival, Receiver, running_receiver
from cli.bench.system import System
from cli.embedded.stack import Process

_SQL: Final = load_sql("cli.bench", "webhooks.sql")
_RULE: Final = RuleId("methane-in-well")
_BACKLOG: Final = 10_000  # deliveries that wait for the dead endpoint from the beginning
_WARM_UP: Final = 3  # events left out: connections are opened for them


@dataclass(frozen=True, slots=True)
class Webhooks:
    """From just before the transaction of an alarm event to the arrival of its webhooks [ms]."""

    endpoints: int
    outbox_rows: int
    events: int
    deliveries: int
    lost: int
    twice: int
    p50: float
    p99: float
    largest: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures for scripts."""
        return {
            "endpoints": self.endpoints,
            "dead_endpoints": 1,
            "outbox_rows": self.outbox_rows,
            "events": self.events,
            "deliveries": self.deliveries,
            "lost": self.lost,
            "twice": self.twice,
            "p50_ms": round(self.p50, 1),
            "p99_ms": round(self.p99, 1),
            "max_ms": round(self.largest, 1),
        }


def measure_webhooks(system: System, *, endpoints: int, outbox_rows: int, events: int, rate: float) -> Webhooks:
    """Raise and end alarms at a pace and see when every endpoint but the dead one has heard of each."""
    with running_receiver() as receiver:
        _subscribe(system, receiver, endpoints)
        _fill(system, outbox_rows)
        environment = {
            "CITYWATCH_DATABASE_URL": system.database,
            "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        }
        system.stack.start(Process("webhooks", ["webhooks"], environment))
        system.wait(lambda: bool(read_beats(system.connection, "webhooks")), "webhooks to begin")
        begun = _raise_alarms(system, events + _WARM_UP, rate)
        arrivals: list[Arrival] = []

        def is_complete() -> bool:
            arrivals.extend(receiver.arrivals())
            return len({(path, name) for path, name, _ in arrivals}) >= len(begun) * (endpoints - 1)

        system.wait(is_complete, "all webhooks to arrive")
        system.stack.stop()
        arrivals.extend(receiver.arrivals())
    return _result(begun, arrivals, endpoints=endpoints, outbox_rows=outbox_rows)


def _subscribe(system: System, receiver: Receiver, endpoints: int) -> None:
    for number in range(endpoints):
        port = receiver.dead_port if number == 0 else receiver.port
        system.connection.execute(
            b"INSERT INTO endpoint (url, secret) VALUES (%s, %s)",
            (f"http://127.0.0.1:{port}/{number}", new_secret()),
        )


def _fill(system: System, rows: int) -> None:
    system.connection.execute(_SQL["history"], {"rows": rows, "endpoint": 2})
    system.connection.execute(_SQL["backlog"], {"rows": _BACKLOG, "endpoint": 1})
    system.connection.execute(b"VACUUM ANALYZE outbox, delivery, endpoint")  # what the server does by itself


def _raise_alarms(system: System, events: int, rate: float) -> dict[str, int]:
    """Let alarms of one rule come and get worse in turn; return when each event began, by its identifier."""
    streams = list({one.asset_id: one for one in system.datastreams if one.kind_id == "gas-valve-well"}.values())
    clock, pause, begun = SystemClock(), threading.Event(), {}
    due = monotonic()
    for number in range(events):
        pause.wait(max(0.0, due - monotonic()))
        due += 1 / rate
        stream = streams[number % len(streams)]
        severity = Severity(1 + number // len(streams) % 4)
        now = clock.now()
        anomaly = Anomaly(_RULE, stream.asset_id, stream.datastream_id, severity, now, now, {"value": 23.0})
        with system.connection.transaction():
            alarm = lock_open_alarms(system.connection, [stream.asset_id]).get((stream.asset_id, _RULE))
            transition = on_severity(alarm, severity)
            if transition is None:
                continue
            write_change(system.connection, AlarmChange(alarm, transition, anomaly, Name("Methane", "甲烷")), now)
            row = system.connection.execute(_SQL["newest"]).fetchone()
            assert row is not None
        begun[f"evt_{row[0]}"] = to_micros(now)
    return begun


def _result(begun: dict[str, int], arrivals: list[Arrival], *, endpoints: int, outbox_rows: int) -> Webhooks:
    first: dict[tuple[str, str], int] = {}
    for path, name, at in arrivals:
        first.setdefault((path, name), at)
    warm = set(list(begun)[_WARM_UP:])
    delays = np.array([(at - begun[name]) / 1000 for (_, name), at in first.items() if name in warm])
    return Webhooks(
        endpoints=endpoints,
        outbox_rows=outbox_rows,
        events=len(warm),
        deliveries=len(delays),
        lost=len(begun) * (endpoints - 1) - len(first),
        twice=len(arrivals) - len(first),
        p50=float(np.quantile(delays, 0.5)),
        p99=float(np.quantile(delays, 0.99)),
        largest=float(delays.max()),
    )
