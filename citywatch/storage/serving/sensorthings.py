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
    joined_on,
    key_of,
    order_term,
    table,
)

Row = Mapping[str, Any]
"""The properties of an entity by their names in the standard, and the columns its links join on."""
LONGEST: Final = 20
"""How long one statement may take [s]."""
_PARENT: Final = "parent_no"
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

    async def entity(self, entities: EntitySet, identifier: str) -> Row | None:
        """Return the entity with an identifier."""
        key = key_of(entities, identifier)
        if key is None:
            return None
        parameters = Parameters()
        tests = [
            sql.SQL("{} = {}").format(sql.Identifier("e", name), parameters.add(value))
            for name, value in zip(KEYS[entities], key, strict=True)
        ]
        rows = await self._rows(
            sql.SQL("SELECT * FROM {} WHERE {}").format(table(entities, "e"), sql.SQL(" AND ").join(tests)), parameters
        )
        return rows[0] if rows else None

    async def entities(self, entities: EntitySet, query: Query, *, after: str | None = None) -> Found:
        """Return a page of a set; ``after``: of what follows the entity with this identifier in the default order."""
        parameters = Parameters()
        where = self._where(entities, query, parameters)
        count = await self._count(entities, where, parameters) if query.count else None
        if after is not None:
            where = sql.SQL("{} AND {}").format(where, after_key(entities, after, "e", parameters))
        order = self._order(entities, query, parameters)
        statement = sql.SQL("SELECT * FROM {} WHERE {} ORDER BY {} LIMIT {} OFFSET {}").format(
            table(entities, "e"), where, order, parameters.add(query.top + 1), parameters.add(query.skip)
        )
        rows = await self._rows(statement, parameters)
        return Found(rows[: query.top], count, len(rows) > query.top)

    async def linked(
        self, entities: EntitySet, link: str, rows: Sequence[Row], query: Query, *, after: str | None = None
    ) -> list[Found]:
        """Return a page of what a link of each row leads to, in the order of the rows; ``after`` as above."""
        target = ENTITIES[entities].links[link].target
        columns = joined_on(entities, target)
        parameters = Parameters()
        where = self._where(target, query, parameters)
        order = self._order(target, query, parameters)
        parents = sql.SQL("unnest({}) WITH ORDINALITY AS p({}, {})").format(
            sql.SQL(", ").join(
                sql.SQL("{}::{}").format(
                    parameters.add([row[name] for row in rows]), _TYPES.get(name, sql.SQL("text[]"))
                )
                for name in columns
            ),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(_PARENT),
        )
        joins = sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier("e", name), sql.Identifier("p", name)) for name in columns
        )
        following = sql.SQL("true") if after is None else after_key(target, after, "e", parameters)
        found: list[list[Row]] = [[] for _ in rows]
        statement = sql.SQL(
            "SELECT p.{parent}, e.* FROM {parents} CROSS JOIN LATERAL"
            " (SELECT * FROM {table} WHERE {joins} AND {where} AND {following} ORDER BY {order} LIMIT {limit} OFFSET {offset}) AS e"
            " ORDER BY p.{parent}, {order}"
        ).format(
            parent=sql.Identifier(_PARENT),
            parents=parents,
            table=table(target, "e"),
            joins=joins,
            where=where,
            following=following,
            order=order,
            limit=parameters.add(query.top + 1),
            offset=parameters.add(query.skip),
        )
        for row in await self._rows(statement, parameters):
            found[row[_PARENT] - 1].append(row)
        counts: list[int | None] = [None] * len(rows)
        if query.count:
            statement = sql.SQL(
                "SELECT p.{parent}, (SELECT count(*) FROM {table} WHERE {joins} AND {where}) AS count FROM {parents}"
            ).format(
                parent=sql.Identifier(_PARENT), table=table(target, "e"), joins=joins, where=where, parents=parents
            )
            for row in await self._rows(statement, parameters):
                counts[row[_PARENT] - 1] = row["count"]
        return [
            Found(page[: query.top], count, len(page) > query.top) for page, count in zip(found, counts, strict=True)
        ]

    async def _count(self, entities: EntitySet, where: sql.Composable, parameters: Parameters) -> int:
        statement = sql.SQL("SELECT count(*) AS count FROM {} WHERE {}").format(table(entities, "e"), where)
        (row,) = await self._rows(statement, parameters)
        count: int = row["count"]
        return count

    def _where(self, entities: EntitySet, query: Query, parameters: Parameters) -> sql.Composable:
        return sql.SQL("true") if query.where is None else condition(query.where, entities, "e", parameters)

    def _order(self, entities: EntitySet, query: Query, parameters: Parameters) -> sql.Composed:
        terms = [order_term(order, "e", parameters) for order in query.order]
        return sql.SQL(", ").join([*terms, *(sql.Identifier("e", name) for name in KEYS[entities])])

    async def _rows(self, statement: sql.Composed, parameters: Parameters) -> list[Row]:
        try:
            async with self._connection.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(statement, parameters.values)
                return list(await cursor.fetchall())
        except errors.QueryCanceled as error:
            raise Rejected(
                Reason.TOO_LARGE, f"this takes longer than {LONGEST} s; narrow it down, by phenomenonTime for one"
            ) from error


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
