"""Dead letters: list, look into, re-drive."""

import asyncio
import base64
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.context import Ctx
from api.schemas.dead_letters import (
    DeadLetter,
    DeadLetterEvent,
    DeadLetterPage,
    DeadLetterWithPayload,
    RedriveAnswer,
    RedriveRequest,
)
from citywatch.errors import Misconfigured, NotFound
from citywatch.model.dead_letters import LetterFilter, LetterState, StoredLetter, obstacle, remedy
from citywatch.storage.serving import dead_letters
from citywatch.wire.excerpt import excerpt, hex_dump

router = APIRouter(tags=["dead letters"], prefix="/dead-letters")


@router.get("")
async def list_dead_letters(
    ctx: Ctx,
    reason: Annotated[str | None, Query(max_length=63)] = None,
    topic: Annotated[str | None, Query(max_length=500, description="MQTT topic filter")] = None,
    state: LetterState | None = None,
    since: Annotated[AwareDatetime | None, Query(description="received at or after")] = None,
    until: Annotated[AwareDatetime | None, Query(description="received before")] = None,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DeadLetterPage:
    """Return messages that could not be accepted, newest first, with the reason and what would mend it."""
    chosen = LetterFilter(since=since, until=until, reason=reason, topic=topic, state=state)
    found = await dead_letters.letters(ctx.database, _stored, chosen, before=before, limit=limit + 1)
    return DeadLetterPage(
        items=[_shown(letter) for letter in found[:limit]],
        next=found[limit - 1].dead_letter_id if len(found) > limit else None,
    )


@router.get("/{dead_letter_id}")
async def get_dead_letter(ctx: Ctx, dead_letter_id: int) -> DeadLetterWithPayload:
    """Return one dead letter with its bytes, decoded as far as possible, and what happened to it since."""
    found = await dead_letters.letters(ctx.database, _stored, LetterFilter(ids=(dead_letter_id,)), limit=1)
    if not found:
        raise NotFound(f"there is no dead letter {dead_letter_id}")
    payload = await dead_letters.payload(ctx.database, dead_letter_id)
    decoded = await asyncio.to_thread(excerpt, payload, found[0].content_type)
    return DeadLetterWithPayload(
        **_shown(found[0]).model_dump(),
        payload_base64=base64.b64encode(payload).decode(),
        payload_hex=hex_dump(payload),
        decoded=[asdict(reading) for reading in decoded.readings],
        decoded_readings=decoded.count,
        decoding_trouble=decoded.trouble,
        history=await dead_letters.events(ctx.database, DeadLetterEvent, dead_letter_id),
        came_back_as=await dead_letters.later_letters(ctx.database, dead_letter_id),
    )


@router.post("/redrive")
async def redrive_dead_letters(ctx: Ctx, wanted: RedriveRequest) -> RedriveAnswer:
    """Publish the messages of dead letters to their topics again, byte for byte; they go the way of every message.

    Readings that were accepted the first time come out as duplicates.
    """
    if ctx.redrive is None:
        raise Misconfigured("this API has no broker to publish to; set CITYWATCH_BROKER_URL")
    chosen = LetterFilter(
        ids=None if wanted.ids is None else tuple(wanted.ids),
        since=wanted.since,
        until=wanted.until,
        reason=wanted.reason,
        topic=wanted.topic,
    )
    report = await asyncio.to_thread(
        ctx.redrive, chosen, actor=wanted.actor, limit=wanted.limit, dry_run=wanted.dry_run
    )
    return RedriveAnswer(**asdict(report), dry_run=wanted.dry_run)


def _stored(*, state: str, **columns: object) -> StoredLetter:
    return StoredLetter(state=LetterState(state), **columns)  # type: ignore[arg-type]  # the columns of the statement


def _shown(letter: StoredLetter) -> DeadLetter:
    return DeadLetter(
        **{**asdict(letter), "payload_sha256": letter.payload_sha256.hex()},
        remedy=remedy(letter.reason),
        obstacle=obstacle(letter),
    )
