"""``citywatch coverage``: which assets are monitored, why the others are not, and where it goes from here."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from citywatch.clock import SystemClock, midnight
from citywatch.errors import Misconfigured
from citywatch.model.coverage_days import Scope, cheapest_first
from citywatch.settings import ProcessSettings, load_settings
from citywatch.storage.connection import connect
from cli.days import day

app = typer.Typer(help="Which assets are monitored, why the others are not, and where it goes from here.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Day = Annotated[date | None, typer.Option("--at", parser=day, metavar="DAY", help="Judged day. [default: the last]")]
Kind = Annotated[str | None, typer.Option(help="Kind of asset, such as bridge.")]
System = Annotated[str | None, typer.Option(help="System, such as gas.")]
District = Annotated[str | None, typer.Option(help="District or functional zone.")]
Street = Annotated[str | None, typer.Option(help="Street, as the registry spells it.")]


@app.callback(invoke_without_command=True)
def coverage(
    ctx: typer.Context,
    at: Day = None,
    kind: Kind = None,
    system: System = None,
    district: District = None,
    street: Street = None,
    why: Annotated[str | None, typer.Option(metavar="ASSET", help="Explain one asset.")] = None,
    gaps: Annotated[int, typer.Option(min=0, max=100_000, help="List so many assets that are not monitored.")] = 20,
    as_json: Json = False,
) -> None:
    """Show coverage of a day: figures with denominator, trend, gaps with the cheapest fix; or explain one asset."""
    if ctx.invoked_subcommand is not None:
        return
    from api.outlook import TREND_DAYS, outlook
    from citywatch.storage.pipeline.coverage_reading import (
        chosen_day,
        read_day_figures,
        read_gaps,
        read_history,
        read_why,
    )
    from citywatch.storage.pipeline.targets import read_coverage_target
    from cli.coverage_text import show_day, show_why

    settings = load_settings(ProcessSettings)
    zone, scope = settings.time_zone, Scope(kind, system, district, street)
    with connect(settings.database_url.get_secret_value(), process="coverage") as connection:
        judged = chosen_day(connection, at)
        if why is not None:
            end = midnight(judged + timedelta(days=1), zone)
            found_why = read_why(connection, why, judged, begin=midnight(judged, zone), end=end)
            print(json.dumps(asdict(found_why), default=str)) if as_json else show_why(found_why)
            return
        figures = read_day_figures(connection, judged, scope) if street is None else []
        history = read_history(connection, scope, first=judged - timedelta(days=TREND_DAYS - 1), last=judged, zone=zone)
        found = cheapest_first(read_gaps(connection, judged, scope, zone=zone, limit=1_000_000))
        target = None if kind is None else read_coverage_target(connection, kind)
    where = outlook(history, target)
    total = history[-1] if history and history[-1].day == judged else None
    if as_json:
        shown = {
            "day": judged,
            "scope": asdict(scope),
            "total": None if total is None else {**asdict(total), "share": total.share},
            "figures": [asdict(one) for one in figures],
            "fixes": Counter(one.fix.value for one in found),
            "gaps": [asdict(one) for one in found[:gaps]],
            "outlook": None if where is None else where.model_dump(),
        }
        print(json.dumps(shown, default=str))
        return
    show_day(judged, figures, total, found, limit=gaps, outlook=where, by_district=kind is not None)


@app.command()
def compute(
    first: Annotated[date | None, typer.Option("--from", parser=day, metavar="DAY", help="First day.")] = None,
    last: Annotated[date | None, typer.Option("--until", parser=day, metavar="DAY", help="Last day.")] = None,
    kind: Annotated[str | None, typer.Option(help="With --again: this kind alone.")] = None,
    again: Annotated[bool, typer.Option(help="Judge days anew that are judged already; needs --from.")] = False,
) -> None:
    """Judge the days that are over and due, and compute their indicators; broken off, it goes on where it was."""
    from analytics.coverage_history import judge_due
    from analytics.indicator_history import compute_due
    from citywatch.model.identifiers import KindId
    from citywatch.storage.pipeline.coverage_days import forget_days

    if again and first is None:
        raise Misconfigured("--again needs --from, the first day to judge anew")
    settings = load_settings(ProcessSettings)
    now = SystemClock().now()
    with connect(settings.database_url.get_secret_value(), process="coverage") as connection:
        if again and first is not None:
            forget_days(connection, None if kind is None else KindId(kind), first=first, last=last or now.date())
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("days of kinds", total=None)
            done = 0
            for progress in judge_due(connection, time_zone=settings.time_zone, at=now, first=first, last=last):
                done = progress.done
                bar.update(task, completed=progress.done, total=progress.total)
            task, computed = bar.add_task("days of indicators", total=None), 0
            for _ in compute_due(connection, time_zone=settings.time_zone, at=now):
                computed += 1
                bar.update(task, completed=computed)
            bar.update(task, total=computed)
    print(
        f"{done} days of kinds judged, indicators of {computed} days"
        if done or computed
        else "nothing was due; a day is judged when it is over"
    )


@app.command("what-if")
def what_if_command(
    by: Annotated[date, typer.Option(parser=day, metavar="DAY", help="When they are mended.")],
    assets: Annotated[list[str] | None, typer.Argument(help="Assets that are mended.")] = None,
    cheapest: Annotated[int, typer.Option(min=0, help="And so many more, the cheapest fixes first.")] = 0,
    kind: Kind = None,
    system: System = None,
    district: District = None,
    as_json: Json = False,
) -> None:
    """Say what coverage would be when some assets are mended."""
    from citywatch.model.coverage import Gap
    from citywatch.model.progress import what_if
    from citywatch.storage.pipeline.coverage_reading import chosen_day, read_gaps, read_verdicts
    from cli.coverage_text import show_effect

    settings = load_settings(ProcessSettings)
    scope = Scope(kind, system, district)
    with connect(settings.database_url.get_secret_value(), process="coverage") as connection:
        judged = chosen_day(connection, None)
        verdicts = {asset: Gap(reason) for asset, reason in read_verdicts(connection, judged, scope).items()}
        found = read_gaps(connection, judged, scope, zone=settings.time_zone, limit=1_000_000)
    chosen = set(assets or ())
    chosen |= set([gap.asset_id for gap in cheapest_first(found) if gap.asset_id not in chosen][:cheapest])
    effect = what_if(verdicts, chosen, by=by)
    if as_json:
        print(json.dumps({"day": judged, **asdict(effect)}, default=str))
        return
    show_effect(judged, effect)
