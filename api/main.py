"""The web application: routes, errors, console. Everything it needs is handed in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from api.context import Context
from api.errors import PROBLEMS, install_error_handlers
from api.examples import describe_examples
from api.handlers import (
    alarms,
    coverage_days,
    dead_letters,
    event_windows,
    export,
    indicators,
    ledger,
    observations,
    registry,
    rollups,
    sensors,
    stream,
    targets,
    webhooks,
)
from api.handlers.metrics import get_metrics
from api.metrics import Measured, Requests
from api.parameters import PREFIX, refuse_unknown_parameters
from api.sensorthings.service import create_service

_DESCRIPTION: Final = """
citywatch watches a city's lifelines: bridges, gas network, waterlogging points, streetlights.

Times are UTC (RFC 3339). Values are in the UCUM unit that stands beside them and carry a QARTOD quality flag. Errors
are problem details (RFC 9457). Lists come in pages; `next` of one page leads to the next.
"""
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self';"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_OWN_PAGES: Final = ("/docs", "/redoc")  # FastAPI's pages bring scripts of their own


def create_app(context: Context, *, cors_origins: Sequence[str] = ()) -> FastAPI:
    """Return the application on top of a context, which it opens and closes."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await context.database.open()
        try:
            async with context.live.running():
                yield
        finally:
            await context.database.close()

    app = FastAPI(
        title="citywatch",
        version=version("citywatch"),
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        responses=PROBLEMS,
        dependencies=[Depends(refuse_unknown_parameters)],
        openapi_url=f"{PREFIX}/openapi.json",
        redoc_url=None,
    )
    app.state.context = context
    requests = app.state.requests = Requests()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    if cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(cors_origins), allow_methods=["GET"])
    install_error_handlers(app)
    for handlers in (
        registry,
        sensors,
        observations,
        event_windows,
        export,
        rollups,
        alarms,
        indicators,
        coverage_days,
        targets,
        ledger,
        dead_letters,
        webhooks,
        stream,
    ):
        app.include_router(handlers.router, prefix=PREFIX)
    describe_examples(app)
    app.middleware("http")(_secure)
    app.add_middleware(Measured, requests=requests)
    app.router.routes.append(Route("/metrics", get_metrics))
    app.mount("/sta/v1.1", create_service(context), name="sensorthings")
    app.mount("/", StaticFiles(directory=console_folder(), html=True), name="console")
    return app


def console_folder() -> Path:
    """Return the folder of the console's files."""
    return Path(str(files("api") / "console" / "static"))


async def _secure(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add the headers that keep a browser from doing more than the console needs."""
    response = await answer(request)
    if not request.url.path.startswith(_OWN_PAGES):
        response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
