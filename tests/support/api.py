"""The API over a real database, called without a network or over one."""

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from ipaddress import ip_network

import httpx
import uvicorn

from api.context import Context
from api.live import Live
from api.main import create_app
from api.webhooks.addresses import AddressRules
from citywatch.broker import BrokerAddress
from citywatch.clock import Clock, SystemClock
from citywatch.redrive import redrive
from citywatch.storage.serving.database import Database
from cli.embedded.ports import free_port
from tests.support.waiting import wait_until


@asynccontextmanager
async def api_client(
    database: str,
    clock: Clock | None = None,
    broker: BrokerAddress | None = None,
    *,
    webhook_networks: Sequence[str] = (),
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the API; its base address is ``/api/v1``."""
    served = Database(database, process="test api", connections=4)
    clock = clock or SystemClock()
    driver = None if broker is None else partial(redrive, database, broker, clock=clock)
    rules = AddressRules(tuple(ip_network(network) for network in webhook_networks))
    app = create_app(Context(served, clock, Live(served), redrive=driver, webhook_addresses=rules))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test/api/v1"
        ) as client,
    ):
        yield client


@contextmanager
def api_server(database: str, clock: Clock | None = None) -> Iterator[str]:
    """Yield the address of an API that really listens."""
    served = Database(database, process="test api", connections=4)
    port = free_port()
    app = create_app(Context(served, clock or SystemClock(), Live(served)))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, what="the API")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)
