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
    """Return the colour of the worst severity, towards higher values the milder ones, at last grey."""
    tiers = sorted(_tiers(rule_id), key=lambda tier: float(tier["limit"]))
    colors = [surface(State(tier["severity"])) for tier in tiers]
    return ((None, colors[0]), *zip((tier["limit"] for tier in tiers), [*colors[1:], QUIET], strict=True))


def both(rule_id: str) -> Steps:
    """Return the limits of a rule that judges both directions: colour outside, grey between."""
    tiers = _tiers(rule_id)
    colors = [surface(State(tier["severity"])) for tier in tiers]
    low = zip((-tier["limit"] for tier in reversed(tiers)), [*reversed(colors[:-1]), QUIET], strict=True)
    return ((None, colors[-1]), *low, *zip((tier["limit"] for tier in tiers), colors, strict=True))


def _tiers(rule_id: str) -> list[dict[str, Any]]:
    return next(rule["tiers"] for rule in _rules() if rule["rule_id"] == rule_id)


@cache
def _rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(files("seeds").joinpath(_RULES).read_text(encoding="utf-8"))
    return found
