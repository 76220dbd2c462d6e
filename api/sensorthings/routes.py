"""The service below ``/sta/v1.1``: one address for the root, one pattern for everything else."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from api.context import Ctx
from api.errors import FieldFault, Problem, problem
from api.sensorthings.addresses import read_address
from api.sensorthings.answers import answer
from api.sensorthings.options import read_options
from api.sensorthings.unreadable import Unreadable
from citywatch.errors import Rejected
from citywatch.model.sensorthings import EntitySet
from citywatch.storage.serving.sensorthings import reading

ROOT: Final = "/sta/v1.1"
router = APIRouter(tags=["sensorthings"], prefix=ROOT)
_REQUIREMENTS: Final = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
_CONFORMANCE: Final = (
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
_UNREADABLE: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "A query option cannot be understood; the answer says at which character"},
    404: {"model": Problem, "description": "The path leads nowhere"},
}
_OPTIONS: Final = ("$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand", "$skiptoken")


@router.get("/", include_in_schema=False)
@router.get("")
async def get_service(request: Request) -> dict[str, Any]:
    """Return the sets of OGC SensorThings 1.1 that are served, and the requirements that are met."""
    root = _root(request)
    return {
        "value": [{"name": name.value, "url": f"{root}/{name}"} for name in EntitySet],
        "serverSettings": {"conformance": [_REQUIREMENTS + name for name in _CONFORMANCE]},
    }


@router.get("/{path:path}", responses=_UNREADABLE)
async def get_entities(
    ctx: Ctx,
    request: Request,
    path: str,
    filter_: Annotated[str | None, Query(alias="$filter", examples=["result ge 20 and resultQuality eq 1"])] = None,
    orderby: Annotated[str | None, Query(alias="$orderby", examples=["phenomenonTime desc"])] = None,
    top: Annotated[str | None, Query(alias="$top", description="at most 1000 a page; 100 when absent")] = None,
    skip: Annotated[str | None, Query(alias="$skip")] = None,
    count: Annotated[str | None, Query(alias="$count", description="true: how many there are on all pages")] = None,
    select: Annotated[str | None, Query(alias="$select", examples=["name,description"])] = None,
    expand: Annotated[str | None, Query(alias="$expand", examples=["Datastreams($expand=Sensor)"])] = None,
    after: Annotated[str | None, Query(alias="$skiptoken", description="part of `@iot.nextLink`")] = None,
) -> Response:
    """Return a collection, an entity, a property or references, as the path says (OGC SensorThings 1.1, reading)."""
    given = {
        "$filter": filter_,
        "$orderby": orderby,
        "$top": top,
        "$skip": skip,
        "$count": count,
        "$select": select,
        "$expand": expand,
    }
    try:
        _only_once(request)
        address = read_address(path)
        asked = read_options(
            address.steps[-1].entities, {name: text for name, text in given.items() if text is not None}
        )
        async with reading(ctx.database) as reader:
            return await answer(
                reader, address, asked, root=_root(request), link=quote(path, safe="/()':$"), after=after
            )
    except Unreadable as error:
        fault = FieldFault(field=error.part, message=error.message)
        return problem(400, "The query cannot be understood", str(error), [fault])
    except Rejected as error:
        return problem(400, "The query cannot be answered", error.detail)


def _only_once(request: Request) -> None:
    """Refuse options that are given twice, or are none."""
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in _OPTIONS:
            raise Unreadable(name, 1, f"no query option is called so; there are {', '.join(_OPTIONS)}")
        if names.count(name) > 1:
            raise Unreadable(name, 1, "stands there twice; give it once")


def _root(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{ROOT}"
