"""Datastreams and observations."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.context import Ctx
from api.schemas.observations import Datastream, DatastreamPage, Observation, ObservationPage
from citywatch.errors import NotFound, Reason, Rejected
from citywatch.model.quality import QualityTest
from citywatch.storage.serving import observations

router = APIRouter(tags=["observations"])
_DAY = timedelta(days=1)


@router.get("/datastreams")
async def list_datastreams(
    ctx: Ctx,
    asset_id: Annotated[str | None, Query(max_length=63)] = None,
    property_id: Annotated[str | None, Query(max_length=63)] = None,
    after: Annotated[int, Query(ge=0, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> DatastreamPage:
    """Return datastreams with their newest value."""
    found = await observations.datastreams(
        ctx.database, Datastream, asset_id=asset_id, property_id=property_id, after=after, limit=limit + 1
    )
    return DatastreamPage(items=found[:limit], next=found[limit - 1].datastream_id if len(found) > limit else None)


@router.get("/datastreams/{datastream_id}")
async def get_datastream(ctx: Ctx, datastream_id: int) -> Datastream:
    """Return one datastream with its newest value."""
    found = await observations.datastreams(ctx.database, Datastream, datastream_id=datastream_id, limit=1)
    if not found:
        raise NotFound(f"there is no datastream {datastream_id}")
    return found[0]


@router.get("/datastreams/{datastream_id}/observations")
async def list_observations(
    ctx: Ctx,
    datastream_id: int,
    begin: Annotated[AwareDatetime | None, Query(description="first instant; a day before `end` when absent")] = None,
    end: Annotated[AwareDatetime | None, Query(description="first instant that is left out; now when absent")] = None,
    limit: Annotated[int, Query(ge=1, le=20_000)] = 5000,
) -> ObservationPage:
    """Return observations with `begin <= phenomenon time < end`, in time order, with their quality."""
    stream = await get_datastream(ctx, datastream_id)
    until: datetime = end or ctx.clock.now() + timedelta(minutes=5)
    since: datetime = begin or until - _DAY
    if since >= until:
        raise Rejected(Reason.WRONG_TYPE, f"begin {since.isoformat()} is not before end {until.isoformat()}")
    found = await observations.observations(
        ctx.database, _to_observation, datastream_id, begin=since, end=until, limit=limit + 1
    )
    return ObservationPage(
        datastream_id=datastream_id,
        unit=stream.unit,
        items=found[:limit],
        next=found[limit].phenomenon_time if len(found) > limit else None,
    )


def _to_observation(
    *, phenomenon_time: datetime, received_time: datetime, result: float, quality: int, tests: int | None
) -> Observation:
    names = [test.name.lower() for test in QualityTest(tests or 0) if test.name]
    return Observation(
        phenomenon_time=phenomenon_time, received_time=received_time, result=result, quality=quality, tests=names
    )
