"""Resource paths: ``Things('well-001')/Datastreams(7)/Observations/$ref`` (OGC 18-088, section 9.2)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from citywatch.errors import NotFound
from citywatch.model.sensorthings import ENTITIES, EntitySet, Kind

_SEGMENT: Final = re.compile(r"(\$?[A-Za-z_]\w*|@iot\.id)(?:\((?:'((?:[^']|'')*)'|(-?[0-9]+))\))?(?:/|$)")
_PLAIN: Final = ":'"


@dataclass(frozen=True, slots=True)
class Step:
    """A set or link; ``identifier`` picks one entity of a collection."""

    name: str
    entities: EntitySet
    identifier: str | None
    many: bool
    """Whether it leads to a collection."""


@dataclass(frozen=True, slots=True)
class Address:
    """Steps to a collection or an entity, then ``inside`` a property; references, or a bare value of the property."""

    steps: tuple[Step, ...]
    inside: tuple[str, ...]
    references: bool
    bare: bool


def read_address(path: str) -> Address:
    """Return what a path below the root of the service means.

    Raises
    ------
    NotFound
        The path leads nowhere.
    """
    segments = _segments(path)
    references, bare = segments[-1][0] == "$ref", segments[-1][0] == "$value"
    if references or bare:
        segments.pop()
    steps: list[Step] = []
    while segments and (step := _step(steps, *segments[0])) is not None:
        steps.append(step)
        segments.pop(0)
    inside = tuple("id" if name == "@iot.id" else name for name, identifier in segments if identifier is None)
    if not steps or len(inside) < len(segments) or not _has(steps[-1], inside) or (bare and not inside):
        raise NotFound(f"there is nothing at {path!r}; the service lists its sets at its root")
    if references and inside:
        raise NotFound(f"$ref refers to entities; {inside[0]} is none")
    return Address(tuple(steps), inside, references, bare)


def address_of(entities: EntitySet, identifier: object) -> str:
    """Return the address of an entity below the root."""
    literal = str(identifier) if isinstance(identifier, int) else "'" + str(identifier).replace("'", "''") + "'"
    return f"{entities}({quote(literal, safe=_PLAIN)})"


def _segments(path: str) -> list[tuple[str, str | None]]:
    path = path.strip("/")
    found: list[tuple[str, str | None]] = []
    place = 0
    while place < len(path):
        match = _SEGMENT.match(path, place)
        if match is None:
            raise NotFound(f"there is nothing at {path!r}: character {place + 1} begins no segment of an address")
        identifier = match[3] if match[2] is None else match[2].replace("''", "'")
        found.append((match[1], identifier))
        place = match.end()
    return found or [("", None)]


def _step(steps: list[Step], name: str, identifier: str | None) -> Step | None:
    """Return the step a segment makes from where the steps before it lead; None when it makes none."""
    if not steps:
        return Step(name, EntitySet(name), identifier, identifier is None) if name in set(EntitySet) else None
    link = ENTITIES[steps[-1].entities].links.get(name)
    if link is None or steps[-1].many or (identifier is not None and not link.many):
        return None
    return Step(name, link.target, identifier, link.many and identifier is None)


def _has(step: Step, inside: tuple[str, ...]) -> bool:
    if not inside:
        return True
    kind = ENTITIES[step.entities].properties.get(inside[0])
    return not step.many and kind is not None and (len(inside) == 1 or kind in {Kind.JSON, Kind.PLACE})
