"""Expressions of OGC SensorThings as SQL conditions; values are parameters, names come from the model alone.

A condition is true or false, never null: ``not`` means the opposite for absent values too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import sql

from citywatch.model.sensorthings import (
    ENTITIES,
    And,
    Comparator,
    Comparison,
    EntitySet,
    Expression,
    Kind,
    Literal,
    Not,
    Or,
    Order,
    Path,
    TextSearch,
    TextTest,
    Within,
)
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.serving", "sensorthings.sql")
_OPERATORS: Final[Mapping[Comparator, sql.SQL]] = {
    Comparator.EQUAL: sql.SQL("="),
    Comparator.NOT_EQUAL: sql.SQL("<>"),
    Comparator.LESS: sql.SQL("<"),
    Comparator.LESS_OR_EQUAL: sql.SQL("<="),
    Comparator.GREATER: sql.SQL(">"),
    Comparator.GREATER_OR_EQUAL: sql.SQL(">="),
}
_SEARCHES: Final[Mapping[TextTest, sql.SQL]] = {
    TextTest.STARTS_WITH: sql.SQL("coalesce(starts_with({0}, {1}::text), false)"),
    TextTest.ENDS_WITH: sql.SQL("coalesce(right({0}, length({1}::text)) = {1}::text, false)"),
    TextTest.CONTAINS: sql.SQL("coalesce(strpos({0}, {1}::text) > 0, false)"),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

KEYS: Final[Mapping[EntitySet, tuple[str, ...]]] = {
    EntitySet.THINGS: ("asset_id",),
    EntitySet.LOCATIONS: ("asset_id",),
    EntitySet.HISTORICAL_LOCATIONS: ("asset_id",),
    EntitySet.DATASTREAMS: ("datastream_id",),
    EntitySet.SENSORS: ("asset_id", "sensor_id"),
    EntitySet.OBSERVED_PROPERTIES: ("property_id",),
    EntitySet.OBSERVATIONS: ("datastream_id", "phenomenonTime"),
    EntitySet.FEATURES_OF_INTEREST: ("asset_id",),
}
"""The columns that tell the entities of a set apart, and order them."""

_JOINS: Final[Mapping[frozenset[EntitySet], tuple[str, ...]]] = {
    frozenset((EntitySet.DATASTREAMS, EntitySet.SENSORS)): ("asset_id", "sensor_id"),
    frozenset((EntitySet.DATASTREAMS, EntitySet.OBSERVED_PROPERTIES)): ("property_id",),
    frozenset((EntitySet.DATASTREAMS, EntitySet.OBSERVATIONS)): ("datastream_id",),
}


class Parameters:
    """The values of a statement, each under a name of its own."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def add(self, value: object) -> sql.Placeholder:
        """Take a value; return what stands for it in the statement."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return sql.Placeholder(name)


def table(entities: EntitySet, alias: str) -> sql.Composed:
    """Return the entities of a set as a table expression."""
    text = sql.SQL(_SQL[entities.value].decode())
    return sql.SQL("({}) AS {}").format(text, sql.Identifier(alias))


def joined_on(entities: EntitySet, target: EntitySet) -> tuple[str, ...]:
    """Return the columns that two linked sets have in common; most links go by the asset."""
    return _JOINS.get(frozenset((entities, target)), ("asset_id",))


def key_of(entities: EntitySet, identifier: str) -> tuple[Any, ...] | None:
    """Return the key an identifier stands for, in the order of :data:`KEYS`; None when it can be nobody's."""
    if entities is EntitySet.DATASTREAMS:
        return (int(identifier),) if re.fullmatch("[0-9]{1,9}", identifier, re.ASCII) else None
    if entities is EntitySet.SENSORS:
        asset_id, colon, sensor_id = identifier.partition(":")
        return (asset_id, sensor_id) if colon else None
    if entities is EntitySet.OBSERVATIONS:
        found = re.fullmatch("([0-9]{1,9}):(-?[0-9]{1,17})", identifier, re.ASCII)
        return (int(found[1]), _EPOCH + timedelta(microseconds=int(found[2]))) if found and _is_time(found[2]) else None
    return (identifier,)


def condition(expression: Expression, entities: EntitySet, alias: str, parameters: Parameters) -> sql.Composable:
    """Return an expression about the entities of a set, which the statement calls ``alias``, as a condition."""
    match expression:
        case And(parts):
            return _all([condition(part, entities, alias, parameters) for part in parts], " AND ")
        case Or(parts):
            return _all([condition(part, entities, alias, parameters) for part in parts], " OR ")
        case Not(part):
            return sql.SQL("(NOT {})").format(condition(part, entities, alias, parameters))
        case Comparison(path, comparator, value):
            return _linked(
                path.links,
                entities,
                alias,
                lambda where, name: _comparison(path, comparator, value, where, name, parameters),
            )
        case TextSearch(path, test, text):
            return _linked(
                path.links,
                entities,
                alias,
                lambda _, name: _SEARCHES[test].format(_text(path, name, parameters), parameters.add(text)),
            )
        case Within(path, rings):
            return _linked(path.links, entities, alias, lambda _, name: _within(rings, name, parameters))


