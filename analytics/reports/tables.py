"""A report as titled tables of text in one language: what every format renders."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from analytics.reports.texts import RANKINGS, TITLES, WORDS
from citywatch.model.reports import Language, Report, ReportKind
from citywatch.model.targets import IndicatorFigure, TargetState


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a heading; ``marks`` are the rows to stand out, by place: 'first', 'last'."""

    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    marks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report in one language."""

    language: Language
    title: str
    facts: Sequence[str]
    tables: Sequence[Table]


Words = Callable[[str], str]
_SECTIONS: Final = {
    ReportKind.WEEKLY: ("coverage", "indicators", "alarms", "gaps"),
    ReportKind.MONTHLY: ("ranking", "coverage", "indicators", "alarms", "gaps"),
    ReportKind.QUARTERLY: ("targets", "coverage", "ranking", "indicators", "alarms", "gaps"),
}


def page_of(report: Report, language: Language, *, time_zone: str) -> Page:
    """Return a report in a language; times are those of the city."""
    words: Words = lambda key: language.of(WORDS[key])  # noqa: E731
    zone = ZoneInfo(time_zone)
    period = report.period
    facts = [
        f"{period.first.isoformat()} {words('to')} {period.last.isoformat()}",
        f"{words('due')} {period.due.isoformat()}",
        f"{words('data_to')} {_time(report.data_to, zone)}",
        f"{words('made_at')} {_time(report.made_at, zone)}",
    ]
    tables = [table for name in _SECTIONS[period.kind] for table in _BUILDERS[name](report, language, words)]
    title = f"{language.of(report.city)} · {language.of(TITLES[period.kind])}"
    return Page(language, title, facts, tables)


def _coverage(report: Report, language: Language, words: Words) -> Iterator[Table]:
    stages = ("required", "installed", "reporting", "passing", "monitored")
    yield Table(
        title=words("coverage"),
        note=words("coverage_note"),
        head=[words(name) for name in ("kind", *stages, "share", "before")],
        rows=[
            [
                language.of(one.name), *(str(getattr(one.figure, stage)) for stage in stages),
                _percent(one.figure.share, words), _percent(one.before.share if one.before else None, words),
            ]
            for one in report.coverage
        ],
    )  # fmt: skip


def _ranking(report: Report, language: Language, words: Words) -> Iterator[Table]:
    for of_class, lines in report.rankings.items():
        if lines:
            yield Table(
                title=f"{words('ranking')}: {language.of(RANKINGS[of_class])}",
                note="",
                head=[words(name) for name in ("place", "district", "required", "monitored", "share")] + [""],
                rows=[
                    [
                        str(one.place), language.of(one.name), str(one.required), str(one.monitored),
                        _percent(one.share, words), words(one.mark) if one.mark else "",
                    ]
                    for one in lines
                ],
                marks=[one.mark for one in lines],
            )  # fmt: skip


def _indicators(report: Report, language: Language, words: Words) -> Iterator[Table]:
    yield Table(
        title=words("indicators"),
        note="",
        head=[words(name) for name in ("indicator", "value", "counts", "before", "definition")],
        rows=[
            [
                language.of(one.indicator.name),
                _value(one.figure.value, one.indicator.unit, words),
                _counts(one.figure),
                _value(one.before.value if one.before else None, one.indicator.unit, words),
                language.of(one.indicator.definition),
            ]
            for one in report.indicators
        ],
    )  # fmt: skip


_SAID: Final = ("new", "none")  # baselines that documents put into a word


def _targets(report: Report, language: Language, words: Words) -> Iterator[Table]:
    yield Table(
        title=words("targets"),
        note="",
        head=[
            words(name)
            for name in ("target", "baseline", "to_reach", "deadline", "value", "path", "state", "source")
        ],
        rows=[
            [
                language.of(one.target.name),
                words(one.target.baseline_says) if one.target.baseline_says in _SAID else one.target.baseline_says,
                _value(one.target.value, one.target.unit, words),
                "" if one.target.deadline is None else one.target.deadline.isoformat(),
                _value(one.value, one.target.unit, words) + _origin(one),
                "" if one.on_plan is None else _value(one.on_plan, one.target.unit, words),
                words("open-state" if one.standing == "open" else one.standing),
                f"{one.target.source}, {words(one.target.obligation)}",
            ]
            for one in report.targets
        ],
    )  # fmt: skip


def _alarms(report: Report, _language: Language, words: Words) -> Iterator[Table]:
    yield Table(
        title=words("alarms"),
        note="",
        head=[words(name) for name in ("severity", "raised", "closed", "open")],
        rows=[[str(one.severity), str(one.raised), str(one.closed), str(one.open)] for one in report.alarms],
    )


def _gaps(report: Report, language: Language, words: Words) -> Iterator[Table]:
    yield Table(
        title=words("gaps"),
        note="",
        head=[words(name) for name in ("reason", "fix", "number")],
        rows=[[words(reason), words(fix), str(count)] for reason, fix, count in report.gap_counts],
    )
    if report.gaps:
        shown, total = len(report.gaps), sum(count for *_, count in report.gap_counts)
        yield Table(
            title=f"{words('gaps')} ({shown} / {total})",
            note="",
            head=[words(name) for name in ("asset", "kind", "reason", "fix", "responsible")],
            rows=[
                [
                    f"{one.name_zh if language is Language.ZH else one.name_en} ({one.asset_id})",
                    one.kind_zh if language is Language.ZH else one.kind_en,
                    words(one.reason), words(one.fix), one.responsible_unit,
                ]
                for one in report.gaps
            ],
        )  # fmt: skip


_BUILDERS: Final[dict[str, Callable[[Report, Language, Words], Iterator[Table]]]] = {
    "coverage": _coverage, "ranking": _ranking, "indicators": _indicators, "targets": _targets, "alarms": _alarms,
    "gaps": _gaps,
}  # fmt: skip


def _counts(figure: IndicatorFigure) -> str:
    if figure.denominator is None:
        return ""
    return f"{figure.numerator or 0:.10g} / {figure.denominator:.10g}"


def _origin(state: TargetState) -> str:
    """Return of which day a value is, and who entered it."""
    parts = [state.value_day.isoformat() if state.value_day else "", state.entered_by or ""]
    known = ", ".join(part for part in parts if part)
    return f" ({known})" if known else ""


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def _percent(share: float | None, words: Words) -> str:
    return words("no_data") if share is None else f"{100 * share:.1f} %"


def _value(value: float | None, unit: str, words: Words) -> str:
    if value is None:
        return words("no_data")
    digits = f"{round(value, 1 if value < 99.9 else 3):.10g}" if unit == "%" else f"{value:.10g}"
    return digits if unit == "1" else f"{digits} {unit}"
