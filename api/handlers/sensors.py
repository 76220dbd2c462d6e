"""Sensors and whether they are there."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.context import Ctx
from api.schemas.sensors import Sensor, SensorPage
from citywatch.storage.serving import sensors

router = APIRouter(tags=["registry"])
Filter = Annotated[str | None, Query(max_length=63)]


@router.get("/sensors")
async def list_sensors(
    ctx: Ctx,
    asset_id: Filter = None,
    system: Filter = None,
    district: Filter = None,
    liveness: Annotated[Literal["online", "late", "offline"] | None, Query()] = None,
    after: Annotated[str, Query(max_length=127, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> SensorPage:
    """Return installed sensors and whether they are online, late or offline; datastreams have gaps of their own."""
    asset, _, sensor = after.partition("/")
    found = await sensors.sensors(
        ctx.database,
        Sensor,
        asset_id=asset_id,
        system=system,
        district=district,
        liveness=liveness,
        after=(asset, sensor),
        limit=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    return SensorPage(items=found[:limit], next=None if last is None else f"{last.asset_id}/{last.sensor_id}")
