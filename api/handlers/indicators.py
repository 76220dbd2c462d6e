"""Coverage and health."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.context import Ctx
from api.live import NewestBatch
from api.schemas.indicators import (
    AssetCoverage,
    CoverageFigure,
    CoverageRule,
    Health,
    KindCoverage,
    ProcessHealth,
)
from api.schemas.sensors import SensorCounts
from citywatch.errors import Unavailable
from citywatch.model.processes import EXPECTED, judged
from citywatch.storage.serving import coverage, health, sensors

router = APIRouter(tags=["indicators"])
_BATCH_LATE: Final = timedelta(seconds=30)  # ingest commits at least every few seconds


class KindRule(BaseModel):
    """A coverage rule as it is stored with its kind."""

    kind_id: str
    coverage: CoverageRule


@router.get("/coverage")
async def get_coverage(ctx: Ctx) -> list[KindCoverage]:
    """Return the newest coverage of every kind that has a rule: city, districts, denominator, rule."""
    rules = {one.kind_id: one.coverage for one in await coverage.coverage_rules(ctx.database, KindRule)}
    by_kind: dict[str, list[CoverageFigure]] = {}
    for figure in await coverage.coverage_figures(ctx.database, CoverageFigure):
        by_kind.setdefault(figure.kind_id, []).append(figure)
    return [_of_kind(rules[kind], figures) for kind, figures in by_kind.items() if kind in rules]


def _of_kind(rule: CoverageRule, figures: list[CoverageFigure]) -> KindCoverage:
    required = sum(figure.required for figure in figures)
    monitored = sum(figure.monitored for figure in figures)
    return KindCoverage(
        kind_id=figures[0].kind_id,
        kind_en=figures[0].kind_en,
        kind_zh=figures[0].kind_zh,
        at=figures[0].at,
        required=required,
        installed=sum(figure.installed for figure in figures),
        reporting=sum(figure.reporting for figure in figures),
        monitored=monitored,
        share=monitored / required if required else None,
        rule=rule,
        districts=figures,
    )


@router.get("/coverage/assets")
async def list_asset_coverage(
    ctx: Ctx,
    kind: Annotated[str | None, Query(max_length=63)] = None,
    monitored: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> list[AssetCoverage]:
    """Return why each asset counts as monitored or not; those with a gap first."""
    return await coverage.asset_coverage(ctx.database, AssetCoverage, kind_id=kind, monitored=monitored, limit=limit)


@router.get("/health")
async def get_health(ctx: Ctx) -> Health:
    """Return how the platform itself is doing; `degraded` comes with its reasons."""
    now = ctx.clock.now()
    processes = await health.processes(ctx.database, ProcessHealth)
    newest = await health.newest_batch(ctx.database, NewestBatch)
    seen = {process.process for process in processes}
    reasons = [f"{process} has never reported; is it running?" for process in EXPECTED if process not in seen]
    for process in processes:
        process.state = judged(process.state, now - process.beat_at)
        if process.state != "ok":
            reasons.append(f"{process.process} ({process.instance}) is {process.state}{_cause(process.details)}")
    if newest is None:
        reasons.append("nothing has been ingested yet")
    elif now - newest.committed_at > _BATCH_LATE:
        reasons.append(f"ingest has not committed since {newest.committed_at.isoformat(timespec='seconds')}")
    return Health(
        state="degraded" if reasons else "ok",
        reasons=reasons,
        at=now,
        newest_batch_no=None if newest is None else newest.batch_no,
        newest_batch_at=None if newest is None else newest.committed_at,
        sensors=await sensors.counts(ctx.database, SensorCounts),
        processes=processes,
    )


def _cause(details: dict[str, Any]) -> str:
    cause = details.get("outage") or details.get("imbalance")
    return f": {cause}" if cause else ""


@router.get("/health/live", status_code=204)
async def is_alive() -> Response:
    """Answer as long as the process runs."""
    return Response(status_code=204)


@router.get("/health/ready", status_code=204)
async def is_ready(ctx: Ctx) -> Response:
    """Answer 204 when requests can be served, 503 when the database is away."""
    try:
        await health.newest_batch(ctx.database, NewestBatch)
    except Unavailable:
        return Response(status_code=503)
    return Response(status_code=204)
