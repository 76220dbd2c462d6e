"""``citywatch import-csv``: recorded sensor data become a recording that can be replayed."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from simulators.recordings.csv_import import FileAccount


def import_csv(
    files: Annotated[list[Path], typer.Argument(help="CSV files of one data set, gzip-compressed or not.")],
    layout: Annotated[str, typer.Option(help="What the columns mean: a name, or a YAML file of yours.")],
    into: Annotated[Path, typer.Option(help="Recording to write, for example floodnet.mcap.")],
    rows: Annotated[int | None, typer.Option(min=1, help="Read so many rows of each file. [default: all]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as JSON.")] = False,
) -> None:
    """Turn CSV files of recorded sensor data into a recording, and account for every row.

    A cell without a number gives no reading; how many there were, and why, is part of the account.
    """
    from simulators.recordings.csv_import import import_files
    from simulators.recordings.layout import load_layout
    from simulators.recordings.writing import RecordingWriter

    plan = load_layout(layout)
    with (
        RecordingWriter(into, source=plan.source, licence=plan.licence, city=plan.city) as writer,
        _progress() as progress,
    ):
        accounts = import_files(files, plan, writer, rows=rows, progress=progress)
    total = {"recording": str(into), "messages": writer.messages, "readings": writer.readings}
    if as_json:
        print(json.dumps({**total, "files": [_as_json(account) for account in accounts]}))
    else:
        _print(accounts)
        print(f"{into}: {writer.messages:,} messages with {writer.readings:,} readings ({plan.licence}, {plan.source})")


def _as_json(account: "FileAccount") -> dict[str, Any]:
    columns = {
        name: {"rows": column.rows, "readings": column.readings, "skipped": dict(sorted(column.skipped.items()))}
        for name, column in account.columns.items()
    }
    return {"file": account.path.name, "rows": account.rows, "messages": account.messages, "columns": columns}


def _print(accounts: list["FileAccount"]) -> None:
    table = Table("file", "column", "rows", "readings", "skipped", box=None)
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    for right in table.columns[2:4]:
        right.justify = "right"
    for account in accounts:
        for name, column in account.columns.items():
            skipped = ", ".join(f"{count:,} {reason}" for reason, count in sorted(column.skipped.items()))
            table.add_row(account.path.name, name, f"{column.rows:,}", f"{column.readings:,}", skipped or "-")
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 160).print(table)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far we are; yield the function that is told."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)

        def show(done: int, size: int) -> None:
            bar.update(task, completed=done, total=size)

        yield show
