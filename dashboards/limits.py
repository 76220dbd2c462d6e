"""The limits of the alarm rules, drawn into charts: read from the rules themselves, so that a chart cannot disagree."""

from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from dashboards.palette import QUIET, State, surface

Steps = tuple[tuple[float | None, str], ...]
_RULES: Final = "vocabulary/rules.yaml"


def above(rule_id: str) -> Steps:
    """Return grey, and from each limit of a rule upwards the colour of its severity."""
    return ((None, QUIET), *((tier["limit"], surface(State(tier["severity"]))) for tier in _tiers(rule_id)))


def below(rule_id: str) -> Steps:
    """Return the limits of a rule that judges low values, as lines: each in the colour of its severity."""
    return ((None, QUIET), *sorted((tier["limit"], surface(State(tier["severity"]))) for tier in _tiers(rule_id)))


def both(rule_id: str) -> Steps:
    """Return the limits of a rule that judges both directions, as lines."""
    lines = [(sign * tier["limit"], surface(State(tier["severity"]))) for tier in _tiers(rule_id) for sign in (-1, 1)]
    return ((None, QUIET), *sorted(lines))


def _tiers(rule_id: str) -> list[dict[str, Any]]:
    return next(rule["tiers"] for rule in _rules() if rule["rule_id"] == rule_id)


@cache
def _rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(files("seeds").joinpath(_RULES).read_text(encoding="utf-8"))
    return found
