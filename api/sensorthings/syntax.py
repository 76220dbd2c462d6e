"""Texts of query options as syntax trees: the grammar, and what is expected where a text departs from it."""

from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from api.sensorthings.unreadable import Unreadable

LONGEST: Final = 8000
"""Characters of a query option."""

Syntax = Tree[Token]
_EXPECTED: Final = {
    "NAME": "a property",
    "STRING": "a 'text'",
    "NUMBER": "a number",
    "TIME": "a time",
    "COMPARATOR": "eq, ne, lt, le, gt or ge",
    "_AND": "and",
    "_OR": "or",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "SEMICOLON": ";",
    "EQUAL": "=",
    "DIRECTION": "asc or desc",
    "$END": "the end",
}


@cache
def _grammar() -> Lark:
    return Lark(
        files("api.sensorthings").joinpath("grammar.lark").read_text(encoding="utf-8"),
        parser="lalr",
        start=["filter", "orderby", "select", "expand"],
        propagate_positions=True,
    )


def parse(option: str, text: str) -> Syntax:
    """Return the syntax tree of an option: filter, orderby, select or expand.

    Raises
    ------
    Unreadable
        The text departs from the grammar, or is longer than :data:`LONGEST`.
    """
    part = f"${option}"
    if len(text) > LONGEST:
        raise Unreadable(part, LONGEST + 1, f"longer than {LONGEST} characters; ask for less at once")
    if "\0" in text:
        raise Unreadable(part, text.index("\0") + 1, "holds a zero character, which no text of ours does")
    try:
        return _grammar().parse(text, start=option)
    except UnexpectedToken as error:
        at_end = error.token.type == "$END"
        at = len(text) if at_end else int(error.token.start_pos or 0)
        got = "the end" if at_end else repr(str(error.token))
        raise Unreadable(part, at + 1, f"{_wish(error.accepts or error.expected)} expected, {got} found") from error
    except UnexpectedCharacters as error:
        at = int(error.pos_in_stream or 0)
        message = f"{_wish(error.allowed)} expected, {text[at : at + 1]!r} found"
        raise Unreadable(part, at + 1, message) from error
    except UnexpectedInput as error:
        raise Unreadable(part, 1, "cannot be read") from error


def _wish(names: AbstractSet[str] | None) -> str:
    return " or ".join(dict.fromkeys(_EXPECTED[name] for name in sorted(names or ()) if name in _EXPECTED)) or "the end"
