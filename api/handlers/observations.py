"""Datastreams, observations and waveform blocks."""

from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.context import Context, Ctx
from api.schemas.observations import (
    Datastream,
    DatastreamPage,
    Observation,
    ObservationPage,
    Waveform,
    WaveformPage,
)
from citywatch.errors import NotFound, Reason, Rejected
from citywatch.model.quality import QualityTest
from citywatch.model.waveforms import Samples
from citywatch.storage.serving import observations

router = APIRouter(tags=["observations"])
_DAY = timedelta(days=1)
_TEN_MINUTES = timedelta(minutes=10)
_MOST_VALUES: Final = 500_000  # of a page of waveform blocks


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
    since, until = _span(ctx, begin, end, length=_DAY)
    found = await observations.observations(
        ctx.database, _to_observation, datastream_id, begin=since, end=until, limit=limit + 1
    )
    return ObservationPage(
        datastream_id=datastream_id,
        unit=stream.unit,
        items=found[:limit],
        next=found[limit].phenomenon_time if len(found) > limit else None,
    )


@router.get("/datastreams/{datastream_id}/waveforms")
async def list_waveforms(
    ctx: Ctx,
    datastream_id: int,
    begin: Annotated[
        AwareDatetime | None, Query(description="first start; ten minutes before `end` when absent")
    ] = None,
    end: Annotated[AwareDatetime | None, Query(description="first start that is left out; now when absent")] = None,
    limit: Annotated[int, Query(ge=1, le=600, description="blocks")] = 60,
) -> WaveformPage:
    """Return waveform blocks with `begin <= start time < end` in time order; a page ends early at 500,000 values."""
    stream = await get_datastream(ctx, datastream_id)
    since, until = _span(ctx, begin, end, length=_TEN_MINUTES)
    found = await observations.waveforms(
        ctx.database, _to_waveform, datastream_id, begin=since, end=until, limit=limit + 1
    )
    samples = list(accumulate(len(block.values) for block in found))
    size = max(1, min(limit, bisect_right(samples, _MOST_VALUES)))
    return WaveformPage(
        datastream_id=datastream_id,
        unit=stream.unit,
        items=found[:size],
        next=found[size].start_time if len(found) > size else None,
    )


def _span(
    ctx: Context, begin: datetime | None, end: datetime | None, *, length: timedelta
) -> tuple[datetime, datetime]:
    """Return the span a request asks for; ``length`` is how much of it when it does not say."""
    until: datetime = end or ctx.clock.now() + timedelta(minutes=5)
    since: datetime = begin or until - length
    if since >= until:
        raise Rejected(Reason.WRONG_TYPE, f"begin {since.isoformat()} is not before end {until.isoformat()}")
    return since, until


def _to_waveform(
    *, start_time: datetime, received_time: datetime, sampling_rate: float, quality: int, values: Samples
) -> Waveform:
    return Waveform(
        start_time=start_time,
        received_time=received_time,
        sampling_rate_hz=sampling_rate,
        quality=quality,
        values=values.tolist(),
    )


def _to_observation(
    *, phenomenon_time: datetime, received_time: datetime, result: float, quality: int, tests: int | None
) -> Observation:
    names = [test.name.lower() for test in QualityTest(tests or 0) if test.name]
    return Observation(
        phenomenon_time=phenomenon_time, received_time=received_time, result=result, quality=quality, tests=names
    )
