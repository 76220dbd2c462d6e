"""``citywatch bench``: measures, and says what share of the machine's own ceiling is reached."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from citywatch.settings import ProcessSettings, load_settings
from cli.bench.latency import measure_latency
from cli.bench.query import enlarged, measure_queries
from cli.bench.system import running_system
from cli.bench.throughput import measure_throughput
from cli.bench.waveforms import measure_waveforms, vibrating
from cli.bench.webhooks import measure_webhooks

bench = typer.Typer(no_args_is_help=True, help="Measure this machine; ceilings are measured in the same run.")

Server = Annotated[
    str | None,
    typer.Option(
        help="Connection string of a server to measure on; a database is made there and dropped."
        " [default: the embedded PostgreSQL]"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@bench.command()
def ingest(
    readings: Annotated[int, typer.Option(min=1, max=1000, help="Readings per message.")] = 50,
    messages: Annotated[int, typer.Option(min=1000, help="Messages to send.")] = 60_000,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Readings committed per second, beside COPY into the same table and a receiver that only acknowledges."""
    with running_system(server) as system:
        _say(f"{system.engine}: {messages:,} messages of {readings} readings; first the two ceilings ...")
        result = measure_throughput(system, messages=messages, readings=readings)
        _print({"storage": system.engine, **result.as_json()}, as_json=as_json)
    if not result.balanced:
        raise typer.Exit(1)


@bench.command()
def waveforms(
    channels: Annotated[int, typer.Option(min=1, help="Accelerometers that send.")] = 200,
    rate: Annotated[
        int, typer.Option(min=1, max=10_000, help="Samples per second of each; a block holds a second.")
    ] = 100,
    blocks: Annotated[int, typer.Option(min=1000, help="Blocks to send.")] = 100_000,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Samples stored per second from waveform blocks, beside COPY of such blocks and a bare receiver."""
    with running_system(server, vibrating("demo", channels)) as system:
        _say(f"{system.engine}: {blocks:,} blocks of {rate} samples from {channels} channels; first the ceilings ...")
        result = measure_waveforms(system, blocks=blocks, sampling_rate=rate)
        _print({"storage": system.engine, **result.as_json()}, as_json=as_json)
    if not result.balanced:
        raise typer.Exit(1)


@bench.command()
def latency(
    rate: Annotated[float, typer.Option(min=1, help="Messages per second, one reading each.")] = 5000,
    seconds: Annotated[float, typer.Option(min=3, help="How long to send.")] = 20,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """From publishing a reading to the notice that it can be queried."""
    with running_system(server) as system:
        _say(f"{system.engine}: {rate:,.0f} messages/s for {seconds:g} s ...")
        result = measure_latency(system, rate=rate, duration=seconds)
        _print({"storage": system.engine, **result.as_json()}, as_json=as_json)


@bench.command()
def query(
    datastreams: Annotated[int, typer.Option(min=1000, help="Datastreams of the city.")] = 20_000,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """The questions that dashboards ask most: latest values, states, roll-ups."""
    zone = load_settings(ProcessSettings).time_zone
    with running_system(server, enlarged("demo", datastreams)) as system:
        _say(f"{system.engine}: filling a day of hourly values for {datastreams:,} datastreams ...")
        result = measure_queries(system, time_zone=zone)
        _print({"storage": system.engine, **result.as_json()}, as_json=as_json)


@bench.command()
def webhooks(
    endpoints: Annotated[int, typer.Option(min=2, help="Endpoints; the first never answers.")] = 100,
    outbox: Annotated[int, typer.Option(min=0, help="Events of the past in the outbox.")] = 1_000_000,
    events: Annotated[int, typer.Option(min=10, help="Alarm events to deliver.")] = 200,
    rate: Annotated[float, typer.Option(min=0.1, help="Alarm events per second.")] = 1,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """From raising an alarm to the arrival of its webhooks, with one endpoint dead and a long history."""
    with running_system(server) as system:
        _say(f"{system.engine}: {outbox:,} events of the past, {endpoints} endpoints, {rate:g} alarm events/s ...")
        result = measure_webhooks(system, endpoints=endpoints, outbox_rows=outbox, events=events, rate=rate)
        _print({"storage": system.engine, **result.as_json()}, as_json=as_json)
    if result.lost:
        raise typer.Exit(1)


@bench.command()
def analytics(
    datastreams: Annotated[int, typer.Option(min=1, help="Datastreams that are judged together.")] = 10_000,
    as_json: Json = False,
) -> None:
    """Samples per second through each method of analytics, and the time of one turn of all datastreams."""
    from cli.bench.analytics import measure_analytics

    _say(f"{datastreams:,} datastreams ...")
    _print(measure_analytics(datastreams).as_json(), as_json=as_json)


def _say(text: str) -> None:
    Console(stderr=True, highlight=False).print(text, markup=False)


def _print(figures: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
        return
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in figures.items():
        shown = f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        table.add_row(name.replace("_", " "), shown)
    Console(highlight=False).print(table)
