"""The ledger by minute and source, and by device."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.context import Ctx
from api.schemas.ledger import DeviceHour, DevicePage, DeviceTotal, Ledger, LedgerRow, LedgerTotal
from citywatch.storage.serving import ledger
from citywatch.storage.serving.ledger import LedgerFilter

router = APIRouter(tags=["ledger"], prefix="/ledger")
Filter = Annotated[str | None, Query(max_length=63)]
Hours = Annotated[int, Query(ge=1, le=8784, description="how far back")]


@router.get("")
async def get_ledger(
    ctx: Ctx,
    minutes: Annotated[int, Query(ge=1, le=525_600, description="how far back, unless `since` says it")] = 60,
    since: Annotated[AwareDatetime | None, Query(description="first minute of reception")] = None,
    until: Annotated[AwareDatetime | None, Query(description="first minute that is left out")] = None,
    source: Annotated[str | None, Query(max_length=127, description="district/system, or ?")] = None,
    district: Filter = None,
    system: Filter = None,
    unbalanced: Annotated[bool, Query(description="list only what does not balance")] = False,
    limit: Annotated[int, Query(ge=0, le=10_000, description="rows to list")] = 500,
) -> Ledger:
    """Return what became of everything that was received, per minute and source."""
    begin = since or ctx.clock.now() - timedelta(minutes=minutes)
    chosen = LedgerFilter(begin, until, source, district, system)
    total = await ledger.ledger_total(ctx.database, LedgerTotal, chosen)
    rows = await ledger.ledger(ctx.database, LedgerRow, chosen, unbalanced=unbalanced, limit=limit)
    return Ledger(since=begin, total=total, balanced=total.unbalanced == 0, rows=rows)


@router.get("/devices")
async def list_devices(
    ctx: Ctx,
    hours: Hours = 24,
    asset_id: Filter = None,
    district: Filter = None,
    system: Filter = None,
    after: Annotated[str, Query(max_length=127, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> DevicePage:
    """Return messages, gaps, clock skew and lateness of every sensor that was heard within a span."""
    begin = _hour(ctx.clock.now() - timedelta(hours=hours - 1))
    asset, _, sensor = after.partition("/")
    found = await ledger.devices(
        ctx.database,
        DeviceTotal,
        begin=begin,
        asset_id=asset_id,
        district=district,
        system=system,
        after=(asset, sensor),
        limit=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    following = None if last is None else f"{last.asset_id}/{last.sensor_id}"
    return DevicePage(since=begin, items=found[:limit], next=following)


@router.get("/devices/{asset_id}/{sensor_id}")
async def list_device_hours(ctx: Ctx, asset_id: str, sensor_id: str, hours: Hours = 168) -> list[DeviceHour]:
    """Return the figures of one sensor by hour of reception, newest first."""
    begin = _hour(ctx.clock.now() - timedelta(hours=hours - 1))
    return await ledger.device_hours(ctx.database, DeviceHour, asset_id=asset_id, sensor_id=sensor_id, begin=begin)


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
