"""``citywatch compare``: two runs of the same data, and what a change of rules or code has made different."""

import json
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from citywatch.errors import Misconfigured
from cli.durations import duration
from cli.instants import instant

_MICROSECOND: Final = timedelta(microseconds=1)


def compare(
    run_a: Annotated[str, typer.Argument(help="Database URL, or folder of an exported run.")],
    run_b: Annotated[str | None, typer.Argument(help="The other one.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write RUN_A to this folder instead of comparing.")] = None,
    begin: Annotated[
        datetime | None, typer.Option("--from", parser=instant, metavar="TIME", help="What was measured from here on.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", parser=instant, metavar="TIME", help="What was measured before.")
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="Results may differ by this share.")] = 0.0,
    punctual: Annotated[
        timedelta, typer.Option(parser=duration, metavar="DURATION", help="Alarms this close came at the same time.")
    ] = timedelta(),
    window: Annotated[
        timedelta,
        typer.Option(parser=duration, metavar="DURATION", help="Alarms farther apart are different ones."),
    ] = timedelta(hours=1),
    html: Annotated[Path | None, typer.Option(help="Write a page with drawings to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Compare the observations and alarms of two runs; exit code 1 when they differ.

    Observations are the same when datastream, time, result and quality are. Alarms of an asset and a rule are matched
    by time: new, gone, earlier, later, of other severity.
    """
    from cli.compare.difference import difference_of
    from cli.compare.run import export_run, open_run
    from cli.compare.show import as_html, as_text
    from cli.compare.show import as_json as json_of

    if (run_b is None) == (export is None):
        raise Misconfigured("name two runs to compare, or one and --export FOLDER")
    with ExitStack() as runs:
        first = runs.enter_context(open_run(run_a, begin, end))
        if run_b is None:
            assert export is not None
            observations, alarms = export_run(first, export)
            print(f"{export}: {observations:,} observations, {alarms:,} alarms")
            return
        second = runs.enter_context(open_run(run_b, begin, end))
        found = difference_of(
            first, second, tolerance=tolerance, punctual=punctual // _MICROSECOND, window=window // _MICROSECOND
        )
    if html is not None:
        html.write_text(as_html(found), encoding="utf-8")
    print(json.dumps(json_of(found)) if as_json else "\n".join(as_text(found)))
    if not found.is_empty:
        raise typer.Exit(1)
