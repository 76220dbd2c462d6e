"""A replay through a database, a broker and an ingest of its own."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from rich.console import Console

from citywatch.clock import SystemClock, from_micros
from citywatch.errors import Misconfigured, Unavailable
from citywatch.registry import load_city
from citywatch.service import Stop
from citywatch.storage.connection import Connection, connect
from citywatch.storage.databases import create_database, with_database
from citywatch.storage.migrate import migrate
from citywatch.storage.pipeline.ledger import LedgerTotals, last_batch, newest_dead_letter, read_rejections, read_totals
from citywatch.storage.pipeline.registry import write_registry
from cli.embedded.broker import embedded_broker
from cli.embedded.home import Home
from cli.embedded.postgres import embedded_postgres
from cli.embedded.stack import Process, Stack
from cli.replay_account import Account
from simulators.recordings.message import RecordedMessage
from simulators.recordings.pace import Pace
from simulators.recordings.replay import Progress, Replay, Sent

_AHEAD: Final = 50_000  # messages that may wait in the broker for ingest
_PATIENCE: Final = 60.0  # without any progress of ingest [s]
_GLANCE: Final = 0.2  # [s]
_LOOK: Final = 1.0  # between two looks at the ledger for the eye [s]

Show = Callable[[Progress, LedgerTotals | None], None]


def replay_isolated(
    messages: Iterable[RecordedMessage],
    *,
    begin: int,
    pace: Pace,
    city: str,
    keep: Path | None,
    stop: Stop,
    show: Show,
) -> Account:
    """Send messages, the first measured at ``begin`` [us], and account for each; ``keep`` keeps data and logs.

    Raises
    ------
    Misconfigured
        A server or ingest cannot run.
    Unavailable
        Ingest does not begin its work.
    """
    registry = load_city(city)
    console, clock = Console(stderr=True, highlight=False), SystemClock()
    with _folder(keep) as folder, ExitStack() as servers:
        home = Home(folder)
        server = servers.enter_context(embedded_postgres(home))
        create_database(server, "citywatch")
        database = with_database(server, "citywatch")
        migrate(database)
        connection = servers.enter_context(connect(database, process="replay"))
        write_registry(connection, registry)
        address = servers.enter_context(embedded_broker(home, port=0))
        environment = {
            "CITYWATCH_DATABASE_URL": database,
            "CITYWATCH_BROKER_URL": str(address),
            "CITYWATCH_INGEST_INSTANCE": "replay",
            "CITYWATCH_INGEST_BEAT": "0.5",
            "CITYWATCH_INGEST_MAX_AGE_DAYS": str(_age_days(begin, clock.now())),
        }
        stack = Stack(home, environment, clock, lambda text: console.print(text, markup=False))
        servers.callback(stack.stop)
        watch = _Watch(connection, stack, stop)
        stack.start(Process("ingest", ["ingest"]))
        watch.wait_for_ingest()
        begun = monotonic()
        replay = Replay(
            address,
            pace=pace,
            stop=stop,
            may_go_on=watch.has_room,
            watch=lambda progress: show(progress, watch.totals()),
        )
        sent = replay.run(messages)
        handed_over = monotonic()
        watch.wait_until_accounted(sent)
        seconds = {"sending": round(handed_over - begun, 1), "until_stored": round(monotonic() - begun, 1)}
        return Account(sent, watch.added(), read_rejections(connection, after=watch.letters_before), seconds)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.expanduser()
        return
    with TemporaryDirectory(prefix="citywatch-replay-") as folder:
        Path(folder).chmod(0o755)  # the account of the servers passes through
        yield Path(folder)


def _age_days(begin: int, now: datetime) -> int:
    """Return how far back ingest must accept times: to the day before the recording begins."""
    return max(1, (now - from_micros(begin)) // timedelta(days=1) + 2)


class _Watch:
    """Follows the ledger while a replay runs."""

    def __init__(self, connection: Connection, stack: Stack, stop: Stop) -> None:
        self._connection = connection
        self._stack = stack
        self._stop = stop
        self._pause = threading.Event()
        self._next_look = 0.0
        self._totals = LedgerTotals()
        self._before = read_totals(connection)
        self._batch_before, _ = last_batch(connection)
        self.letters_before = newest_dead_letter(connection)

    def added(self) -> dict[str, LedgerTotals]:
        """Return what the ledger gained since we began, by source; sources without a change are left out."""
        gains = {
            source: totals - self._before.get(source, LedgerTotals())
            for source, totals in read_totals(self._connection).items()
        }
        return {source: gain for source, gain in gains.items() if gain != LedgerTotals()}

    def totals(self) -> LedgerTotals:
        """Return what the ledger gained in all; asked at most once a second, else as it was."""
        now = monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK
            gains = self.added().values()
            names = LedgerTotals.__dataclass_fields__
            self._totals = LedgerTotals(*(sum(getattr(gain, name) for gain in gains) for name in names))
        return self._totals

    def wait_for_ingest(self) -> None:
        """Wait until ingest has subscribed: only then it commits its first batch."""
        deadline = monotonic() + _PATIENCE
        while last_batch(self._connection)[0] == self._batch_before:
            self._look_after()
            if monotonic() > deadline or self._stop.wait(_GLANCE):
                raise Unavailable("ingest did not begin its work; see its log (--keep keeps it)")

    def has_room(self, messages: int) -> bool:
        """Return whether more may be sent; the broker must not have to hold an unlimited number."""
        self._look_after()
        return messages - sum(gain.messages for gain in self.added().values()) < _AHEAD

    def wait_until_accounted(self, sent: Sent) -> None:
        """Wait until every message is in the ledger and ingest finds nothing more, or until nothing moves any more."""
        expected, seen, deadline = sent.sources(), self.added(), monotonic() + _PATIENCE
        while monotonic() < deadline:
            self._look_after()
            is_there = all(seen.get(name, LedgerTotals()).messages >= expected[name].messages for name in expected)
            if is_there and last_batch(self._connection)[1] == 0:
                return
            self._pause.wait(_GLANCE)  # also after a stop: what was sent is still accounted for
            now = self.added()
            if now != seen:
                seen, deadline = now, monotonic() + _PATIENCE

    def _look_after(self) -> None:
        if not self._stack.look_after():
            raise Misconfigured("ingest cannot work; the log named above says why (--keep keeps it)")
