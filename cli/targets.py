"""``citywatch targets``: what the city has promised and how it stands; values entered by hand."""

import getpass
import json
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from rich.table import Table

from citywatch.clock import SystemClock
from citywatch.settings import ProcessSettings, load_settings
from citywatch.storage.connection import connect
from cli.consoles import console_for
from cli.days import day

app = typer.Typer(help="What the city has promised and how it stands; enter values that nobody computes.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.callback(invoke_without_command=True)
def targets(
    ctx: typer.Context,
    at: Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="On this day. [default: today]")] = None,
    as_json: Json = False,
) -> None:
    """List the targets: baseline, target, deadline, value, what the paths ask for now, source."""
    if ctx.invoked_subcommand is not None:
        return
    from citywatch.storage.pipeline.targets import read_target_states

    with connect(_database(), process="targets") as connection:
        states = read_target_states(connection, at or SystemClock().now().date())
    if as_json:
        print(json.dumps([asdict(one) for one in states], default=str))
        return
    table = Table("target", "", "baseline", "to reach", "by", "now", "of", "path", "state", "source", box=None)
    for one in states:
        target = one.target
        table.add_row(
            target.target_id, target.name.en, target.baseline_says, _with_unit(target.value, target.unit),
            str(target.deadline or ""), "" if one.value is None else _with_unit(one.value, target.unit),
            f"{one.value_day or ''}{f' ({one.entered_by})' if one.entered_by else ''}",
            "" if one.on_plan is None else _with_unit(one.on_plan, target.unit), one.standing.value,
            f"{target.source}, {target.obligation.value}",
        )  # fmt: skip
    console_for(220).print(table)


@app.command()
def enter(
    target_id: Annotated[str, typer.Argument(metavar="TARGET", help="Target that is followed by hand.")],
    value: Annotated[float, typer.Option(help="The value, in the unit of the target.")],
    on: Annotated[date, typer.Option(parser=day, metavar="DAY", help="The day the value is of.")],
    note: Annotated[str, typer.Option(help="Where the value comes from.")],
    author: Annotated[str | None, typer.Option(help="Who answers for it. [default: the user of this machine]")] = None,
) -> None:
    """Enter a value; earlier entries stay and can be seen in the API."""
    from citywatch.model.targets import TargetEntry
    from citywatch.storage.pipeline.targets import enter_value

    entry = TargetEntry(target_id, on, value, author or getpass.getuser(), note, SystemClock().now())
    with connect(_database(), process="targets") as connection:
        enter_value(connection, entry)
    print(f"{target_id}: {value:g} on {on}, entered by {entry.author}")


def _with_unit(value: float, unit: str) -> str:
    digits = f"{round(value, 1 if value < 99.9 else 3):,.10g}"
    return digits if unit == "1" else f"{digits} {unit}"


def _database() -> str:
    return load_settings(ProcessSettings).database_url.get_secret_value()
