"""What stands at an address: a collection, an entity, a property of one, or references."""

import json
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse, PlainTextResponse

from api.sensorthings.addresses import Address, Step
from api.sensorthings.documents import Writer, inside
from api.sensorthings.unreadable import Unreadable
from citywatch.errors import NotFound
from citywatch.model.sensorthings import Query
from citywatch.storage.serving.sensorthings import Reader, Row, are_linked


async def answer(
    reader: Reader, address: Address, query: Query, *, root: str, link: str, after: str | None = None
) -> Response:
    """Return what stands at an address.

    Parameters
    ----------
    root
        Address of the service.
    link
        The address itself, below the root.
    after
        Identifier of the entity a page follows in the default order.

    Raises
    ------
    NotFound
        Nothing stands there.
    Unreadable
        ``after`` and an order of one's own do not go together.
    """
    if after is not None and query.order:
        raise Unreadable("$skiptoken", 1, "goes with the default order alone; leave $orderby out")
    *before, last = address.steps
    row = await _entity(reader, before)
    writer = Writer(reader, root)
    if last.many:
        if row is None:
            found = await reader.entities(last.entities, query, after=after)
        else:
            (found,) = await reader.linked(before[-1].entities, last.name, [row], query, after=after)
        if address.references:
            value = writer.references(last.entities, found.rows)
            more = {"@iot.nextLink": writer.next_link(f"{root}/{link}", found, query)} if found.more else {}
            return JSONResponse({**more, "value": value})
        return JSONResponse(await writer.page(last.entities, found, query, f"{root}/{link}"))
    row = await _entity(reader, address.steps)
    assert row is not None
    if address.references:
        return JSONResponse(writer.references(last.entities, [row])[0])
    if address.inside:
        return _property(address, row)
    return JSONResponse((await writer.documents(last.entities, [row], query))[0])


async def _entity(reader: Reader, steps: "list[Step] | tuple[Step, ...]") -> Row | None:
    """Return the entity that steps lead to; None without steps."""
    row: Row | None = None
    former: Step | None = None
    for step in steps:
        if step.identifier is not None:
            found = await reader.entity(step.entities, step.identifier)
            if found is not None and former is not None and row is not None:
                found = found if are_linked(former.entities, row, step.entities, found) else None
        else:
            assert former is not None
            assert row is not None
            (page,) = await reader.linked(former.entities, step.name, [row], Query(top=1))
            found = page.rows[0] if page.rows else None
        if found is None:
            called = "" if step.identifier is None else f" {step.identifier!r}"
            raise NotFound(f"there is no entity{called} of {step.entities} there")
        row, former = found, step
    return row


def _property(address: Address, row: Row) -> Response:
    value = inside(row, address.inside)
    if value is None:
        return Response(status_code=204)
    if not address.bare:
        name = address.inside[-1] if address.inside != ("id",) else "@iot.id"
        return JSONResponse({name: value})
    text: Any = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return PlainTextResponse(text)
