"""Targets and indicators on disk: read, checked as a whole, every fault with file and line."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from citywatch.model.progress import Milestone
from citywatch.model.targets import Direction, Formula, Indicator, Obligation, Target
from citywatch.registry.documents import read_yaml_list
from citywatch.registry.load import seeds_folder
from citywatch.registry.problems import Problems
from citywatch.registry.schema import Identifier, NameEntry, Strict, Text

Number = Annotated[float, Field(allow_inf_nan=False)]


class MilestoneEntry(Strict):
    day: date
    value: Number

    def to_model(self) -> Milestone:
        return Milestone(self.day, self.value)


class IndicatorEntry(Strict):
    indicator_id: Identifier
    name: NameEntry
    definition: NameEntry
    unit: Text
    formula: Formula
    parameters: dict[str, float | str | list[str]] = Field(default_factory=dict)

    def to_model(self) -> Indicator:
        return Indicator(
            self.indicator_id,
            self.name.to_model(),
            self.definition.to_model(),
            self.unit,
            self.formula,
            self.parameters,
        )


class TargetEntry(Strict):
    target_id: Identifier
    name: NameEntry
    unit: Text
    baseline: MilestoneEntry | None = None
    baseline_says: Text
    value: Number
    deadline: date | None = None
    direction: Direction = Direction.AT_LEAST
    obligation: Obligation
    source: Text
    document: Text
    indicator_id: Identifier | None = None
    plan: tuple[MilestoneEntry, ...] = ()

    @model_validator(mode="after")
    def check_path(self) -> "TargetEntry":
        if self.plan and (self.baseline is None or self.deadline is None):
            raise ValueError("plan: needs a baseline and a deadline, between which its milestones lie")
        ends = [self.baseline.day] if self.baseline else []
        days = [*ends, *(one.day for one in self.plan), *([self.deadline] if self.deadline else [])]
        if days != sorted(set(days)):
            raise ValueError("baseline, plan and deadline follow each other in time")
        return self

    def to_model(self) -> Target:
        return Target(
            target_id=self.target_id,
            name=self.name.to_model(),
            unit=self.unit,
            baseline=None if self.baseline is None else self.baseline.to_model(),
            baseline_says=self.baseline_says,
            value=self.value,
            deadline=self.deadline,
            direction=self.direction,
            obligation=self.obligation,
            source=self.source,
            document=self.document,
            indicator_id=self.indicator_id,
            plan=tuple(one.to_model() for one in self.plan),
        )


def load_targets(folder: Path | None = None) -> tuple[list[Indicator], list[Target]]:
    """Read and check indicators and targets.

    Raises
    ------
    SeedErrors
        Anything at all is wrong; the text lists every fault as ``file:line``.
    """
    problems = Problems()
    vocabulary = (folder or seeds_folder()) / "vocabulary"
    indicators = read_yaml_list(vocabulary / "indicators.yaml", IndicatorEntry, problems)
    targets = read_yaml_list(vocabulary / "targets.yaml", TargetEntry, problems)
    known = Counter(entry.value.indicator_id for entry in indicators)
    _once("indicator_id", [(entry.place, entry.value.indicator_id) for entry in indicators], problems)
    _once("target_id", [(entry.place, entry.value.target_id) for entry in targets], problems)
    for entry in targets:
        if entry.value.indicator_id is not None and not known[entry.value.indicator_id]:
            problems.add(entry.place, f"indicator_id: there is no {entry.value.indicator_id!r}")
    problems.raise_if_any()
    return [entry.value.to_model() for entry in indicators], [entry.value.to_model() for entry in targets]


def _once(field: str, names: list[tuple[str, str]], problems: Problems) -> None:
    places: dict[str, str] = {}
    for place, name in names:
        if name in places:
            problems.add(place, f"{field}: {name!r} stands already at {places[name]}")
        places.setdefault(name, place)
