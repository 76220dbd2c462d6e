"""Event windows: what is kept of the waveforms, and keeping more."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.context import Ctx
from api.schemas.event_windows import EventWindow, EventWindowPage, NewEventWindow
from citywatch.errors import Reason, Rejected
from citywatch.model.event_windows import EventWindow as Window
from citywatch.model.identifiers import AssetId, DatastreamId
from citywatch.storage.serving import event_windows

router = APIRouter(tags=["observations"])


@router.get("/event-windows")
async def list_event_windows(
    ctx: Ctx,
    asset_id: Annotated[str | None, Query(max_length=63)] = None,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> EventWindowPage:
    """Return the windows of which waveform blocks are kept, newest first."""
    found = await event_windows.windows(ctx.database, EventWindow, asset_id=asset_id, before=before, limit=limit + 1)
    return EventWindowPage(items=found[:limit], next=found[limit - 1].event_window_id if len(found) > limit else None)


@router.post("/event-windows", status_code=201)
async def keep_event_window(ctx: Ctx, new: NewEventWindow) -> EventWindow:
    """Keep the waveform blocks of an asset in a window for ever; those that are gone already do not come back."""
    if new.begins_at >= new.ends_at:
        raise Rejected(
            Reason.WRONG_TYPE, f"begins_at {new.begins_at.isoformat()} is not before ends_at {new.ends_at.isoformat()}"
        )
    window = Window(
        asset_id=AssetId(new.asset_id),
        datastream_id=None if new.datastream_id is None else DatastreamId(new.datastream_id),
        begins_at=new.begins_at,
        ends_at=new.ends_at,
        reason=new.reason,
        actor=new.actor,
    )
    number = await event_windows.keep(ctx.database, window)
    (kept,) = await event_windows.windows(ctx.database, EventWindow, event_window_id=number, limit=1)
    return kept
