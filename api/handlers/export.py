"""Observations in bulk, as files; charts may ask for as many points as they can draw."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from analytics.methods.largest_triangles import largest_triangles
from api.context import Context, Ctx
from api.handlers.observations import get_datastream
from api.tables import ArrowTable, CsvTable, Table, streamed
from citywatch.errors import Reason, Rejected
from citywatch.model.observations import Observations, joined
from citywatch.storage.serving.export import observation_chunks

router = APIRouter(tags=["observations"])
_DAY: Final = timedelta(days=1)
_MOST_DRAWN: Final = 2_000_000  # observations that are down-sampled, in memory at once

Begin = Annotated[AwareDatetime | None, Query(description="first instant; a day before `end` when absent")]
End = Annotated[AwareDatetime | None, Query(description="first instant that is left out; now when absent")]
Points = Annotated[
    int | None,
    Query(ge=3, le=20_000, description="only so many of them, chosen so that a chart of them looks like one of all"),
]


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}, "description": "all of them, however many; streamed"}}


@router.get("/datastreams/{datastream_id}/observations.csv", response_class=Response, responses=_file("text/csv"))
async def get_observations_as_csv(
    ctx: Ctx, datastream_id: int, begin: Begin = None, end: End = None, points: Points = None
) -> StreamingResponse:
    """Return observations with `begin <= phenomenon time < end` as CSV: times, result, unit, quality."""
    stream = await get_datastream(ctx, datastream_id)
    return await _answer(
        CsvTable(stream.unit),
        await _chunks(ctx, datastream_id, begin, end, points),
        name=f"{stream.asset_id}.{stream.sensor_id}.{stream.property_id}.csv",
        media_type="text/csv",
    )


@router.get(
    "/datastreams/{datastream_id}/observations.arrow",
    response_class=Response,
    responses=_file("application/vnd.apache.arrow.stream"),
)
async def get_observations_as_arrow(
    ctx: Ctx, datastream_id: int, begin: Begin = None, end: End = None, points: Points = None
) -> StreamingResponse:
    """Return observations with `begin <= phenomenon time < end` as an Arrow IPC stream; the unit is in its metadata."""
    stream = await get_datastream(ctx, datastream_id)
    return await _answer(
        ArrowTable(stream.unit),
        await _chunks(ctx, datastream_id, begin, end, points),
        name=f"{stream.asset_id}.{stream.sensor_id}.{stream.property_id}.arrows",
        media_type="application/vnd.apache.arrow.stream",
    )


async def _answer(
    table: Table, chunks: AsyncIterator[Observations], *, name: str, media_type: str
) -> StreamingResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Encoding": "identity",  # compressing on the way would take many times as long as reading
    }
    return StreamingResponse(streamed(table, chunks), media_type=media_type, headers=headers)


async def _chunks(
    ctx: Context, datastream_id: int, begin: datetime | None, end: datetime | None, points: int | None
) -> AsyncIterator[Observations]:
    """Return the observations a request asks for; the first chunk is read already, so that faults have a status."""
    until = end or ctx.clock.now() + timedelta(minutes=5)
    since = begin or until - _DAY
    if since >= until:
        raise Rejected(Reason.WRONG_TYPE, f"begin {since.isoformat()} is not before end {until.isoformat()}")
    chunks = observation_chunks(ctx.database, datastream_id, begin=since, end=until)
    first = await anext(chunks, joined([]))
    if points is None:
        return _after(first, chunks)
    return _after(await _drawn(first, chunks, points), None)


async def _after(first: Observations, rest: AsyncIterator[Observations] | None) -> AsyncIterator[Observations]:
    yield first
    if rest is not None:
        async for chunk in rest:
            yield chunk


async def _drawn(first: Observations, rest: AsyncIterator[Observations], points: int) -> Observations:
    """Return the observations that draw the same picture as all.

    Raises
    ------
    Rejected
        There are too many for it.
    """
    parts, count = [first], len(first)
    async for chunk in rest:
        parts.append(chunk)
        count += len(chunk)
        if count > _MOST_DRAWN:
            raise Rejected(
                Reason.TOO_LARGE,
                f"points: more than {_MOST_DRAWN} observations to choose from; ask for roll-ups instead",
            )
    rows = joined(parts)
    seconds = (rows.phenomenon_time - (rows.phenomenon_time[0] if count else 0)) / 1e6
    return rows.take(await asyncio.to_thread(largest_triangles, seconds.astype(np.float64), rows.result, points))
