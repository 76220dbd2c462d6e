"""The service as an application of its own: the standard rules its addresses and parameters, not our API."""

from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from api.context import Context, Ctx
from api.errors import FieldFault, install_error_handlers, problem
from api.sensorthings.addresses import read_address
from api.sensorthings.answers import answer
from api.sensorthings.options import read_options
from api.sensorthings.unreadable import Unreadable
from citywatch.errors import Rejected
from citywatch.model.sensorthings import EntitySet
from citywatch.storage.serving.sensorthings import reading

_REQUIREMENTS: Final = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
_MET: Final = (
    "datamodel",
    "resource-path/resource-path-to-entities",
    "request-data/expand",
    "request-data/select",
    "request-data/status-code",
    "request-data/orderby",
    "request-data/top",
    "request-data/skip",
    "request-data/count",
    "request-data/pagination",
)


def create_service(context: Context) -> FastAPI:
    """Return the service on top of a context that somebody else opens; to be mounted where it shall stand."""
    service = FastAPI(openapi_url=None)
    service.state.context = context
    install_error_handlers(service)
    service.add_api_route("/", _get_root)
    service.add_api_route("/{path:path}", _get)
    return service


async def _get_root(request: Request) -> dict[str, Any]:
    """Return the sets that are served, and the requirements of the standard that are met."""
    return {
        "value": [{"name": name.value, "url": f"{_address(request)}/{name}"} for name in EntitySet],
        "serverSettings": {"conformance": [_REQUIREMENTS + name for name in _MET]},
    }


async def _get(ctx: Ctx, request: Request, path: str) -> Response:
    """Return what stands at a path: a collection, an entity, a property or references."""
    try:
        options = _options(request)
        after = options.pop("$skiptoken", None)
        address = read_address(path)
        query = read_options(address.steps[-1].entities, options)
        root, link = _address(request), quote(path, safe="/()':$")
        async with reading(ctx.database) as reader:
            return await answer(reader, address, query, root=root, link=link, after=after)
    except Unreadable as error:
        fault = FieldFault(field=error.part, message=error.message)
        return problem(400, "The query cannot be understood", str(error), [fault])
    except Rejected as error:
        return problem(400, "The query cannot be answered", error.detail)


def _options(request: Request) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name in options:
            raise Unreadable(name, 1, "stands there twice; give it once")
        options[name] = text
    return options


def _address(request: Request) -> str:
    """Return where the service stands, as the client sees it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
