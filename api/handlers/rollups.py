"""Roll-ups of observations by minute, hour and day."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.context import Ctx
from api.handlers.observations import get_datastream
from api.schemas.rollups import CityRollup, Rollup, RollupPage
from citywatch.errors import Reason, Rejected
from citywatch.model.rollups import Resolution
from citywatch.storage.serving import rollups

router = APIRouter(tags=["observations"])
_LENGTH: Final = {
    Resolution.MINUTE: timedelta(minutes=1),
    Resolution.HOUR: timedelta(hours=1),
    Resolution.DAY: timedelta(days=1),
}
_POINTS: Final = 1500  # about as many as a wide screen has pixels
_LONGEST_CITY: Final = {Resolution.HOUR: timedelta(days=7), Resolution.DAY: timedelta(days=400)}

Begin = Annotated[AwareDatetime | None, Query(description="first instant; a day before `end` when absent")]
End = Annotated[AwareDatetime | None, Query(description="first instant that is left out; now when absent")]


@router.get("/datastreams/{datastream_id}/rollups")
async def list_rollups(
    ctx: Ctx,
    datastream_id: int,
    resolution: Annotated[
        Resolution | Literal["auto"], Query(description="`auto`: the finest that gives at most 1500 buckets")
    ] = "auto",
    begin: Begin = None,
    end: End = None,
    limit: Annotated[int, Query(ge=1, le=20_000)] = 5000,
) -> RollupPage:
    """Return the roll-ups with `begin <= bucket < end`, in time order; buckets without a value are left out."""
    stream = await get_datastream(ctx, datastream_id)
    since, until = _span(ctx, begin, end)
    chosen = _finest(until - since) if resolution == "auto" else resolution
    found = await rollups.rollups(
        ctx.database, Rollup, datastream_id, resolution=chosen, begin=since, end=until, limit=limit + 1
    )
    return RollupPage(
        datastream_id=datastream_id,
        unit=stream.unit,
        resolution=chosen,
        items=found[:limit],
        next=found[limit].bucket if len(found) > limit else None,
    )


@router.get("/rollups")
async def list_city_rollups(
    ctx: Ctx,
    resolution: Annotated[Literal["1h", "1day"], Query()] = "1h",
    begin: Begin = None,
    end: End = None,
) -> list[CityRollup]:
    """Return what all datastreams of the city hold together, by bucket and observed property."""
    since, until = _span(ctx, begin, end)
    chosen = Resolution(resolution)
    if until - since > _LONGEST_CITY[chosen]:
        raise Rejected(
            Reason.WRONG_TYPE,
            f"begin lies more than {_LONGEST_CITY[chosen].days} days before end; ask for less at once",
        )
    return await rollups.city_rollups(ctx.database, CityRollup, resolution=chosen, begin=since, end=until)


def _span(ctx: Ctx, begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    until = end or ctx.clock.now()
    since = begin or until - timedelta(days=1)
    if since >= until:
        raise Rejected(Reason.WRONG_TYPE, f"begin {since.isoformat()} is not before end {until.isoformat()}")
    return since, until


def _finest(length: timedelta) -> Resolution:
    return next((one for one, bucket in _LENGTH.items() if length / bucket <= _POINTS), Resolution.DAY)
