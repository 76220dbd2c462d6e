"""Coverage as text for people."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from rich.table import Table

from api.outlook import Outlook
from citywatch.model.coverage_days import AssetGap, DayFigure, DistrictFigure, Evidence, Why
from citywatch.model.progress import Effect
from cli.consoles import console_for

_STAGES: Final = ("required", "installed", "reporting", "passing", "monitored")


def show_day(
    judged: date,
    figures: Sequence[DistrictFigure],
    total: DayFigure | None,
    found: Sequence[AssetGap],
    *,
    limit: int,
    outlook: Outlook | None,
    by_district: bool,
) -> None:
    """Print the figures of a day, where they are going, and what is not monitored."""
    console = console_for(200)
    names = ("kind", "district") if by_district else ("kind",)
    table = Table(*names, *_STAGES, "coverage", box=None, title=str(judged), title_justify="left")
    for name, counts in _grouped(figures, by_district=by_district):
        table.add_row(*name, *map(str, counts), percent(counts[-1], counts[0]))
    if total is not None:
        counts = [getattr(total, stage) for stage in _STAGES]
        table.add_row("all", *[""] * (len(names) - 1), *map(str, counts), percent(counts[-1], counts[0]))
    console.print(table)
    for sentence in _outlook(outlook) if outlook else ():
        console.print(sentence, highlight=False)
    if not found:
        return
    fixes = ", ".join(f"{fix} {count}" for fix, count in Counter(one.fix.value for one in found).most_common())
    console.print(f"\n{len(found)} not monitored; cheapest fix: {fixes}", highlight=False)
    listed = Table("asset", "name", "district", "why", "property", "share", "fix", "responsible", box=None)
    for gap in found[:limit]:
        listed.add_row(
            *(gap.asset_id, gap.name_en, gap.district_id, gap.reason, gap.property_id),
            *(f"{gap.share:.0%}", gap.fix.value, gap.responsible_unit),
        )
    if limit:
        console.print(listed)


def show_why(why: Why) -> None:
    """Print why an asset counts as it does, with the evidence of each sensor and its past."""
    record = why.record
    street = f", {record.street}" if record.street else ""
    print(f"{record.asset_id}  {record.name_en}  {record.name_zh}")
    print(f"{record.kind_id} in {record.district_id}{street}; {record.responsible_unit}; {record.origin}")
    print(f"{why.day}: {why.says}")
    if why.fix.value != "none":
        print(f"cheapest fix: {why.fix.value}")
    for one in why.evidence:
        print(f"  {one.property_id:20} {one.sensor_id:14} {_did(one)}")
    for stretch in why.past:
        print(f"  {stretch.first} to {stretch.last}  {stretch.reason}")


def show_effect(judged: date, effect: Effect) -> None:
    """Print what a plan would change."""
    required = effect.required
    print(f"{judged}: {effect.monitored} of {required} monitored, {percent(effect.monitored, required)}")
    planned = f"{effect.planned} of {required}, {percent(effect.planned, required)}"
    print(f"{effect.by}: {planned} when all {len(effect.helped)} work")
    likely = f"{effect.likely:.0f} of {required}, {percent(effect.likely, required)}"
    print(f"{effect.by}: {likely} when they do as well as those equipped today")
    for what, names in (("already monitored", effect.already), ("not in the denominator", effect.unknown)):
        if names:
            print(f"{what}: {', '.join(names)}")


def percent(part: float, whole: int) -> str:
    """Return a share as people read it; nothing of nothing is no data."""
    return f"{100 * part / whole:.1f} %" if whole else "no data"


def _grouped(figures: Sequence[DistrictFigure], *, by_district: bool) -> Iterable[tuple[tuple[str, ...], list[int]]]:
    sums: dict[tuple[str, ...], list[int]] = {}
    for one in figures:
        name = (one.kind_id, one.district_id) if by_district else (one.kind_id,)
        counts = sums.setdefault(name, [0] * len(_STAGES))
        for place, stage in enumerate(_STAGES):
            counts[place] += getattr(one, stage)
    return sums.items()


def _outlook(outlook: Outlook) -> Iterable[str]:
    if outlook.deadline is not None:
        paths = f"straight path {outlook.on_linear:.1f} %, planned {outlook.on_plan:.1f} %"
        yield f"target {outlook.target:g} % by {outlook.deadline}: {outlook.share:.1f} % now, {paths}"
    trend = outlook.projection
    if trend is not None:
        pace = f"trend of {trend.days} days: {30 * trend.slope:+.2f} points in 30 days"
        band = f"90 %: {trend.earliest or 'never'} to {trend.latest or 'never'}"
        yield f"{pace}; {outlook.target:g} % reached {trend.reached or 'never'} ({band})"


def _did(one: Evidence) -> str:
    expected = max(86_400 / one.expected_interval, 1)
    calibrated = f"calibrated {one.calibrated_at:%Y-%m-%d}" if one.calibrated_at else "never calibrated"
    return f"good {one.good}, received {one.received} of {expected:.0f}; {calibrated}"
