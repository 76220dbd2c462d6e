"""Webhook endpoints: register, change, test; the log of their deliveries, and what is sent again."""

import secrets
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import RequestValidationError

from api.context import Context, Ctx
from api.schemas.webhooks import (
    AttemptPage,
    CreatedEndpoint,
    DeliveryAttempt,
    DeliveryPage,
    DeliveryState,
    Endpoint,
    EndpointSettings,
    NewEndpoint,
    RedeliverAnswer,
    RedeliverRequest,
    RotatedSecret,
    RotateSecret,
    SentTest,
)
from api.webhooks.shapes import sample_data
from api.webhooks.signature import new_secret, public_key
from citywatch.errors import Conflict, NotFound
from citywatch.storage.serving import deliveries, endpoints

router = APIRouter(tags=["webhooks"], prefix="/webhooks")


@router.get("")
async def list_endpoints(ctx: Ctx) -> list[Endpoint]:
    """Return the endpoints and how their deliveries stand."""
    return await endpoints.endpoints(ctx.database, Endpoint)


@router.post("", status_code=201)
async def add_endpoint(ctx: Ctx, endpoint: NewEndpoint) -> CreatedEndpoint:
    """Register an endpoint for everything that happens from now on; the answer shows its secret this once."""
    settings = await _checked(ctx, endpoint)
    secret = new_secret(endpoint.signing)
    number = await endpoints.add_endpoint(ctx.database, settings, secret=secret, public_key=public_key(secret))
    return CreatedEndpoint(endpoint_id=number, **_key(secret))


@router.get("/{endpoint_id}")
async def get_endpoint(ctx: Ctx, endpoint_id: int) -> Endpoint:
    """Return one endpoint."""
    found = await endpoints.endpoints(ctx.database, Endpoint, endpoint_id)
    if not found:
        raise NotFound(f"there is no webhook endpoint {endpoint_id}")
    return found[0]


@router.put("/{endpoint_id}")
async def change_endpoint(ctx: Ctx, endpoint_id: int, endpoint: EndpointSettings) -> Endpoint:
    """Replace the settings of an endpoint; what is left out gets its default, the secret stays.

    It counts as well again: what waits for it is tried at once.
    """
    await endpoints.change_endpoint(ctx.database, endpoint_id, await _checked(ctx, endpoint))
    return await get_endpoint(ctx, endpoint_id)


@router.delete("/{endpoint_id}", status_code=204)
async def remove_endpoint(ctx: Ctx, endpoint_id: int) -> Response:
    """Remove an endpoint with its deliveries and log."""
    await endpoints.remove_endpoint(ctx.database, endpoint_id)
    return Response(status_code=204)


@router.post("/{endpoint_id}/rotate-secret")
async def rotate_secret(ctx: Ctx, endpoint_id: int, wanted: RotateSecret) -> RotatedSecret:
    """Sign with a new secret; for a while the present one signs too, so that receivers can change theirs at leisure."""
    secret = new_secret(wanted.signing)
    until = ctx.clock.now() + timedelta(hours=wanted.overlap_hours) if wanted.overlap_hours else None
    await endpoints.rotate_secret(
        ctx.database, endpoint_id, secret=secret, public_key=public_key(secret), previous_until=until
    )
    return RotatedSecret(previous_until=until, **_key(secret))


@router.post("/{endpoint_id}/test", status_code=202)
async def send_test(ctx: Ctx, endpoint_id: int) -> SentTest:
    """Send a test event the way of every event, past the filters of the endpoint."""
    await _enabled(ctx, endpoint_id)
    data = sample_data(endpoint_id, secrets.token_hex(4), ctx.clock.now())
    return SentTest(outbox_id=await deliveries.send_test(ctx.database, endpoint_id, data))


@router.get("/{endpoint_id}/attempts")
async def list_attempts(
    ctx: Ctx,
    endpoint_id: int,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AttemptPage:
    """Return the log of an endpoint, newest first."""
    await get_endpoint(ctx, endpoint_id)
    found = await deliveries.attempts(ctx.database, DeliveryAttempt, endpoint_id, before=before, limit=limit + 1)
    return AttemptPage(items=found[:limit], next=found[limit - 1].attempt_id if len(found) > limit else None)


@router.get("/{endpoint_id}/deliveries")
async def list_deliveries(
    ctx: Ctx,
    endpoint_id: int,
    state: Literal["queued", "waiting", "pending", "delivered", "failed"] | None = None,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DeliveryPage:
    """Return the deliveries of an endpoint, the newest event first; those that failed are its dead letters."""
    await get_endpoint(ctx, endpoint_id)
    found = await deliveries.deliveries(
        ctx.database, DeliveryState, endpoint_id, state=state, before=before, limit=limit + 1
    )
    return DeliveryPage(items=found[:limit], next=found[limit - 1].outbox_id if len(found) > limit else None)


@router.post("/{endpoint_id}/redeliver")
async def redeliver(ctx: Ctx, endpoint_id: int, wanted: RedeliverRequest) -> RedeliverAnswer:
    """Send events again under the identifiers they had, each with a schedule that begins anew."""
    await _enabled(ctx, endpoint_id)
    if wanted.outbox_ids is not None:
        sent = await deliveries.redeliver(ctx.database, endpoint_id, wanted.outbox_ids)
        return RedeliverAnswer(outbox_ids=sent, next=None)
    span = deliveries.Span(wanted.since, wanted.until, wanted.after)
    sent = await deliveries.redeliver_span(
        ctx.database, endpoint_id, span, failed_only=wanted.which == "failed", limit=wanted.limit
    )
    return RedeliverAnswer(outbox_ids=sent, next=sent[-1] if len(sent) == wanted.limit else None)


async def _checked(ctx: Context, endpoint: EndpointSettings) -> endpoints.EndpointSettings:
    """Return settings as they are stored, after a look at what the request alone does not tell."""
    url = str(endpoint.url)
    if refusal := ctx.webhook_addresses.url_refusal(url):
        raise _refused("url", refusal)
    for field, name in await endpoints.unknown_names(
        ctx.database, systems=endpoint.systems, districts=endpoint.districts
    ):
        raise _refused(field, f"there is no {field.removesuffix('s')} {name}; GET /{field} lists them")
    return endpoints.EndpointSettings(**{**endpoint.model_dump(mode="json", exclude={"signing"}), "url": url})


async def _enabled(ctx: Context, endpoint_id: int) -> None:
    endpoint = await get_endpoint(ctx, endpoint_id)
    if not endpoint.enabled:
        raise Conflict(
            f"webhook endpoint {endpoint_id} is disabled ({endpoint.disabled_because}); enable it first with PUT"
        )


def _refused(field: str, sentence: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("body", field), "msg": sentence}])


def _key(secret: str) -> dict[str, str | None]:
    public = public_key(secret)
    return {"secret": secret if public is None else None, "public_key": public}
