"""``citywatch record``: what a broker carries, or what the database holds, becomes a recording."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from citywatch.errors import Misconfigured
from cli.durations import duration
from cli.instants import instant

if TYPE_CHECKING:
    from simulators.recordings.recorder import Recorder
    from simulators.recordings.writing import RecordingWriter


def record(
    into: Annotated[Path, typer.Argument(help="Recording to write, for example monday.mcap.")],
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="MQTT topic filter; more than one is allowed. [default: all]")
    ] = None,
    lasts: Annotated[
        timedelta | None,
        typer.Option("--for", parser=duration, metavar="DURATION", help="End after so long. [default: at Ctrl-C]"),
    ] = None,
    messages: Annotated[int | None, typer.Option(min=1, help="End after so many messages.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Take what the database holds, not the broker.")] = False,
    begin: Annotated[
        datetime | None, typer.Option("--from", parser=instant, metavar="TIME", help="History: measured from here on.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", parser=instant, metavar="TIME", help="History: measured before.")
    ] = None,
    city: Annotated[str, typer.Option(help="City of the seeds that knows the topics.")] = "demo",
    source: Annotated[str, typer.Option(help="Where the data come from; stands in the recording.")] = "own recording",
    licence: Annotated[str, typer.Option(help="Under which licence they may be used.")] = "not published",
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as JSON.")] = False,
) -> None:
    """Record MQTT messages byte for byte with their times, topics and user properties.

    Without --history it listens at CITYWATCH_BROKER_URL until Ctrl-C, and the file appears when it ends. With --history
    it reads CITYWATCH_DATABASE_URL and writes the messages that would have brought these values.
    """
    from simulators.recordings.writing import RecordingWriter

    _check(history=history, begin=begin, end=end, live=(topics, lasts, messages))
    with RecordingWriter(into, source=source, licence=licence, city=city) as writer:
        if history:
            assert begin is not None
            assert end is not None
            _from_database(writer, begin, end)
        else:
            _from_broker(writer, topics or ["citywatch/v1/#"], lasts, messages)
    if as_json:
        print(json.dumps({"recording": str(into), "messages": writer.messages, "readings": writer.readings}))
    else:
        print(f"{into}: {writer.messages:,} messages with {writer.readings:,} readings")


def _check(*, history: bool, begin: datetime | None, end: datetime | None, live: tuple[object, ...]) -> None:
    if history and (begin is None or end is None):
        raise Misconfigured("--history needs --from and --to; say which span to take from the database")
    if history and any(option is not None for option in live):
        raise Misconfigured("--topic, --for and --messages belong to a live recording; leave them out with --history")
    if not history and (begin is not None or end is not None):
        raise Misconfigured("--from and --to belong to --history; add it, or use --for")


def _from_broker(writer: "RecordingWriter", topics: list[str], lasts: timedelta | None, messages: int | None) -> None:
    from citywatch.broker import BrokerAddress
    from citywatch.clock import SystemClock
    from citywatch.service import stop_on_signals
    from citywatch.settings import load_settings
    from simulators.recordings.recorder import Recorder
    from simulators.recordings.topics import check_filter
    from simulators.settings import SimulatorSettings

    filters = [check_filter(topic) for topic in topics]
    address = BrokerAddress.from_url(load_settings(SimulatorSettings).broker_url.get_secret_value())
    console = Console(stderr=True, highlight=False)
    with stop_on_signals() as stop, console.status(f"recording from {address}; Ctrl-C ends") as status:

        def show(recorder: "Recorder") -> None:
            status.update(f"{recorder.topics.total():,} messages on {len(recorder.topics):,} topics; Ctrl-C ends")

        clock = SystemClock()
        Recorder(address, filters, clock=clock, stop=stop, lasts=lasts, limit=messages, watch=show).run(writer)


def _from_database(writer: "RecordingWriter", begin: datetime, end: datetime) -> None:
    from citywatch.settings import ProcessSettings, load_settings
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.history import read_history
    from cli.history import messages_of

    database = load_settings(ProcessSettings).database_url.get_secret_value()
    with connect(database, process="record") as connection, read_history(connection, begin, end) as (values, blocks):
        for message in messages_of(values, blocks):
            writer.write(message)
