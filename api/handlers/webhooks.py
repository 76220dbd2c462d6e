"""Webhook endpoints and the log of their deliveries."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.context import Ctx
from api.schemas.webhooks import CreatedEndpoint, DeliveryAttempt, DeliveryPage, Endpoint, NewEndpoint
from api.webhooks.signature import new_secret
from citywatch.storage.serving import deliveries

router = APIRouter(tags=["webhooks"], prefix="/webhooks")


@router.get("")
async def list_endpoints(ctx: Ctx) -> list[Endpoint]:
    """Return the endpoints and how their deliveries stand."""
    return await deliveries.endpoints(ctx.database, Endpoint)


@router.post("", status_code=201)
async def add_endpoint(ctx: Ctx, endpoint: NewEndpoint) -> CreatedEndpoint:
    """Register an endpoint for everything that happens from now on; the answer shows its secret this once."""
    secret = new_secret()
    number = await deliveries.add_endpoint(
        ctx.database, url=str(endpoint.url), secret=secret, min_severity=endpoint.min_severity
    )
    return CreatedEndpoint(endpoint_id=number, secret=secret)


@router.delete("/{endpoint_id}", status_code=204)
async def remove_endpoint(ctx: Ctx, endpoint_id: int) -> Response:
    """Remove an endpoint with its deliveries and log."""
    await deliveries.remove_endpoint(ctx.database, endpoint_id)
    return Response(status_code=204)


@router.get("/{endpoint_id}/attempts")
async def list_attempts(
    ctx: Ctx,
    endpoint_id: int,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DeliveryPage:
    """Return the log of an endpoint, newest first."""
    found = await deliveries.attempts(ctx.database, DeliveryAttempt, endpoint_id, before=before, limit=limit + 1)
    return DeliveryPage(items=found[:limit], next=found[limit - 1].attempt_id if len(found) > limit else None)
