"""The API over a real database, called without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from api.context import Context
from api.live import Live
from api.main import create_app
from citywatch.clock import Clock, SystemClock
from citywatch.storage.serving.database import Database


@asynccontextmanager
async def api_client(database: str, clock: Clock | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the API; its base address is ``/api/v1``."""
    served = Database(database, process="test api", connections=4)
    app = create_app(Context(served, clock or SystemClock(), Live(served)))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test/api/v1"
        ) as client,
    ):
        yield client
