"""Reports: what they hold, over which days, and when they are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from citywatch.model.coverage_days import AssetGap, DayFigure
from citywatch.model.names import Name
from citywatch.model.registry import DistrictClass
from citywatch.model.targets import Indicator, IndicatorFigure, TargetState


class ReportKind(StrEnum):
    """Bulletin of a week, ranking of a month, completion report of a quarter."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


class Language(StrEnum):
    """The languages of reports."""

    EN = "en"
    ZH = "zh"

    def of(self, name: Name) -> str:
        """Return a name in this language."""
        return name.zh if self is Language.ZH else name.en


class Format(StrEnum):
    """The files of a report."""

    HTML = "html"
    DOCX = "docx"
    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Period:
    """The days a report is about, both included, and the day by which it is due."""

    kind: ReportKind
    first: date
    last: date
    due: date

    def before(self) -> "Period":
        """Return the period that ended the day before this one began."""
        return period_of(self.kind, self.first - timedelta(days=1))


def period_of(kind: ReportKind, day: date) -> Period:
    """Return the period that a day lies in.

    A week begins on Monday and is due the day after it ended, as is a month; a quarter is due by the 20th of the first
    month after it (Wuhan 2023 Government Work Report, task breakdown).
    """
    if kind is ReportKind.WEEKLY:
        first = day - timedelta(days=day.weekday())
        return Period(kind, first, first + timedelta(days=6), first + timedelta(days=7))
    months = 1 if kind is ReportKind.MONTHLY else 3
    first = date(day.year, day.month - (day.month - 1) % months, 1)
    after = _month_after(first, months)
    due = after if kind is ReportKind.MONTHLY else after.replace(day=20)
    return Period(kind, first, after - timedelta(days=1), due)


def last_period(kind: ReportKind, today: date) -> Period:
    """Return the last period that is over on a day."""
    return period_of(kind, today).before()


def _month_after(first: date, months: int) -> date:
    place = first.month - 1 + months
    return date(first.year + place // 12, place % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """Coverage of a kind of asset on the last day of a period, and on that of the one before (``None``: not judged)."""

    kind_id: str
    name: Name
    figure: DayFigure
    before: DayFigure | None


@dataclass(frozen=True, slots=True)
class RankLine:
    """A district in its ranking; of equal shares the place is the same. ``mark``: 'first', 'last' or ''."""

    place: int
    district_id: str
    name: Name
    required: int
    monitored: int
    share: float
    mark: str


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """An indicator of the city over a period, and over the one before."""

    indicator: Indicator
    figure: IndicatorFigure
    before: IndicatorFigure | None


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """Alarms of a severity: raised and closed in the period, and open at its end."""

    severity: int
    raised: int
    closed: int
    open: int


@dataclass(frozen=True, slots=True)
class Report:
    """A report with all its figures. ``gaps`` are the first of ``gap_counts``, which counts by reason and fix."""

    period: Period
    city: Name
    made_at: datetime
    data_to: datetime
    coverage: Sequence[CoverageLine]
    rankings: Mapping[DistrictClass, Sequence[RankLine]]
    indicators: Sequence[IndicatorLine]
    targets: Sequence[TargetState]
    alarms: Sequence[AlarmLine]
    gap_counts: Sequence[tuple[str, str, int]]
    gaps: Sequence[AssetGap]


@dataclass(frozen=True, slots=True)
class IssuedReport:
    """A report as it is listed."""

    report_id: int
    kind: ReportKind
    first_day: date
    last_day: date
    due_day: date
    made_at: datetime
    data_to: datetime


def ranked(districts: Sequence[tuple[str, Name, int, int]]) -> list[RankLine]:
    """Return districts (identifier, name, required, monitored) by coverage, without those that require nothing."""
    known = sorted(
        (
            (monitored / required, district, name, required, monitored)
            for district, name, required, monitored in districts
            if required
        ),
        key=lambda one: (-one[0], one[1]),
    )
    shares = [one[0] for one in known]
    lines = []
    for share, district, name, required, monitored in known:
        place = shares.index(share) + 1
        mark = "" if shares[0] == shares[-1] else {shares[0]: "first", shares[-1]: "last"}.get(share, "")
        lines.append(RankLine(place, district, name, required, monitored, share, mark))
    return lines
