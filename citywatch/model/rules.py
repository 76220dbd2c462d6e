"""Alarm rules: which measure is judged how, and what an operator is told."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from citywatch.model.identifiers import KindId, PropertyId, RuleId
from citywatch.model.names import Name


class Severity(IntEnum):
    """How bad, on the one scale of the product; printed labels of other schemes are rendered last."""

    ADVISORY = 1
    MINOR = 2
    MAJOR = 3
    CRITICAL = 4


class Method(StrEnum):
    """The detector that judges a rule."""

    LIMIT = "limit"
    RESIDUAL = "residual"


class Direction(StrEnum):
    """On which side of a limit the trouble lies; ``BOTH`` judges the absolute value."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


class Mark(StrEnum):
    """How well a number is founded: verified, weak source, derived here, unverified."""

    VERIFIED = "V"
    WEAK = "W"
    DERIVED = "D"
    UNVERIFIED = "U"


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a rule.

    ``limit`` is in the unit of the property for limit rules and in robust standard deviations for residual rules; it
    has to be passed for ``on_delay`` [s] before the tier holds. ``source`` and ``mark`` found the number.
    """

    severity: Severity
    limit: float
    on_delay: float
    source: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Rule:
    """What is watched on every asset of ``kind_id``, tier by tier.

    A tier is left when the value has been on the good side of ``dead_band`` * limit [0-1] for ``off_delay`` [s].
    ``message`` is a format text with the fields ``asset``, ``value``, ``unit`` and ``expected``.
    """

    rule_id: RuleId
    method: Method
    kind_id: KindId
    property_id: PropertyId
    direction: Direction
    tiers: tuple[Tier, ...]
    dead_band: float
    off_delay: float
    name: Name
    message: Name
    advice: Name
