"""The system query options of a request as one query, expansions nested in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from lark import Token

from api.sensorthings.expressions import place, read_expression, read_filter, read_order, read_selection, trees
from api.sensorthings.syntax import Syntax, parse
from api.sensorthings.unreadable import Unreadable
from citywatch.model.sensorthings import ENTITIES, EntitySet, Query

MOST: Final = 1000
"""Entities of a page; a larger ``$top`` is served in pages of this size."""
DEEPEST: Final = 5
"""Levels of expansion."""
_MOST_SKIPPED: Final = 10_000_000


def read_options(entities: EntitySet, options: Mapping[str, str]) -> Query:
    """Return what the options of a request, by their names, ask of a set.

    Raises
    ------
    Unreadable
        An option is none of ours, or its text cannot be understood; with the place.
    """
    readers: Mapping[str, Callable[[str], dict[str, Any]]] = {
        "$filter": lambda text: {"where": read_filter(entities, text)},
        "$orderby": lambda text: {"order": read_order(parse("orderby", text), entities, "$orderby")},
        "$select": lambda text: {"select": read_selection(parse("select", text), entities, "$select")},
        "$expand": lambda text: {"expand": _Expansion("$expand", text).read(parse("expand", text), entities, level=1)},
        "$top": lambda text: {"top": _top("$top", text, 1)},
        "$skip": lambda text: {"skip": _skip("$skip", text, 1)},
        "$count": lambda text: {"count": _truth("$count", text)},
    }
    values: dict[str, Any] = {"written": MappingProxyType(dict(options))}
    for name, text in options.items():
        if name not in readers:
            raise Unreadable(name, 1, f"no query option is called so; there are {', '.join(readers)}")
        values |= readers[name](text)
    return Query(**values)


class _Expansion:
    """Reads one ``$expand``, whose text further pages of what it expands repeat in part."""

    def __init__(self, part: str, text: str) -> None:
        self._part = part
        self._text = text

    def read(self, tree: Syntax, entities: EntitySet, *, level: int) -> Mapping[str, Query]:
        expanded: dict[str, Query] = {}
        for item in trees(tree):
            path, *options = trees(item)
            names = [str(name) for name in path.children]
            if level + len(names) - 1 > DEEPEST:
                raise Unreadable(self._part, place(path), f"expanded deeper than {DEEPEST} levels")
            target = self._target(path, names, entities)
            asked = self._nested(options, target, level=level + len(names))
            asked_as = self._text[item.meta.start_pos : item.meta.end_pos]
            for number in range(len(names) - 1, 0, -1):  # Datastreams/Sensor is Datastreams($expand=Sensor)
                tail = asked_as.split("/", number)[number]
                asked = Query(expand=MappingProxyType({names[number]: asked}), written={"$expand": tail})
            expanded[names[0]] = _merged(expanded[names[0]], asked) if names[0] in expanded else asked
        return MappingProxyType(expanded)

    def _target(self, path: Syntax, names: list[str], entities: EntitySet) -> EntitySet:
        for name in names:
            links = ENTITIES[entities].links
            if name not in links:
                message = f"{entities} have no link {name}; they have {', '.join(links)}"
                raise Unreadable(self._part, place(path), message)
            entities = links[name].target
        return entities

    def _nested(self, options: list[Syntax], entities: EntitySet, *, level: int) -> Query:
        values: dict[str, Any] = {}
        written: dict[str, str] = {}
        for option in options:
            name, inner = str(option.data).removesuffix("_option"), option.children[-1]
            if isinstance(inner, Token):
                values |= self._number(name, inner)
                written[f"${name}"] = str(inner)
                continue
            written[f"${name}"] = self._text[inner.meta.start_pos : option.meta.end_pos]
            if name == "filter":
                values["where"] = read_expression(inner, entities, self._part)
            elif name == "orderby":
                values["order"] = read_order(inner, entities, self._part)
            elif name == "select":
                values["select"] = read_selection(inner, entities, self._part)
            else:
                values["expand"] = self.read(inner, entities, level=level)
        return Query(**values, written=MappingProxyType(written))

    def _number(self, name: str, token: Token) -> dict[str, Any]:
        text, at = str(token), int(token.start_pos or 0) + 1
        if name == "top":
            return {"top": _top(self._part, text, at)}
        if name == "skip":
            return {"skip": _skip(self._part, text, at)}
        return {"count": _truth(self._part, text)}


def _merged(former: Query, asked: Query) -> Query:
    """Return what two items of one list ask together: ``Datastreams/Sensor,Datastreams/Thing``."""
    both = {**former.written, **asked.written}
    expansions = [query.written["$expand"] for query in (former, asked) if "$expand" in query.written]
    if expansions:
        both["$expand"] = ",".join(expansions)
    return replace(
        former,
        where=asked.where or former.where,
        order=asked.order or former.order,
        select=asked.select or former.select,
        count=asked.count or former.count,
        expand=MappingProxyType({**former.expand, **asked.expand}),
        written=MappingProxyType(both),
    )


def _top(part: str, text: str, at: int) -> int:
    return min(_whole(part, text, at), MOST)


def _skip(part: str, text: str, at: int) -> int:
    number = _whole(part, text, at)
    if number > _MOST_SKIPPED:
        raise Unreadable(part, at, f"skips more than {_MOST_SKIPPED}; narrow down by $filter instead")
    return number


def _whole(part: str, text: str, at: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Unreadable(part, at, f"{text!r} is not a whole number of at least 0")
    return int(text)


def _truth(part: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise Unreadable(part, 1, f"{text!r} is neither true nor false")
    return text == "true"
