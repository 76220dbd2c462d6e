"""Targets, indicators, reports."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from citywatch.model.reports import ReportKind
from citywatch.model.targets import Direction, Obligation, Standing

Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class Name(BaseModel):
    """A text in both languages."""

    en: str
    zh: str


class Milestone(BaseModel):
    """A value and the day it is of."""

    day: date
    value: float


class Target(BaseModel):
    """What the city has promised."""

    target_id: str = Field(examples=["bridge-coverage"])
    name: Name
    unit: str
    baseline: Milestone | None
    baseline_says: str = Field(description="the baseline as the document has it")
    value: float = Field(description="to be reached")
    deadline: date | None = Field(description="null: the document names none")
    direction: Direction
    obligation: Obligation
    source: str
    document: str
    indicator_id: str | None = Field(description="null: values are entered by hand")


class TargetState(BaseModel):
    """A target and how it stands."""

    target: Target
    day: date
    value: float | None = Field(description="newest known on that day; null: none is")
    value_day: date | None
    entered_by: str | None
    on_linear: float | None = Field(description="what the straight path from the baseline asks for on that day")
    on_plan: float | None
    standing: Standing


class NewEntry(BaseModel):
    """A value that somebody enters for a target."""

    day: date
    value: Annotated[float, Field(allow_inf_nan=False)]
    author: Line
    note: Line = Field(description="where the value comes from")


class TargetEntry(NewEntry):
    """A value as it was entered."""

    target_id: str
    entered_at: datetime


class IndicatorFigure(BaseModel):
    """An indicator over a span of days."""

    indicator_id: str
    district_id: str = Field(description="empty: the city")
    first: date
    last: date
    value: float | None = Field(description="null: there was nothing to judge")
    numerator: float | None
    denominator: float | None = Field(description="null: not a share")
    computed_at: datetime


class Indicator(BaseModel):
    """An indicator with its definition, and its figures of a day."""

    indicator_id: str
    name: Name
    definition: Name
    unit: str
    figures: list[IndicatorFigure]


class IssuedReport(BaseModel):
    """A report as it was issued."""

    report_id: int
    kind: ReportKind
    first_day: date
    last_day: date
    due_day: date
    made_at: datetime
    data_to: datetime = Field(description="data up to this instant are in it")
