"""The API over a real database, called without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx

from api.context import Context
from api.live import Live
from api.main import create_app
from citywatch.broker import BrokerAddress
from citywatch.clock import Clock, SystemClock
from citywatch.redrive import redrive
from citywatch.storage.serving.database import Database


@asynccontextmanager
async def api_client(
    database: str, clock: Clock | None = None, broker: BrokerAddress | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the API; its base address is ``/api/v1``."""
    served = Database(database, process="test api", connections=4)
    clock = clock or SystemClock()
    driver = None if broker is None else partial(redrive, database, broker, clock=clock)
    app = create_app(Context(served, clock, Live(served), redrive=driver))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test/api/v1"
        ) as client,
    ):
        yield client
