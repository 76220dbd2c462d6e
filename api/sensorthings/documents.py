"""Entities as JSON documents, with what is expanded in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from api.sensorthings.addresses import address_of
from citywatch.model.sensorthings import ENTITIES, EntitySet, Query
from citywatch.storage.serving.sensorthings import Found, Reader, Row

Document = dict[str, Any]
_PLAIN: Final = "$',()/:;@"


class Writer:
    """Writes the documents of one answer; ``root`` is the address of the service."""

    def __init__(self, reader: Reader, root: str) -> None:
        self._reader = reader
        self._root = root

    async def page(self, entities: EntitySet, found: Found, query: Query, link: str) -> Document:
        """Return a page of a collection; ``link`` leads to it."""
        page: Document = {} if found.count is None else {"@iot.count": found.count}
        if found.more:
            page["@iot.nextLink"] = self.next_link(link, found, query)
        return {**page, "value": await self.documents(entities, found.rows, query)}

    async def documents(self, entities: EntitySet, rows: Sequence[Row], query: Query) -> list[Document]:
        """Return entities with their expansions."""
        documents = [self._document(entities, row, query.select) for row in rows]
        for name, asked in query.expand.items():
            link = ENTITIES[entities].links[name]
            pages = await self._reader.linked(entities, name, rows, asked) if rows else []
            flat = iter(await self.documents(link.target, [row for page in pages for row in page.rows], asked))
            for row, document, page in zip(rows, documents, pages, strict=True):
                document.pop(f"{name}@iot.navigationLink", None)
                inner = [next(flat) for _ in page.rows]
                if not link.many:
                    document[name] = inner[0] if inner else None
                    continue
                if page.count is not None:
                    document[f"{name}@iot.count"] = page.count
                document[name] = inner
                if page.more:
                    at = f"{self._root}/{address_of(entities, row['id'])}/{name}"
                    document[f"{name}@iot.nextLink"] = self.next_link(at, page, asked)
        return documents

    def references(self, entities: EntitySet, rows: Sequence[Row]) -> list[Document]:
        """Return the addresses of entities in place of themselves."""
        return [{"@iot.selfLink": f"{self._root}/{address_of(entities, row['id'])}"} for row in rows]

    def next_link(self, link: str, found: Found, query: Query) -> str:
        """Return the link to the page that follows; in the default order it goes by the last entity, not by a number.

        So entities that arrive meanwhile shift no page, and a late page costs no more than the first.
        """
        options = {name: text for name, text in query.written.items() if name not in {"$skip", "$skiptoken"}}
        if query.order or not found.rows:
            options["$skip"] = str(query.skip + len(found.rows))
        else:
            options["$skiptoken"] = str(found.rows[-1]["id"])
        return f"{link}?{urlencode(options, quote_via=quote, safe=_PLAIN)}"

    def _document(self, entities: EntitySet, row: Row, select: Sequence[str]) -> Document:
        entity = ENTITIES[entities]
        at = f"{self._root}/{address_of(entities, row['id'])}"
        chosen = set(select) or {*entity.properties, *entity.links}
        document: Document = {}
        if "id" in chosen:
            document["@iot.id"] = row["id"]
            document["@iot.selfLink"] = at
        for name in entity.properties:
            if name in chosen and name != "id":
                document[name] = written(row[name])
        for name in entity.links:
            if name in chosen:
                document[f"{name}@iot.navigationLink"] = f"{at}/{name}"
        return document


def written(value: object) -> object:
    """Return a value as JSON knows it; times in UTC."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def inside(row: Row, names: Sequence[str]) -> object:
    """Return what a property of an entity holds, further names leading into it; None when there is no such thing."""
    value: object = row[names[0]]
    for name in names[1:]:
        value = value.get(name) if isinstance(value, Mapping) else None
    return written(value)
