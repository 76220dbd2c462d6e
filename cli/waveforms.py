"""``citywatch waveforms``: what is kept of them, and keeping more."""

import getpass
import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from citywatch.model.event_windows import EventWindow, KeptWindow
from citywatch.model.identifiers import AssetId, DatastreamId
from citywatch.settings import ProcessSettings, load_settings
from citywatch.storage.connection import Connection
from cli.instants import instant

app = typer.Typer(no_args_is_help=True, help="Keep waveform blocks beyond the retention of their system.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def keep(
    asset: Annotated[str, typer.Argument(help="Asset whose blocks are kept.")],
    begin: Annotated[datetime, typer.Option(parser=instant, metavar="TIME", help="Begin of the event window.")],
    end: Annotated[datetime, typer.Option(parser=instant, metavar="TIME", help="Its end.")],
    reason: Annotated[str, typer.Option(help="Why; people will read it in years.")],
    datastream: Annotated[int | None, typer.Option(help="Number of one waveform datastream. [default: all]")] = None,
    actor: Annotated[str | None, typer.Option(help="Who does it. [default: the user of this machine]")] = None,
    as_json: Json = False,
) -> None:
    """Keep the waveform blocks of an asset in a window for ever."""
    from citywatch.storage.pipeline.event_windows import keep as run

    stream = None if datastream is None else DatastreamId(datastream)
    window = EventWindow(AssetId(asset), stream, begin, end, reason, actor or getpass.getuser())
    with _connected() as connection:
        kept = run(connection, window)
    if as_json:
        print(_as_json([kept]))
    else:
        print(f"event window {kept.event_window_id} keeps {kept.blocks} blocks")


@app.command("list")
def list_windows(
    asset: Annotated[str | None, typer.Option(help="Of this asset alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """List event windows, newest first."""
    from citywatch.storage.pipeline.event_windows import read_windows

    with _connected() as connection:
        found = read_windows(connection, asset_id=asset, limit=limit)
    if as_json:
        print(_as_json(found))
    elif not found:
        print("no event windows")
    else:
        table = Table("ID", "asset", "begin", "end", "blocks", "alarm", "actor", "reason", box=None)
        for one in found:
            table.add_row(
                str(one.event_window_id), one.asset_id, f"{one.begins_at:%Y-%m-%d %H:%M:%S}",
                f"{one.ends_at:%Y-%m-%d %H:%M:%S}", str(one.blocks), str(one.alarm_id or ""), one.actor, one.reason,
            )  # fmt: skip
        Console(highlight=False, markup=False, soft_wrap=True).print(table)


def _connected() -> Connection:
    from citywatch.storage.connection import connect

    return connect(load_settings(ProcessSettings).database_url.get_secret_value(), process="waveforms")


def _as_json(windows: list[KeptWindow]) -> str:
    return json.dumps([asdict(window) for window in windows], default=lambda instant: instant.isoformat())
