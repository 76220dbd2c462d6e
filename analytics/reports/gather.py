"""What a report holds: read and computed for its period."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from analytics.indicator_history import indicators_over
from citywatch.clock import midnight
from citywatch.errors import NotFound
from citywatch.model.coverage_days import DayFigure, DistrictFigure, Scope
from citywatch.model.names import Name
from citywatch.model.registry import DistrictClass
from citywatch.model.reports import CoverageLine, IndicatorLine, Period, RankLine, Report, ranked
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.coverage_reading import chosen_day, read_day_figures, read_gaps
from citywatch.storage.pipeline.indicators import read_indicators
from citywatch.storage.pipeline.reports import read_alarm_lines, read_city_name, read_data_time
from citywatch.storage.pipeline.targets import read_target_states

_LISTED: Final = 50  # gaps by name
_RANKED: Final = (DistrictClass.CENTRAL, DistrictClass.OUTER, DistrictClass.ZONE)


def gather(connection: Connection, period: Period, *, time_zone: str, at: datetime) -> Report:
    """Return the report of a period that is over at an instant.

    Raises
    ------
    NotFound
        The last day of the period was not judged, or there is no city.
    """
    chosen_day(connection, period.last)
    city = read_city_name(connection)
    if city is None:
        raise NotFound("no city has been seeded; run 'citywatch seed demo'")
    end = midnight(period.last + timedelta(days=1), time_zone)
    figures = read_day_figures(connection, period.last, Scope())
    gaps = read_gaps(connection, period.last, Scope(), zone=time_zone, limit=1_000_000)
    counts = Counter((gap.reason, gap.fix.value) for gap in gaps)
    return Report(
        period=period,
        city=city,
        made_at=at,
        data_to=min(read_data_time(connection) or at, at),
        coverage=_coverage(figures, read_day_figures(connection, period.before().last, Scope())),
        rankings={one: _ranking(figures, one) for one in _RANKED},
        indicators=_indicators(connection, period, time_zone=time_zone, at=at),
        targets=read_target_states(connection, period.last),
        alarms=read_alarm_lines(connection, begin=midnight(period.first, time_zone), end=end),
        gap_counts=[(reason, fix, count) for (reason, fix), count in counts.most_common()],
        gaps=gaps[:_LISTED],
    )


def _coverage(now: Sequence[DistrictFigure], before: Sequence[DistrictFigure]) -> list[CoverageLine]:
    earlier = {kind: figure for kind, _, figure in _by_kind(before)}
    return [CoverageLine(kind, name, figure, earlier.get(kind)) for kind, name, figure in _by_kind(now)]


def _by_kind(figures: Sequence[DistrictFigure]) -> list[tuple[str, Name, DayFigure]]:
    found = []
    for kind in sorted({one.kind_id for one in figures}):
        own = [one for one in figures if one.kind_id == kind]
        found.append((kind, Name(own[0].kind_en, own[0].kind_zh), _sum(own[0].day, own)))
    return found


def _sum(day: date, figures: Sequence[DistrictFigure]) -> DayFigure:
    return DayFigure(
        day=day,
        required=sum(one.required for one in figures),
        installed=sum(one.installed for one in figures),
        reporting=sum(one.reporting for one in figures),
        passing=sum(one.passing for one in figures),
        monitored=sum(one.monitored for one in figures),
    )


def _ranking(figures: Sequence[DistrictFigure], of_class: DistrictClass) -> list[RankLine]:
    own = [one for one in figures if one.district_class == of_class]
    names = {one.district_id: Name(one.district_en, one.district_zh) for one in own}
    sums = {
        district: _sum(own[0].day, [one for one in own if one.district_id == district]) for district in sorted(names)
    }
    return ranked([(district, names[district], one.required, one.monitored) for district, one in sums.items()])


def _indicators(connection: Connection, period: Period, *, time_zone: str, at: datetime) -> list[IndicatorLine]:
    indicators, before = read_indicators(connection), period.before()
    now, earlier = (
        {
            figure.indicator_id: figure
            for figure in indicators_over(
                connection, indicators, first=one.first, last=one.last, time_zone=time_zone, at=at
            )
            if figure.district_id == ""
        }
        for one in (period, before)
    )
    return [
        IndicatorLine(one, now[one.indicator_id], earlier.get(one.indicator_id))
        for one in indicators
        if one.indicator_id in now
    ]
