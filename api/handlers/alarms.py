"""Alarms: list, look at, acknowledge."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.context import Ctx
from api.schemas.alarms import Acknowledgement, Alarm, AlarmEvent, AlarmPage, AlarmWithHistory
from citywatch.errors import NotFound
from citywatch.storage.serving import alarms

router = APIRouter(tags=["alarms"])


@router.get("/alarms")
async def list_alarms(
    ctx: Ctx,
    state: Annotated[Literal["open", "closed", "all"], Query()] = "open",
    system: Annotated[str | None, Query(max_length=63)] = None,
    district: Annotated[str | None, Query(max_length=63)] = None,
    asset_id: Annotated[str | None, Query(max_length=63)] = None,
    min_severity: Annotated[int, Query(ge=1, le=4)] = 1,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> AlarmPage:
    """Return alarms, newest first."""
    found = await alarms.alarms(
        ctx.database,
        Alarm,
        is_open=None if state == "all" else state == "open",
        asset_id=asset_id,
        system=system,
        district=district,
        min_severity=min_severity,
        before=before,
        limit=limit + 1,
    )
    return AlarmPage(items=found[:limit], next=found[limit - 1].alarm_id if len(found) > limit else None)


@router.get("/alarms/{alarm_id}")
async def get_alarm(ctx: Ctx, alarm_id: int) -> AlarmWithHistory:
    """Return an alarm and everything that happened to it."""
    found = await alarms.alarms(ctx.database, Alarm, alarm_id=alarm_id, limit=1)
    if not found:
        raise NotFound(f"there is no alarm {alarm_id}")
    events = await alarms.events(ctx.database, AlarmEvent, alarm_id)
    return AlarmWithHistory(**found[0].model_dump(), events=events)


@router.post("/alarms/{alarm_id}/acknowledge")
async def acknowledge_alarm(ctx: Ctx, alarm_id: int, acknowledgement: Acknowledgement) -> AlarmWithHistory:
    """Say that somebody has seen an alarm; one that has returned to normal is closed by it."""
    await alarms.acknowledge(
        ctx.database, alarm_id, actor=acknowledgement.actor, note=acknowledgement.note, at=ctx.clock.now()
    )
    return await get_alarm(ctx, alarm_id)
