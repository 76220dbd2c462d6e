"""Targets and how they stand, indicators by day, reports as they were issued."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.context import Ctx
from api.schemas.targets import Indicator, IndicatorFigure, IssuedReport, NewEntry, TargetEntry, TargetState
from citywatch.errors import NotFound
from citywatch.model import targets as model
from citywatch.model.reports import Format, Language, ReportKind
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.indicators import (
    read_indicator_day,
    read_indicator_history,
    read_indicators,
    read_newest_indicator_day,
)
from citywatch.storage.pipeline.reports import list_reports, read_report_file
from citywatch.storage.pipeline.targets import enter_value, read_entries, read_target, read_target_states

router = APIRouter(tags=["indicators"])
_MEDIA: Final = {
    Format.HTML: "text/html; charset=utf-8",
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
}


@router.get("/targets")
async def list_targets(
    ctx: Ctx, day: Annotated[date | None, Query(description="today when absent")] = None
) -> list[TargetState]:
    """Return every target: baseline, value to reach, deadline, source, and how it stands on a day."""
    on = day or ctx.clock.now().date()
    states = await ctx.database.blocking(lambda connection: read_target_states(connection, on))
    return [TargetState.model_validate(one, from_attributes=True) for one in states]


@router.get("/targets/{target_id}/entries")
async def list_target_entries(ctx: Ctx, target_id: str) -> list[TargetEntry]:
    """Return all values that were entered for a target, with author and time; none is ever overwritten."""

    def read(connection: Connection) -> list[model.TargetEntry]:
        read_target(connection, target_id)
        return read_entries(connection, target_id)

    return [TargetEntry.model_validate(one, from_attributes=True) for one in await ctx.database.blocking(read)]


@router.post("/targets/{target_id}/entries", status_code=201)
async def enter_target_value(ctx: Ctx, target_id: str, entry: NewEntry) -> TargetEntry:
    """Enter a value for a target that citywatch does not compute itself."""
    entered = model.TargetEntry(target_id, entry.day, entry.value, entry.author, entry.note, ctx.clock.now())
    await ctx.database.blocking(lambda connection: enter_value(connection, entered))
    return TargetEntry.model_validate(entered, from_attributes=True)


@router.get("/indicators")
async def list_indicators(
    ctx: Ctx, day: Annotated[date | None, Query(description="the last that was computed when absent")] = None
) -> list[Indicator]:
    """Return every indicator with its definition, and its figures of a day: of the city and of each district."""

    def read(connection: Connection) -> tuple[list[model.Indicator], list[model.IndicatorFigure]]:
        chosen = day or read_newest_indicator_day(connection)
        return read_indicators(connection), [] if chosen is None else read_indicator_day(connection, chosen)

    indicators, figures = await ctx.database.blocking(read)
    return [
        Indicator.model_validate(
            {
                "indicator_id": one.indicator_id,
                "name": {"en": one.name.en, "zh": one.name.zh},
                "definition": {"en": one.definition.en, "zh": one.definition.zh},
                "unit": one.unit,
                "figures": [_figure(figure) for figure in figures if figure.indicator_id == one.indicator_id],
            }
        )
        for one in indicators
    ]


@router.get("/indicators/{indicator_id}")
async def list_indicator_days(
    ctx: Ctx,
    indicator_id: str,
    begin: Annotated[date, Query(description="first day")],
    end: Annotated[date, Query(description="last day")],
    district: Annotated[str, Query(max_length=63, description="empty: the city")] = "",
) -> list[IndicatorFigure]:
    """Return an indicator by day."""

    def read(connection: Connection) -> list[model.IndicatorFigure]:
        if indicator_id not in {one.indicator_id for one in read_indicators(connection)}:
            raise NotFound(f"there is no indicator {indicator_id!r}; /indicators lists them")
        return read_indicator_history(connection, indicator_id, district=district, first=begin, last=end)

    return [_figure(one) for one in await ctx.database.blocking(read)]


@router.get("/reports")
async def list_issued_reports(
    ctx: Ctx, kind: ReportKind | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[IssuedReport]:
    """Return the reports that were issued, those of the last days first."""
    found = await ctx.database.blocking(lambda connection: list_reports(connection, kind=kind, limit=limit))
    return [IssuedReport.model_validate(one, from_attributes=True) for one in found]


@router.get("/reports/{report_id}", response_class=Response)
async def get_report(
    ctx: Ctx,
    report_id: int,
    language: Language = Language.ZH,
    form: Annotated[Format, Query(alias="format")] = Format.HTML,
) -> Response:
    """Return a file of a report, as it was issued."""
    content = await ctx.database.blocking(lambda connection: read_report_file(connection, report_id, language, form))
    name = f"report-{report_id}-{language}.{form}"
    return Response(content, media_type=_MEDIA[form], headers={"Content-Disposition": f'inline; filename="{name}"'})


def _figure(figure: model.IndicatorFigure) -> IndicatorFigure:
    return IndicatorFigure.model_validate(figure, from_attributes=True)
