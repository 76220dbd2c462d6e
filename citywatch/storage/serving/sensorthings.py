"""The city as sets of OGC SensorThings: entities by query, with those they link to, out of one snapshot."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from psycopg import errors, sql
from psycopg.rows import dict_row

from citywatch.errors import Reason, Rejected
from citywatch.model.sensorthings import ENTITIES, EntitySet, Query
from citywatch.storage.serving.database import Connection, Database
from citywatch.storage.serving.sensorthings_filter import (
    KEYS,
    Parameters,
    after_key,
    condition,
    has_identifier,
    joined_on,
    order_term,
    table,
)
from citywatch.storage.sql import load_sql

Row = Mapping[str, Any]
"""The properties of an entity by their names in the standard, and the columns its links join on."""
LONGEST: Final = 20
"""How long one statement may take [s]."""
MOST: Final = 10_000
"""Linked entities that one reader returns: what an answer with expansions can hold."""
_SQL: Final = load_sql("citywatch.storage.serving", "sensorthings.sql")
_TYPES: Final = {"datastream_id": sql.SQL("int4[]")}  # of the columns that links join on; the others are text


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entities; ``count`` is how many there are on all pages, when asked; ``more``: another page follows."""

    rows: list[Row]
    count: int | None
    more: bool


class Reader:
    """Reads sets within one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left = MOST

    async def entity(self, entities: EntitySet, identifier: str) -> Row | None:
        """Return the entity with an identifier."""
        parameters = Parameters()
        tests = has_identifier(entities, identifier, "e", parameters)
        rows = await self._rows("entity", parameters, table=table(entities, "e"), tests=tests)
        return rows[0] if rows else None

    async def entities(self, entities: EntitySet, query: Query, *, after: str | None = None) -> Found:
        """Return a page of a set; ``after``: of what follows the entity with this identifier in the default order."""
        parameters = Parameters()
        parts = _parts(entities, query, after, parameters)
        rows = await self._rows("page", parameters, **parts)
        count = (await self._rows("count", parameters, **parts))[0]["count"] if query.count else None
        return Found(rows[: query.top], count, len(rows) > query.top > 0)

    async def linked(
        self, entities: EntitySet, link: str, rows: Sequence[Row], query: Query, *, after: str | None = None
    ) -> list[Found]:
        """Return a page of what a link of each row leads to, in the order of the rows; ``after`` as above.

        Raises
        ------
        Rejected
            There are more than :data:`MOST`, those of earlier calls included.
        """
        target = ENTITIES[entities].links[link].target
        columns = joined_on(entities, target)
        keys = [tuple(row[name] for name in columns) for row in rows]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        parameters = Parameters()
        parts = {
            **_parts(target, query, after, parameters),
            **_parents(columns, list(numbers), parameters),
            "most": parameters.add(self._left + 1),
        }
        pages: list[list[Row]] = [[] for _ in numbers]
        for row in await self._rows("linked", parameters, **parts):
            pages[row["parent_no"] - 1].append(row)
        counts: list[int | None] = [None] * len(numbers)
        if query.count:
            for row in await self._rows("linked_counts", parameters, **parts):
                counts[row["parent_no"] - 1] = row["count"]
        found = [
            Found(page[: query.top], count, len(page) > query.top > 0)
            for page, count in zip(pages, counts, strict=True)
        ]
        self._left -= sum(len(pages[numbers[key]]) for key in keys)  # one that several share counts for each
        if self._left < 0:
            raise Rejected(Reason.TOO_LARGE, f"this asks for more than {MOST} linked entities; lower $top, expand less")
        return [found[numbers[key]] for key in keys]

    async def _rows(self, statement: str, parameters: Parameters, **parts: sql.Composable) -> list[Row]:
        try:
            async with self._connection.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(sql.SQL(_SQL[statement].decode()).format(**parts), parameters.values)
                return list(await cursor.fetchall())
        except errors.QueryCanceled as error:
            raise Rejected(
                Reason.TOO_LARGE, f"this takes longer than {LONGEST} s; narrow it down, by phenomenonTime for one"
            ) from error


def _parts(entities: EntitySet, query: Query, after: str | None, parameters: Parameters) -> dict[str, sql.Composable]:
    always = sql.SQL("true")
    order = [
        *(order_term(term, "e", parameters) for term in query.order),
        *(sql.Identifier("e", name) for name in KEYS[entities]),
    ]
    return {
        "table": table(entities, "e"),
        "where": always if query.where is None else condition(query.where, entities, "e", parameters),
        "following": always if after is None else after_key(entities, after, "e", parameters),
        "order": sql.SQL(", ").join(order),
        "limit": parameters.add(query.top + 1),
        "offset": parameters.add(query.skip),
    }


def _parents(
    columns: Sequence[str], keys: Sequence[tuple[Any, ...]], parameters: Parameters
) -> dict[str, sql.Composable]:
    """Return keys as a table ``p`` of the columns a link joins on, numbered from 1, and the join."""
    arrays = [
        sql.SQL("{}::{}").format(parameters.add(list(values)), _TYPES.get(name, sql.SQL("text[]")))
        for name, values in zip(columns, zip(*keys, strict=True), strict=True)
    ]
    joins = [sql.SQL("{} = {}").format(sql.Identifier("e", name), sql.Identifier("p", name)) for name in columns]
    return {
        "parents": sql.SQL("unnest({}) WITH ORDINALITY AS p({}, parent_no)").format(
            sql.SQL(", ").join(arrays), sql.SQL(", ").join(map(sql.Identifier, columns))
        ),
        "joins": sql.SQL(" AND ").join(joins),
    }


def are_linked(entities: EntitySet, row: Row, target: EntitySet, other: Row) -> bool:
    """Return whether two entities of sets that a link joins are linked."""
    return all(row[name] == other[name] for name in joined_on(entities, target))


@asynccontextmanager
async def reading(database: Database) -> AsyncIterator[Reader]:
    """Lend a reader of one snapshot, whose statements end after :data:`LONGEST` seconds."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(f"{LONGEST}s")))
        yield Reader(connection)
