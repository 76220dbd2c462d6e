"""Progress of a figure to a target: the paths it should follow, and what a plan would change."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from citywatch.model.coverage import Gap


@dataclass(frozen=True, slots=True)
class Milestone:
    """A value that is to be reached on a day."""

    day: date
    value: float


def on_path(path: Sequence[Milestone], day: date) -> float | None:
    """Return the value that a path of straight lines asks for on a day, ``None`` before its first milestone."""
    if not path or day < path[0].day:
        return None
    for before, after in pairwise(path):
        if day < after.day:
            part = (day - before.day) / (after.day - before.day)
            return before.value + part * (after.value - before.value)
    return path[-1].value


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to a figure when some assets are mended.

    ``planned`` counts all of the plan as monitored, ``likely`` the share of them that equipped assets reach today. Not
    all asked for may help: ``already`` are monitored, ``unknown`` are not in the denominator.
    """

    by: date
    required: int
    monitored: int
    planned: int
    likely: float
    helped: Sequence[str]
    already: Sequence[str]
    unknown: Sequence[str]


def what_if(gaps: Mapping[str, Gap], assets: Collection[str], *, by: date) -> Effect:
    """Return the effect of mending assets by a day.

    Parameters
    ----------
    gaps
        The present verdict on every asset of the denominator.
    """
    wanted = sorted(set(assets))
    monitored = sum(gap is Gap.NONE for gap in gaps.values())
    installed = sum(gap is not Gap.NOT_INSTALLED for gap in gaps.values())
    helped = [one for one in wanted if gaps.get(one, Gap.NONE) is not Gap.NONE]
    success = monitored / installed if installed else 1.0
    return Effect(
        by=by,
        required=len(gaps),
        monitored=monitored,
        planned=monitored + len(helped),
        likely=monitored + len(helped) * success,
        helped=helped,
        already=[one for one in wanted if gaps.get(one) is Gap.NONE],
        unknown=[one for one in wanted if one not in gaps],
    )
