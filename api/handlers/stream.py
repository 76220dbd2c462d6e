"""The server-sent event stream."""

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.context import Ctx

router = APIRouter(tags=["live"])


@router.get("/stream", response_class=EventSourceResponse)
async def stream(
    ctx: Ctx, last_event_id: Annotated[str | None, Header(description="number of the last alarm event seen")] = None
) -> AsyncIterable[ServerSentEvent]:
    """Stream what happens: events `alarm` and `values`.

    `alarm` carries what webhooks send and has an id: a client that reconnects with `Last-Event-ID` gets what it missed.
    `values` carries [[datastream, time, result, quality], ...], about once a second.
    """
    seen = int(last_event_id) if last_event_id is not None and last_event_id.isdigit() else None
    async for event in ctx.live.listen(last_event_id=seen):
        yield ServerSentEvent(raw_data=event.data, event=event.event, id=event.id)
