"""Where a coverage figure is going: its trend, the paths to the target, and when it will be there."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, Field

from analytics.methods.trend import project
from citywatch.model.coverage_days import DayFigure
from citywatch.model.progress import on_path
from citywatch.model.targets import Target

TREND_DAYS = 90
"""Days that a trend looks back on."""


class Projection(BaseModel):
    """A line through the last days, and when it reaches the target; the range holds with 90 %."""

    days: int = Field(description="days the line was laid through")
    level: float = Field(description="of the line on the last day [%]")
    slope: float = Field(description="[points a day]")
    slope_low: float
    slope_high: float
    reached: date | None = Field(description="day on which the line reaches the target; null: never")
    earliest: date | None = Field(description="the same of the upper end of the band")
    latest: date | None = Field(description="the same of the lower end; null: it may never be reached")


class Outlook(BaseModel):
    """A figure beside the paths it should follow [%], and where it is going."""

    day: date
    share: float = Field(description="coverage on the day [%]")
    target_id: str | None = Field(description="null: nothing was promised, 100 % is looked at")
    target: float
    deadline: date | None
    on_linear: float | None = Field(description="what the straight path from the baseline asks for on the day")
    on_plan: float | None = Field(description="what the path through the planned milestones asks for")
    projection: Projection | None = Field(description="null: fewer than 14 days are known")


def outlook(history: Sequence[DayFigure], target: Target | None) -> Outlook | None:
    """Return where a history is going, ``None`` when there is nothing to look at."""
    known = [(one.day, 100 * one.share) for one in history if one.share is not None]
    if not known:
        return None
    wanted = target.value if target else 100.0
    trend = project([day for day, _ in known], [share for _, share in known], wanted)
    return Outlook(
        day=known[-1][0],
        share=known[-1][1],
        target_id=target.target_id if target else None,
        target=wanted,
        deadline=target.deadline if target else None,
        on_linear=on_path(target.linear, known[-1][0]) if target else None,
        on_plan=on_path(target.planned, known[-1][0]) if target else None,
        projection=None if trend is None else Projection.model_validate(trend, from_attributes=True),
    )
