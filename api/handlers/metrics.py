"""The scrape point of Prometheus. It stands outside the API's own paths, where scrapers look for it."""

from starlette.requests import Request
from starlette.responses import Response

from api.context import context
from api.live import NewestBatch
from api.metrics import Requests, Snapshot, exposition
from api.schemas.indicators import ProcessHealth
from api.schemas.sensors import SensorCounts
from citywatch.clock import Clock
from citywatch.errors import Unavailable
from citywatch.storage.serving import alarms, health, sensors
from citywatch.storage.serving.database import Database


async def get_metrics(request: Request) -> Response:
    """Return the metrics of all processes; with the database away, those of this one."""
    ctx = context(request)
    requests = request.app.state.requests
    assert isinstance(requests, Requests)
    try:
        snapshot = await _snapshot(ctx.database, ctx.clock)
    except Unavailable:
        snapshot = None
    body, media_type = exposition(requests, snapshot, request.headers.get("accept", ""))
    return Response(body, media_type=media_type)


async def _snapshot(database: Database, clock: Clock) -> Snapshot:
    return Snapshot(
        at=clock.now(),
        processes=await health.processes(database, ProcessHealth),
        newest=await health.newest_batch(database, NewestBatch),
        sensors=await sensors.counts(database, SensorCounts),
        open_alarms=await alarms.open_counts(database),
    )