def order_term(order: Order, alias: str, parameters: Parameters) -> sql.Composed:
    """Return a term of an ORDER BY; texts go by code points, what is absent comes last."""
    path, column = order.path, _column(alias, order.path.name)
    direction = "DESC" if order.descending else "ASC"
    if path.kind is Kind.JSON:
        column = sql.SQL("nullif({}, 'null'::jsonb)").format(_inside(path, alias, parameters))
        direction += " NULLS LAST"  # nothing else is ever absent; asked for there, it would cost the index
    elif path.kind is Kind.TEXT:
        column = sql.SQL('{} COLLATE "C"').format(column)
    return sql.SQL("{} {}").format(column, sql.SQL(direction))


def after_key(entities: EntitySet, identifier: str, alias: str, parameters: Parameters) -> sql.Composable:
    """Return the condition that an entity follows the one with an identifier in the order of keys."""
    key = key_of(entities, identifier)
    if key is None:
        return sql.SQL("false")
    columns = sql.SQL(", ").join(_column(alias, name) for name in KEYS[entities])
    return sql.SQL("({}) > ({})").format(columns, sql.SQL(", ").join(parameters.add(value) for value in key))


def _linked(
    links: Sequence[str], entities: EntitySet, alias: str, test: Callable[[EntitySet, str], sql.Composable]
) -> sql.Composable:
    """Return that any entity over there passes a test; a test of the entity itself without links."""
    if not links:
        return test(entities, alias)
    target = ENTITIES[entities].links[links[0]].target
    inner = f"{alias}_{len(links)}"
    joins = [
        sql.SQL("{} = {}").format(_column(inner, name), _column(alias, name)) for name in joined_on(entities, target)
    ]
    return sql.SQL("EXISTS (SELECT FROM {} WHERE {} AND {})").format(
        table(target, inner), sql.SQL(" AND ").join(joins), _linked(links[1:], target, inner, test)
    )


def _comparison(
    path: Path, comparator: Comparator, value: Literal, entities: EntitySet, alias: str, parameters: Parameters
) -> sql.Composable:
    if value is None:
        return _null_comparison(path, comparator, alias, parameters)
    if path.name == "id" and comparator is Comparator.EQUAL and isinstance(value, str | int):
        return has_identifier(entities, str(value), alias, parameters)
    left, right = _typed(path, value, alias, parameters), sql.SQL("{}").format(parameters.add(value))
    if isinstance(value, str):
        right = sql.SQL("{}::text").format(right)
        if comparator not in {Comparator.EQUAL, Comparator.NOT_EQUAL}:
            right = sql.SQL('{} COLLATE "C"').format(right)
    shape = (
        "({0} IS NULL OR {0} {1} {2})" if comparator is Comparator.NOT_EQUAL else "({0} IS NOT NULL AND {0} {1} {2})"
    )
    return sql.SQL(shape).format(left, _OPERATORS[comparator], right)


def _null_comparison(path: Path, comparator: Comparator, alias: str, parameters: Parameters) -> sql.Composable:
    column: sql.Composable = _column(alias, path.name)
    if path.kind is Kind.JSON:
        column = sql.SQL("nullif({}, 'null'::jsonb)").format(_inside(path, alias, parameters))
    if comparator is Comparator.EQUAL:
        return sql.SQL("({} IS NULL)").format(column)
    if comparator is Comparator.NOT_EQUAL:
        return sql.SQL("({} IS NOT NULL)").format(column)
    return sql.SQL("false")


def has_identifier(entities: EntitySet, identifier: str, alias: str, parameters: Parameters) -> sql.Composable:
    """Return the condition that an entity has an identifier, by its key, which has an index."""
    key = key_of(entities, identifier)
    if key is None:
        return sql.SQL("false")
    parts = [
        sql.SQL("{} = {}").format(_column(alias, name), parameters.add(value))
        for name, value in zip(KEYS[entities], key, strict=True)
    ]
    return _all(parts, " AND ")


def _typed(path: Path, value: Literal, alias: str, parameters: Parameters) -> sql.Composed:
    """Return a property as what the value can be compared with; null where an object holds something else."""
    if path.kind is not Kind.JSON:
        return _column(alias, path.name)
    inside = _inside(path, alias, parameters)
    kind, cast_to = ("boolean", "boolean") if isinstance(value, bool) else ("number", "float8")
    if isinstance(value, str):
        kind, cast_to = "string", "text"
    return sql.SQL("CASE WHEN jsonb_typeof({0}) = {1} THEN ({0} #>> '{{}}')::{2} END").format(
        inside, sql.Literal(kind), sql.SQL(cast_to)
    )


def _text(path: Path, alias: str, parameters: Parameters) -> sql.Composed:
    return _typed(path, "", alias, parameters)


def _within(rings: Sequence[Sequence[tuple[float, float]]], alias: str, parameters: Parameters) -> sql.Composable:
    place = _column(alias, "place")
    first, *holes = [parameters.add(f"({','.join(f'({x!r},{y!r})' for x, y in ring)})") for ring in rings]
    parts = [sql.SQL("{} <@ {}::polygon").format(place, first)]
    parts += [sql.SQL("NOT {} <@ {}::polygon").format(place, hole) for hole in holes]
    return _all(parts, " AND ")


def _inside(path: Path, alias: str, parameters: Parameters) -> sql.Composed:
    return sql.SQL("({} #> {}::text[])").format(_column(alias, path.name), parameters.add(list(path.inside)))


def _column(alias: str, name: str) -> sql.Composed:
    return sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(name))


def _all(parts: Sequence[sql.Composable], word: str) -> sql.Composed:
    return sql.SQL("({})").format(sql.SQL(word).join(parts))


def _is_time(micros: str) -> bool:
    return abs(int(micros)) < 60_000_000_000_000_000  # before the year 3871; datetime ends at 9999
