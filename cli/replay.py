"""``citywatch replay``: a recording through the broker and ingest, live or in a system of its own."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from citywatch.broker import BrokerAddress
from citywatch.clock import SystemClock, from_micros, to_micros
from citywatch.errors import Misconfigured, Unavailable
from citywatch.registry import load_city
from citywatch.service import Stop, stop_on_signals
from citywatch.settings import load_settings
from citywatch.storage.connection import Connection, connect
from citywatch.storage.databases import create_database, with_database
from citywatch.storage.migrate import migrate
from citywatch.storage.pipeline.ledger import (
    LedgerTotals,
    Rejection,
    last_batch,
    newest_dead_letter,
    read_rejections,
    read_totals,
)
from citywatch.storage.pipeline.registry import write_registry
from cli.embedded.broker import embedded_broker
from cli.embedded.home import Home
from cli.embedded.postgres import embedded_postgres
from cli.embedded.stack import Process, Stack
from cli.instants import instant
from simulators.recordings.message import source_of
from simulators.recordings.reading import Recording, Span
from simulators.recordings.replay import Replay, Sent, Tally
from simulators.settings import SimulatorSettings

_AHEAD: Final = 50_000  # messages that may wait in the broker for ingest
_PATIENCE: Final = 60.0  # without any progress of ingest [s]
_GLANCE: Final = 0.2  # [s]


def _speed(text: str | float) -> float:
    """Return a factor; ``max`` becomes 0."""
    try:
        factor = 0.0 if text == "max" else float(text)
    except ValueError:
        factor = -1.0
    if text != "max" and not 0 < factor < 1e9:
        raise typer.BadParameter(f"{text!r} is no speed; write a number such as 10, or max")
    return factor


def replay(
    recording: Annotated[Path, typer.Argument(help="Recording, made with 'citywatch import-csv'.")],
    speed: Annotated[
        float | None,
        typer.Option(
            parser=_speed, metavar="FACTOR", help="How much faster than recorded, or max. [default: 1; isolated: max]"
        ),
    ] = None,
    begin: Annotated[
        datetime | None,
        typer.Option("--from", parser=instant, metavar="TIME", help="Send what was measured from here on."),
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", parser=instant, metavar="TIME", help="Send what was measured before.")
    ] = None,
    city: Annotated[
        str | None, typer.Option(help="City of the seeds for --isolated. [default: that of the recording]")
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Run database, broker and ingest for this replay alone.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="Folder that keeps data and logs of --isolated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as JSON.")] = False,
) -> None:
    """Publish a recording byte for byte, at its pace or faster.

    It goes to the broker of CITYWATCH_BROKER_URL; times stay as recorded. With --isolated it goes through a database,
    a broker and an ingest of its own, and the account says what became of every message; exit code 1 when one is
    missing.
    """
    if not isolated and (city is not None or keep is not None):
        raise Misconfigured("--city and --keep belong to --isolated; add it or leave them out")
    span = Span(None if begin is None else to_micros(begin), None if end is None else to_micros(end))
    speed = (0.0 if isolated else 1.0) if speed is None else speed
    with Recording(recording) as opened, stop_on_signals() as stop:
        _check_overlap(opened, span)
        if isolated:
            account = _replay_isolated(opened, span, speed or None, city, keep, stop)
        else:
            settings = load_settings(SimulatorSettings)
            address = BrokerAddress.from_url(settings.broker_url.get_secret_value())
            sent = Replay(address, clock=SystemClock(), stop=stop, speed=speed or None).run(opened, span)
            account = Account(sent)
    if as_json:
        print(json.dumps({"recording": str(recording), **account.as_json()}))
    else:
        _print(account)
    if not account.is_good():
        raise typer.Exit(1)


def _check_overlap(recording: Recording, wanted: Span) -> None:
    if recording.span is None:
        raise Misconfigured(f"{recording.path} holds no message; nothing can be replayed")
    first, last = recording.span
    begin = first if wanted.begin is None else wanted.begin
    end = last + 1 if wanted.end is None else wanted.end
    if max(begin, first) >= min(end, last + 1):
        spanned = f"{from_micros(first).isoformat()} to {from_micros(last).isoformat()}"
        raise Misconfigured(f"--from and --to leave nothing; {recording.path} spans {spanned}")


@dataclass(frozen=True, slots=True)
class Account:
    """What was sent, and in an isolated replay what ingest added to its ledger and dead letters because of it."""

    sent: Sent
    ledger: Mapping[str, LedgerTotals] | None = None
    rejections: Sequence[Rejection] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def sources(self) -> dict[str, tuple[Tally, LedgerTotals]]:
        """Return by source what was sent and what ingest did with it."""
        sent, ledger = self.sent.sources(), self.ledger or {}
        return {
            source: (sent.get(source, Tally()), ledger.get(source, LedgerTotals()))
            for source in sorted({*sent, *ledger})
        }

    def reasons(self, source: str) -> Counter[str]:
        """Return the rejected readings of a source by reason."""
        reasons: Counter[str] = Counter()
        for rejection in self.rejections:
            if source_of(rejection.topic) == source:
                reasons[rejection.reason] += rejection.readings
        return reasons

    def pending(self, source: str) -> int:
        """Return how many messages of a source ingest has not accounted for."""
        tally, totals = self.sources()[source]
        return max(0, tally.messages - totals.messages)

    def is_good(self) -> bool:
        """Return whether everything was sent and, where that can be known, accounted for to the last reading."""
        return self.sent.is_complete and (self.ledger is None or all(map(self._is_balanced, self.sources())))

    def _is_balanced(self, source: str) -> bool:
        _, totals = self.sources()[source]
        return (
            self.pending(source) == 0
            and totals.is_balanced()
            and totals.received >= self._due(source)
            and totals.rejected == self.reasons(source).total()
        )

    def _due(self, source: str) -> int:
        """Return how many readings ingest must have received; a message rejected as a whole counts as one."""
        whole = {rejection.topic for rejection in self.rejections if rejection.whole}
        return sum(
            tally.messages if topic in whole else tally.readings
            for topic, tally in self.sent.topics.items()
            if source_of(topic) == source
        )

    def as_json(self) -> dict[str, Any]:
        """Return the account for scripts."""
        sources: dict[str, Any] = {source: {"sent": asdict(tally)} for source, (tally, _) in self.sources().items()}
        if self.ledger is not None:
            for source, (_, totals) in self.sources().items():
                fates = {**asdict(totals), "rejected": dict(self.reasons(source))}
                sources[source] |= {"ingested": fates, "pending": self.pending(source)}
        return {
            "sent": {"messages": self.sent.messages, "readings": self.sent.readings},
            "complete": self.sent.is_complete,
            "balanced": None if self.ledger is None else all(map(self._is_balanced, self.sources())),
            "sources": sources,
            "seconds": self.seconds,
        }


def _replay_isolated(
    recording: Recording, span: Span, speed: float | None, city: str | None, keep: Path | None, stop: Stop
) -> Account:
    registry = load_city(city or recording.about.city)
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
            "CITYWATCH_INGEST_MAX_AGE_DAYS": str(_age_days(recording, clock.now())),
        }
        stack = Stack(home, environment, clock, lambda text: console.print(text, markup=False))
        servers.callback(stack.stop)
        watch = _Watch(connection, stack, stop)
        stack.start(Process("ingest", ["ingest"]))
        watch.wait_for_ingest()
        begun = monotonic()
        sent = Replay(address, clock=clock, stop=stop, speed=speed, may_go_on=watch.has_room).run(recording, span)
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


def _age_days(recording: Recording, now: datetime) -> int:
    """Return how far back ingest must accept times: to the day before the recording begins."""
    first = now if recording.span is None else from_micros(recording.span[0])
    return max(1, (now - first) // timedelta(days=1) + 2)


class _Watch:
    """Follows the ledger while a replay runs."""

    def __init__(self, connection: Connection, stack: Stack, stop: Stop) -> None:
        self._connection = connection
        self._stack = stack
        self._stop = stop
        self._pause = threading.Event()
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


def _print(account: Account) -> None:
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 120)
    headings = ["source", "messages", "readings"]
    if account.ledger is not None:
        headings += ["stored", "duplicate", "conflict", "rejected", "pending"]
    table = Table(box=None)
    for heading in headings:
        is_number = heading != "source"
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for source, (tally, totals) in account.sources().items():
        numbers = [tally.messages, tally.readings]
        if account.ledger is not None:
            numbers += [totals.stored, totals.duplicate, totals.conflict, totals.rejected, account.pending(source)]
        table.add_row(source, *(f"{number:,}" for number in numbers))
    console.print(table)
    for source in account.sources():
        for reason, count in sorted(account.reasons(source).items()):
            console.print(f"{source}: {count:,} rejected as {reason}")
    end = "" if account.sent.is_complete else ", stopped before the end"
    console.print(f"{account.sent.messages:,} messages with {account.sent.readings:,} readings sent{end}")
    if account.ledger is not None:
        verdict = "accounted for" if account.is_good() else "NOT accounted for"
        console.print(f"every reading {verdict}, {account.seconds['until_stored']:.1f} s after the first message")
