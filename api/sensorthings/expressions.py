"""Syntax trees as what is asked of a set: every name is looked up, every comparison made sure to make sense."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from lark import Token, Tree

from api.sensorthings.polygons import read_polygon
from api.sensorthings.syntax import Syntax, parse
from api.sensorthings.unreadable import Unreadable
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

DEEPEST: Final = 25
"""Levels of an expression."""
_LONGEST_PATH: Final = 8
_MIRRORED: Final = {
    Comparator.LESS: Comparator.GREATER,
    Comparator.LESS_OR_EQUAL: Comparator.GREATER_OR_EQUAL,
    Comparator.GREATER: Comparator.LESS,
    Comparator.GREATER_OR_EQUAL: Comparator.LESS_OR_EQUAL,
}
_ZONED: Final = re.compile(r"(?:Z|[+-][0-9]{2}:[0-9]{2})\Z")
_FUNCTIONS: Final = "startswith, endswith, substringof and st_within"


def read_filter(entities: EntitySet, text: str) -> Expression:
    """Return the meaning of a ``$filter`` about a set.

    Raises
    ------
    Unreadable
        The text cannot be understood; with the place.
    """
    return read_expression(parse("filter", text), entities, "$filter")


def read_expression(tree: Syntax, entities: EntitySet, part: str, *, level: int = 1) -> Expression:
    """Return the meaning of a condition about a set; ``part`` is the option it stands in."""
    if level > DEEPEST:
        raise Unreadable(part, place(tree), f"nested deeper than {DEEPEST} levels")
    if tree.data == "call":
        return _call(tree, entities, part)
    if tree.data == "comparison":
        return _comparison(tree, entities, part)
    parts = tuple(read_expression(child, entities, part, level=level + 1) for child in trees(tree))
    if tree.data == "not_":
        return Not(parts[0])
    return Or(parts) if tree.data == "disjunction" else And(parts)


def _comparison(tree: Syntax, entities: EntitySet, part: str) -> Expression:
    left, comparator, right = tree.children
    assert isinstance(left, Tree)
    assert isinstance(right, Tree)
    how = Comparator(str(comparator))
    if left.data == "literal":
        left, right, how = right, left, _MIRRORED.get(how, how)
    if right.data != "literal" or left.data == "literal":
        raise Unreadable(part, place(tree), "compare a property with a value")
    if left.data == "call":
        return _compared_call(left, how, right, entities, part)
    path = _path(left, entities, part)
    return Comparison(path, how, _fitting(path, how, right, part))


def _compared_call(call: Syntax, how: Comparator, right: Syntax, entities: EntitySet, part: str) -> Expression:
    value = _literal(right, part)
    if not isinstance(value, bool) or how not in {Comparator.EQUAL, Comparator.NOT_EQUAL}:
        raise Unreadable(part, place(right), "a function is true or false: compare it by eq or ne with one of them")
    meant = _call(call, entities, part)
    return meant if value is (how is Comparator.EQUAL) else Not(meant)


def _fitting(path: Path, how: Comparator, literal: Syntax, part: str) -> Literal:
    """Return a value that can be compared with what is at the end of a path."""
    value = _literal(literal, part)
    if value is None:
        return None
    if path.kind is Kind.TIME and isinstance(value, str):
        return _time(value, part, place(literal) + 1)
    fits = {
        Kind.NUMBER: isinstance(value, float | int) and not isinstance(value, bool),
        Kind.TEXT: isinstance(value, str),
        Kind.TIME: isinstance(value, datetime),
        Kind.JSON: bool(path.inside) and not isinstance(value, datetime),
        Kind.PLACE: False,
    }
    if not fits[path.kind]:
        what = "an object: name what in it is meant" if path.kind is Kind.JSON else path.kind.value
        raise Unreadable(part, place(literal), f"{path.name} is {what}, which this cannot be compared with")
    if isinstance(value, bool) and how not in {Comparator.EQUAL, Comparator.NOT_EQUAL}:
        raise Unreadable(part, place(literal), "true and false are equal to something or not, never less or greater")
    return value


def _call(tree: Syntax, entities: EntitySet, part: str) -> Expression:
    name, *given = tree.children
    arguments = [child for child in given if isinstance(child, Tree)]
    function = str(name)
    if len(arguments) != 2:
        raise Unreadable(part, place(tree), f"{function} takes two arguments; there are {_FUNCTIONS}")
    if function == "st_within":
        return _within(arguments, entities, part)
    if function not in set(TextTest):
        raise Unreadable(part, place(tree), f"there is no function {function}; there are {_FUNCTIONS}")
    test = TextTest(function)
    if test is TextTest.CONTAINS:  # substringof('in', name): the part stands first
        arguments.reverse()
    searched, sought = arguments
    path, text = _path(searched, entities, part), _literal(sought, part)
    if not isinstance(text, str):
        raise Unreadable(part, place(sought), f"{function} looks for a 'text'")
    if path.kind is not Kind.TEXT and not path.inside:
        raise Unreadable(part, place(searched), f"{path.name} is {path.kind.value}; {function} searches a text")
    return TextSearch(path, test, text)


def _within(arguments: list[Syntax], entities: EntitySet, part: str) -> Expression:
    place_of, polygon = arguments
    path = _path(place_of, entities, part)
    if path.kind is not Kind.PLACE:
        raise Unreadable(part, place(place_of), "st_within takes location or feature, then a polygon")
    token = polygon.children[0] if polygon.data == "literal" else None
    if not isinstance(token, Token) or token.type != "GEOGRAPHY":
        raise Unreadable(part, place(polygon), "st_within takes geography'POLYGON((longitude latitude, ...))'")
    try:
        return Within(path, read_polygon(str(token)[len("geography'") : -1]))
    except ValueError as error:
        raise Unreadable(part, place(polygon), str(error)) from error


def _path(tree: Syntax, entities: EntitySet, part: str) -> Path:
    if tree.data != "path":
        raise Unreadable(part, place(tree), "a property is meant here")
    names = [str(name) for name in tree.children]
    if len(names) > _LONGEST_PATH:
        raise Unreadable(part, place(tree), f"a path has at most {_LONGEST_PATH} steps")
    links: list[str] = []
    for number, name in enumerate(names):
        entity = ENTITIES[entities]
        if name in entity.links:
            links.append(name)
            entities = entity.links[name].target
            continue
        name = "id" if name == "@iot.id" else name  # noqa: PLW2901  # two names of one thing
        kind, rest = entity.properties.get(name), tuple(names[number + 1 :])
        if kind is None:
            there = ", ".join([*entity.properties, *entity.links])
            raise Unreadable(part, place(tree), f"{entities} have no {name}; they have {there}")
        if rest and kind is not Kind.JSON:
            raise Unreadable(part, place(tree), f"{name} is {kind.value}: nothing is in it")
        return Path(tuple(links), name, kind, rest)
    raise Unreadable(part, place(tree), f"{names[-1]} leads to entities; name a property of them")


def _literal(tree: Syntax, part: str) -> Literal:
    token = tree.children[0] if tree.data == "literal" else None
    if not isinstance(token, Token):
        raise Unreadable(part, place(tree), "a value is meant here")
    text = str(token)
    readers: Mapping[str, Callable[[], Literal]] = {
        "STRING": lambda: text[1:-1].replace("''", "'"),
        "NUMBER": lambda: int(text) if text.lstrip("+-").isdecimal() and len(text) < 20 else float(text),
        "TIME": lambda: _time(text, part, place(tree)),
        "TRUE": lambda: True,
        "FALSE": lambda: False,
        "NULL": lambda: None,
    }
    if token.type not in readers:
        raise Unreadable(part, place(tree), "a polygon belongs into st_within")
    return readers[token.type]()


def _time(text: str, part: str, at: int) -> datetime:
    message = f"{text!r} is no time; write 2026-11-20T12:00:00Z"
    try:
        found = datetime.fromisoformat(text).astimezone(UTC) if _ZONED.search(text) else None
    except (ValueError, OverflowError) as error:
        raise Unreadable(part, at, message) from error
    if found is None:
        raise Unreadable(part, at, message)
    return found


def read_order(tree: Syntax, entities: EntitySet, part: str) -> tuple[Order, ...]:
    """Return the terms of an order."""
    terms = []
    for term in trees(tree):
        path = _path(trees(term)[0], entities, part)
        if path.links or path.kind is Kind.PLACE:
            raise Unreadable(part, place(term), f"order by a property of {entities} that is no place")
        terms.append(Order(path, descending=str(term.children[-1]).lower() == "desc"))
    return tuple(terms)


def read_selection(tree: Syntax, entities: EntitySet, part: str) -> tuple[str, ...]:
    """Return the properties and links that are chosen."""
    names = []
    entity = ENTITIES[entities]
    for path in trees(tree):
        name = "/".join("id" if str(step) == "@iot.id" else str(step) for step in path.children)
        if name not in entity.properties and name not in entity.links:
            there = ", ".join([*entity.properties, *entity.links])
            raise Unreadable(part, place(path), f"{entities} have no {name}; they have {there}")
        names.append(name)
    return tuple(names)


def trees(tree: Syntax) -> list[Syntax]:
    """Return the parts of a tree that are trees."""
    return [child for child in tree.children if isinstance(child, Tree)]


def place(tree: Syntax) -> int:
    """Return where a tree begins in its text, from 1."""
    return tree.meta.start_pos + 1
