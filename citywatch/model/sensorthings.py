"""OGC SensorThings 1.1: its entities, how they link, and what can be asked of them (OGC 18-088, sections 8 and 9).

Names of sets, properties and links are those of the standard; texts name them as they stand in an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class EntitySet(StrEnum):
    """The collections of the standard."""

    THINGS = "Things"
    LOCATIONS = "Locations"
    HISTORICAL_LOCATIONS = "HistoricalLocations"
    DATASTREAMS = "Datastreams"
    SENSORS = "Sensors"
    OBSERVED_PROPERTIES = "ObservedProperties"
    OBSERVATIONS = "Observations"
    FEATURES_OF_INTEREST = "FeaturesOfInterest"


class Kind(StrEnum):
    """What a property holds, and so what it can be compared with."""

    NUMBER = "a number"
    TEXT = "a text"
    TIME = "a time"
    JSON = "an object"
    PLACE = "a place"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a navigation link leads; ``many`` when to a collection."""

    target: EntitySet
    many: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """Properties and navigation links of the entities of a set; ``id`` is a property like the others."""

    properties: Mapping[str, Kind]
    links: Mapping[str, Link]


_Links = Mapping[str, tuple[EntitySet, bool]]


def _entity(properties: Mapping[str, Kind], links: _Links) -> Entity:
    return Entity(MappingProxyType(dict(properties)), MappingProxyType({k: Link(*v) for k, v in links.items()}))


_NAMED: Final = {"id": Kind.TEXT, "name": Kind.TEXT, "description": Kind.TEXT}
_MANY, _ONE = True, False

ENTITIES: Final[Mapping[EntitySet, Entity]] = MappingProxyType(
    {
        EntitySet.THINGS: _entity(
            {**_NAMED, "properties": Kind.JSON},
            {
                "Locations": (EntitySet.LOCATIONS, _MANY),
                "HistoricalLocations": (EntitySet.HISTORICAL_LOCATIONS, _MANY),
                "Datastreams": (EntitySet.DATASTREAMS, _MANY),
            },
        ),
        EntitySet.LOCATIONS: _entity(
            {**_NAMED, "encodingType": Kind.TEXT, "location": Kind.PLACE, "properties": Kind.JSON},
            {
                "Things": (EntitySet.THINGS, _MANY),
                "HistoricalLocations": (EntitySet.HISTORICAL_LOCATIONS, _MANY),
            },
        ),
        EntitySet.HISTORICAL_LOCATIONS: _entity(
            {"id": Kind.TEXT, "time": Kind.TIME},
            {"Thing": (EntitySet.THINGS, _ONE), "Locations": (EntitySet.LOCATIONS, _MANY)},
        ),
        EntitySet.DATASTREAMS: _entity(
            {
                **_NAMED,
                "id": Kind.NUMBER,
                "observationType": Kind.TEXT,
                "unitOfMeasurement": Kind.JSON,
                "properties": Kind.JSON,
            },
            {
                "Thing": (EntitySet.THINGS, _ONE),
                "Sensor": (EntitySet.SENSORS, _ONE),
                "ObservedProperty": (EntitySet.OBSERVED_PROPERTIES, _ONE),
                "Observations": (EntitySet.OBSERVATIONS, _MANY),
            },
        ),
        EntitySet.SENSORS: _entity(
            {**_NAMED, "encodingType": Kind.TEXT, "metadata": Kind.TEXT, "properties": Kind.JSON},
            {"Datastreams": (EntitySet.DATASTREAMS, _MANY)},
        ),
        EntitySet.OBSERVED_PROPERTIES: _entity(
            {**_NAMED, "definition": Kind.TEXT, "properties": Kind.JSON},
            {"Datastreams": (EntitySet.DATASTREAMS, _MANY)},
        ),
        EntitySet.OBSERVATIONS: _entity(
            {
                "id": Kind.TEXT,
                "phenomenonTime": Kind.TIME,
                "resultTime": Kind.TIME,
                "result": Kind.NUMBER,
                "resultQuality": Kind.NUMBER,
                "parameters": Kind.JSON,
            },
            {
                "Datastream": (EntitySet.DATASTREAMS, _ONE),
                "FeatureOfInterest": (EntitySet.FEATURES_OF_INTEREST, _ONE),
            },
        ),
        EntitySet.FEATURES_OF_INTEREST: _entity(
            {**_NAMED, "encodingType": Kind.TEXT, "feature": Kind.PLACE, "properties": Kind.JSON},
            {"Observations": (EntitySet.OBSERVATIONS, _MANY)},
        ),
    }
)


class Comparator(StrEnum):
    """How two values are compared. Nothing is less or greater than what is absent, and only null equals it."""

    EQUAL = "eq"
    NOT_EQUAL = "ne"
    LESS = "lt"
    LESS_OR_EQUAL = "le"
    GREATER = "gt"
    GREATER_OR_EQUAL = "ge"


class TextTest(StrEnum):
    """How a text is searched, by code points: case counts."""

    STARTS_WITH = "startswith"
    ENDS_WITH = "endswith"
    CONTAINS = "substringof"


@dataclass(frozen=True, slots=True)
class Path:
    """A property, reached over ``links``; ``inside`` leads into a property that is an object."""

    links: tuple[str, ...]
    name: str
    kind: Kind
    inside: tuple[str, ...] = ()


Literal = float | int | str | bool | datetime | None
Ring = tuple[tuple[float, float], ...]
"""Corners (longitude, latitude) [deg], WGS 84."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """True when any entity at the end of the path compares so with a value."""

    path: Path
    comparator: Comparator
    value: Literal


@dataclass(frozen=True, slots=True)
class TextSearch:
    """True when the text at the end of the path does what the test says."""

    path: Path
    test: TextTest
    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """True when the place at the end of the path lies in a polygon: in its first ring, edge included, in no other."""

    path: Path
    rings: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when the part is false; there is no third value."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """True when all parts are."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when any part is."""

    parts: tuple["Expression", ...]


Expression = Comparison | TextSearch | Within | Not | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order; what is absent comes last, either way."""

    path: Path
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a set: the system query options. ``select`` is empty for everything.

    ``written`` holds the options as their texts, for links to further pages.
    """

    where: Expression | None = None
    order: tuple[Order, ...] = ()
    top: int = 100
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: Mapping[str, "Query"] = field(default_factory=lambda: MappingProxyType({}))
    written: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
