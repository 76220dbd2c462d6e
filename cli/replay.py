"""``citywatch replay``: a recording through the broker and ingest, live or in a system of its own."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated, Final, Self

import typer
from rich.console import Console

from citywatch.broker import BrokerAddress
from citywatch.clock import SystemClock, from_micros, to_micros
from citywatch.errors import Misconfigured
from citywatch.registry import load_city
from citywatch.service import Stop, stop_on_signals
from citywatch.settings import load_settings
from citywatch.storage.pipeline.ledger import LedgerTotals
from cli.durations import duration
from cli.instants import instant
from cli.keyboard import Keys, keyboard
from cli.replay_account import Account, print_account
from cli.replay_isolated import replay_isolated
from simulators.recordings.faulty import FaultyLinks
from simulators.recordings.pace import Pace
from simulators.recordings.program import Program
from simulators.recordings.reading import Recording, Span
from simulators.recordings.replay import Progress, Replay
from simulators.recordings.topics import Remap, check_filter
from simulators.scenario import load_scenario
from simulators.settings import SimulatorSettings

_NOW: Final = timedelta.max
_REFRESH: Final = 0.5  # [s]
_KEYS: Final = "space pauses, n sends the next, + and - change the speed, q ends"


def _speed(text: str | float) -> float:
    """Return a factor; ``max`` becomes 0."""
    try:
        factor = 0.0 if text == "max" else float(text)
    except ValueError:
        factor = -1.0
    if text != "max" and not 0 < factor < 1e9:
        raise typer.BadParameter(f"{text!r} is no speed; write a number such as 10, or max")
    return factor


def _shift(text: str | timedelta) -> timedelta:
    """Return how much later; ``now`` becomes the longest time there is, a leading ``-`` means earlier."""
    if isinstance(text, timedelta):
        return text
    if text == "now":
        return _NOW
    return -duration(text[1:]) if text.startswith("-") else duration(text)


def replay(
    recording: Annotated[Path, typer.Argument(help="Recording of 'citywatch record' or 'citywatch import-csv'.")],
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
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="MQTT topic filter; more than one is allowed. [default: all]")
    ] = None,
    remap: Annotated[list[str] | None, typer.Option(metavar="OLD=NEW", help="Topics below OLD go below NEW.")] = None,
    shift: Annotated[
        timedelta | None,
        typer.Option(
            parser=_shift, metavar="DURATION", help="Move all times by so much, or 'now'. [default: as recorded]"
        ),
    ] = None,
    loop: Annotated[int, typer.Option(min=0, help="Send it so many times; 0: without end.")] = 1,
    faults: Annotated[str | None, typer.Option(help="Scenario whose faults of links act on the messages.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides which messages the faults hit.")] = 1,
    city: Annotated[
        str | None, typer.Option(help="City of the seeds for --isolated and --faults. [default: that of the recording]")
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Run database, broker and ingest for this replay alone.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="Folder that keeps data and logs of --isolated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as JSON.")] = False,
) -> None:
    """Publish a recording byte for byte, at its pace or faster.

    It goes to the broker of CITYWATCH_BROKER_URL. With --isolated it goes through a database, a broker and an ingest of
    its own, and the account says what became of every message; exit code 1 when one is missing. On a terminal space
    pauses, n sends the next message, + and - change the speed, q ends.
    """
    if (not isolated and keep is not None) or (not isolated and faults is None and city is not None):
        raise Misconfigured("--city and --keep belong to --isolated; add it or leave them out")
    span = Span(None if begin is None else to_micros(begin), None if end is None else to_micros(end))
    pace = Pace(SystemClock(), ((0.0 if isolated else 1.0) if speed is None else speed) or None)
    with ExitStack() as context:
        opened = context.enter_context(Recording(recording))
        stop = context.enter_context(stop_on_signals())
        first = _check_overlap(opened, span)
        town = city or opened.about.city
        offset = None if shift is None else _offset(shift, first, pace, loop * (_last(opened, span) - first))
        program = Program(
            span=span,
            filters=[check_filter(topic) for topic in topics or ()],
            remaps=[Remap.parse(text) for text in remap or ()],
            offset=offset,
            rounds=loop or None,
            faults=None if faults is None else FaultyLinks(load_scenario(faults, load_city(town)), seed=seed),
        )
        messages = program.messages(opened)
        show = context.enter_context(_Screen(pace, stop, context.enter_context(keyboard())))
        if isolated:
            begun = first + (offset or 0)
            account = replay_isolated(
                messages, begin=begun, pace=pace, city=town, keep=keep, stop=stop, show=show.update
            )
        else:
            address = BrokerAddress.from_url(load_settings(SimulatorSettings).broker_url.get_secret_value())
            sender = Replay(address, pace=pace, stop=stop, watch=lambda progress: show.update(progress, None))
            account = Account(sender.run(messages))
    if as_json:
        print(json.dumps({"recording": str(recording), **account.as_json()}))
    else:
        print_account(account)
    if not account.is_good():
        raise typer.Exit(1)


def _offset(shift: timedelta, first: int, pace: Pace, length: int) -> int:
    """Return a shift in microseconds.

    ``now`` lets the first message be measured at present; at full speed the last one, since nothing may come from the
    future. ``length`` of all rounds [us].
    """
    if shift != _NOW:
        return shift // timedelta(microseconds=1)
    return to_micros(SystemClock().now()) - first - (length if pace.speed is None else 0)


def _last(recording: Recording, wanted: Span) -> int:
    """Return the last log time that may be sent, and a second of breath [us since the epoch]."""
    assert recording.span is not None
    last = recording.span[1] if wanted.end is None else min(wanted.end, recording.span[1])
    return last + 1_000_000


def _check_overlap(recording: Recording, wanted: Span) -> int:
    """Return the first log time that is sent [us since the epoch]."""
    if recording.span is None:
        raise Misconfigured(f"{recording.path} holds no message; nothing can be replayed")
    first, last = recording.span
    begin = first if wanted.begin is None else wanted.begin
    end = last + 1 if wanted.end is None else wanted.end
    if max(begin, first) >= min(end, last + 1):
        spanned = f"{from_micros(first).isoformat()} to {from_micros(last).isoformat()}"
        raise Misconfigured(f"--from and --to leave nothing; {recording.path} spans {spanned}")
    return max(begin, first)


class _Screen:
    """Shows on a terminal how far a replay is, and obeys keys."""

    def __init__(self, pace: Pace, stop: Stop, keys: Keys) -> None:
        self._pace = pace
        self._keys = keys
        self._acts: dict[str, Callable[[], None]] = {
            " ": lambda: pace.go_on() if pace.is_paused else pace.pause(),
            "n": pace.step,
            "+": lambda: pace.faster(2.0),
            "-": lambda: pace.faster(0.5),
            "q": stop.request,
        }
        self._status = Console(stderr=True, highlight=False).status(_KEYS)
        self._seen: tuple[float, int] = (monotonic(), 0)
        self._rate = 0.0

    def __enter__(self) -> Self:
        self._status.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._status.stop()

    def update(self, progress: Progress, ledger: LedgerTotals | None) -> None:
        """Show progress, and what the ledger says where it can be asked."""
        for key in self._keys():
            if key in self._acts:
                self._acts[key]()
        now, (then, messages) = monotonic(), self._seen
        if now - then < _REFRESH:
            return
        self._rate = (progress.messages - messages) / (now - then)
        self._seen = (now, progress.messages)
        said = (
            ""
            if ledger is None
            else (
                f"; ledger: {ledger.stored:,} stored, {ledger.duplicate:,} duplicate, {ledger.conflict:,} conflict,"
                f" {ledger.rejected:,} rejected"
            )
        )
        speed = "paused" if self._pace.is_paused else "max" if self._pace.speed is None else f"x{self._pace.speed:g}"
        at = from_micros(progress.log_time).isoformat(timespec="seconds")
        self._status.update(f"{at}  {progress.messages:,} messages, {self._rate:,.0f}/s, {speed}{said}  ({_KEYS})")
