"""``citywatch score``: how good the detectors are on labelled recordings, beside trivial baselines."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from analytics.scoring.compare import Comparison


def score(
    paths: Annotated[list[Path], typer.Argument(help="Labelled files or folders of the NAB or SKAB layout.")],
    plot: Annotated[Path | None, typer.Option(help="Write what citywatch said as an HTML page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Score the detectors on labelled series, with one frozen setting and no look-ahead.

    The first rows of a file (15 %, 750 at most; 400 in the SKAB layout) may be learned from and are not scored.
    """
    from analytics.scoring.compare import compare
    from analytics.scoring.labelled import read_labelled
    from analytics.scoring.picture import picture

    series = read_labelled(paths)
    console = Console(stderr=True, highlight=False)
    found = list(compare(series, lambda name: console.print(f"{name} ...", markup=False)))
    comparisons = [comparison for comparison, _ in found]
    rows, windows = sum(len(one.time) for one in series), sum(len(one.windows) for one in series)
    if as_json:
        print(
            json.dumps(
                {
                    "series": len(series),
                    "rows": rows,
                    "windows": windows,
                    "detectors": [comparison.as_json() for comparison in comparisons],
                }
            )
        )
    else:
        print(f"{len(series)} series, {rows:,} rows, {windows} labelled windows")
        _print(comparisons)
    if plot is not None:
        plot.write_text(picture(series, found[0][1]), encoding="utf-8")


def _print(comparisons: Iterable["Comparison"]) -> None:
    table = Table(box=None)
    table.add_column("measure")
    columns = list(comparisons)
    for comparison in columns:
        table.add_column(comparison.detector, justify="right")
    measured = [_measures(comparison) for comparison in columns]
    for name in measured[0]:
        if any(measures[name] is not None for measures in measured):
            table.add_row(name, *(_shown(measures[name]) for measures in measured))
    Console(highlight=False, markup=False, width=120).print(table)


def _measures(comparison: "Comparison") -> dict[str, float | None]:
    events, points = comparison.events, comparison.points
    return {
        "event recall": events.recall,
        "event precision": events.precision,
        "alarms per sensor and month": events.alarms_per_month,
        "false alarms per sensor and month": events.false_per_month,
        "delay, median [s]": events.delay_median,
        "delay, 95 % [s]": events.delay_p95,
        "duplicates per event": events.duplicates,
        **{f"NAB {name.replace('_', ' ')}": value for name, value in comparison.nab.items()},
        **{f"change points {name.replace('_', ' ')}": value for name, value in comparison.change_points.items()},
        "F1 of rows": points.f1,
        "false-alarm rate of rows [%]": points.false_alarm_rate,
        "missed-alarm rate of rows [%]": points.missed_alarm_rate,
        "VUS-PR": comparison.vus_pr,
    }


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
