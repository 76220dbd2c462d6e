"""Coverage by day: history, gaps, why an asset counts or does not, where it is going, what a plan would change."""

from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.context import Ctx
from api.outlook import TREND_DAYS, Outlook, outlook
from api.schemas.coverage import AssetGap, DayFigure, DistrictFigure, Effect, Gaps, Why
from citywatch.clock import midnight
from citywatch.errors import NotFound
from citywatch.model import coverage_days as model
from citywatch.model.coverage import Gap
from citywatch.model.coverage_days import Scope, cheapest_first
from citywatch.model.progress import what_if
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.coverage_reading import (
    chosen_day,
    read_day_figures,
    read_gaps,
    read_history,
    read_verdicts,
    read_why,
)
from citywatch.storage.pipeline.targets import read_coverage_target

router = APIRouter(tags=["indicators"], prefix="/coverage")
Filter = Annotated[str | None, Query(max_length=200)]
_ALL = 1_000_000


def scope_of(kind: Filter = None, system: Filter = None, district: Filter = None, street: Filter = None) -> Scope:
    """Return what a request asks for: kind, system, district, street; all of them when absent."""
    return Scope(kind, system, district, street)


Chosen = Annotated[Scope, Depends(scope_of)]


@router.get("/days")
async def list_coverage_days(
    ctx: Ctx,
    scope: Chosen,
    begin: Annotated[date | None, Query(description="first day; 90 days before `end` when absent")] = None,
    end: Annotated[date | None, Query(description="last day; the last that was judged when absent")] = None,
) -> list[DayFigure]:
    """Return the coverage of each judged day; of the city, or of a kind, system, district or street."""

    def read(connection: Connection) -> list[model.DayFigure]:
        last = end or chosen_day(connection, None)
        return read_history(
            connection, scope, first=begin or last - timedelta(days=TREND_DAYS), last=last, zone=ctx.time_zone
        )

    return [DayFigure(**asdict(one), share=one.share) for one in await ctx.database.blocking(read)]


@router.get("/days/{day}")
async def get_coverage_day(ctx: Ctx, day: date, scope: Chosen) -> list[DistrictFigure]:
    """Return the coverage of a day by kind and district; a street is no part of this choice."""
    figures = await ctx.database.blocking(
        lambda connection: read_day_figures(connection, chosen_day(connection, day), scope)
    )
    return [DistrictFigure(**asdict(one)) for one in figures]


@router.get("/days/{day}/gaps")
async def list_coverage_gaps(
    ctx: Ctx, day: date, scope: Chosen, limit: Annotated[int, Query(ge=1, le=10_000)] = 500
) -> Gaps:
    """Return the assets that are not monitored on a day with the reason and the cheapest fix."""
    found = await ctx.database.blocking(
        lambda connection: read_gaps(connection, chosen_day(connection, day), scope, zone=ctx.time_zone, limit=_ALL)
    )
    items = [AssetGap.model_validate(one, from_attributes=True) for one in cheapest_first(found)[:limit]]
    return Gaps(day=day, total=len(found), fixes=Counter(one.fix.value for one in found), items=items)


@router.get("/assets/{asset_id}")
async def get_asset_coverage(
    ctx: Ctx, asset_id: str, day: Annotated[date | None, Query(description="the last judged when absent")] = None
) -> Why:
    """Return why an asset counts as it does: the rule, what each sensor did, and its past."""

    def read(connection: Connection) -> model.Why:
        chosen = chosen_day(connection, day)
        bounds = [midnight(chosen + timedelta(days=number), ctx.time_zone) for number in (0, 1)]
        return read_why(connection, asset_id, chosen, begin=bounds[0], end=bounds[1])

    return Why.model_validate(await ctx.database.blocking(read), from_attributes=True)


@router.get("/outlook")
async def get_outlook(ctx: Ctx, scope: Chosen) -> Outlook:
    """Return where coverage is going: trend of 90 days, the paths to the target, the projected date with its range."""

    def read(connection: Connection) -> Outlook | None:
        last = chosen_day(connection, None)
        history = read_history(
            connection, scope, first=last - timedelta(days=TREND_DAYS - 1), last=last, zone=ctx.time_zone
        )
        target = None if scope.kind is None else read_coverage_target(connection, scope.kind)
        return outlook(history, target)

    found = await ctx.database.blocking(read)
    if found is None:
        raise NotFound("nothing is required there, so there is no coverage; ask for another kind, district or street")
    return found


@router.get("/what-if")
async def get_what_if(
    ctx: Ctx,
    scope: Chosen,
    by: Annotated[date, Query(description="when they are mended")],
    asset: Annotated[list[str] | None, Query(max_length=1000, description="assets that are mended")] = None,
    cheapest: Annotated[int, Query(ge=0, le=100_000, description="and so many more, the cheapest fixes first")] = 0,
) -> Effect:
    """Return what coverage would be when some assets get what they lack."""

    def read(connection: Connection) -> Effect:
        day = chosen_day(connection, None)
        verdicts = {name: Gap(reason) for name, reason in read_verdicts(connection, day, scope).items()}
        chosen = set(asset or ())
        if cheapest:
            found = cheapest_first(read_gaps(connection, day, scope, zone=ctx.time_zone, limit=_ALL))
            chosen |= set([gap.asset_id for gap in found if gap.asset_id not in chosen][:cheapest])
        return Effect(day=day, **asdict(what_if(verdicts, chosen, by=by)))

    return await ctx.database.blocking(read)
