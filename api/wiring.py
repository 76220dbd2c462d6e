"""The composition of the API process and of the delivery worker: settings are read here and handed on as values."""

import asyncio
import signal
from functools import partial
from typing import Final

import httpx
import numpy as np
import uvicorn

from api.context import Context
from api.live import Live
from api.main import create_app
from api.settings import ApiSettings
from api.webhooks.addresses import AddressRules
from api.webhooks.sender import Sender
from api.webhooks.worker import Worker
from citywatch.broker import BrokerAddress
from citywatch.clock import SystemClock
from citywatch.errors import Misconfigured
from citywatch.logs import configure_logs, logger
from citywatch.redrive import redrive
from citywatch.settings import load_settings
from citywatch.storage.connection import connect
from citywatch.storage.migrate import require_current_schema
from citywatch.storage.serving.database import Database

_WEBHOOK_CONNECTIONS: Final = 2  # the worker asks one thing at a time


def run(*, host: str | None = None, port: int | None = None) -> None:
    """Serve the API until a signal asks it to stop; ``host`` and ``port`` go before the settings.

    Raises
    ------
    Misconfigured
        The port is taken, or the schema is not that of this release.
    """
    settings = load_settings(ApiSettings)
    configure_logs(process="api", level=settings.log_level, format=settings.log_format)
    url = settings.database_url.get_secret_value()
    with connect(url, process="api") as connection:
        require_current_schema(connection)
    database = Database(url, process="api", connections=settings.api_connections)
    broker = BrokerAddress.from_url(settings.broker_url.get_secret_value())
    app = create_app(
        Context(
            database,
            SystemClock(),
            Live(database),
            settings.time_zone,
            redrive=partial(redrive, url, broker, clock=SystemClock()),
            webhook_addresses=AddressRules(settings.webhook_allowed_networks),
        ),
        cors_origins=settings.api_cors_origins,
    )
    address = (host or settings.api_host, port or settings.api_port)
    config = uvicorn.Config(
        app, host=address[0], port=address[1], log_level="warning", access_log=False, timeout_graceful_shutdown=3
    )
    try:
        listening = config.bind_socket()
    except SystemExit as error:  # uvicorn's way to say that it cannot listen
        raise Misconfigured(f"cannot listen on {address[0]}:{address[1]}; is the port taken? choose --port") from error
    logger().info("api serves", address=f"http://{address[0]}:{address[1]}")
    uvicorn.Server(config).run(sockets=[listening])


def run_webhooks() -> None:
    """Deliver webhooks until a signal asks it to stop."""
    settings = load_settings(ApiSettings)
    configure_logs(process="webhooks", level=settings.log_level, format=settings.log_format)
    url = settings.database_url.get_secret_value()
    with connect(url, process="webhooks") as connection:
        require_current_schema(connection)
    asyncio.run(_deliver(settings, url))


async def _deliver(settings: ApiSettings, url: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    database = Database(url, process="webhooks", connections=_WEBHOOK_CONNECTIONS)
    await database.open()
    try:
        rules = AddressRules(settings.webhook_allowed_networks)
        async with Sender(rules, timeout=settings.webhook_timeout, tls=httpx.create_ssl_context()) as sender:
            worker = Worker(
                database,
                sender,
                clock=SystemClock(),
                rng=np.random.default_rng(),
                places=settings.webhook_concurrency,
            )
            logger().info("webhooks run")
            await worker.run(stop)
    finally:
        await database.close()
