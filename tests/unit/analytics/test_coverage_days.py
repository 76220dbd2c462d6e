"""Coverage by day equals a slow obvious twin, and keeps the laws that make a figure trustworthy."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.indicators.coverage_days import by_district, judge_days
from citywatch.model.coverage import DayCoverage, Gap
from tests.support.coverage import (
    DISTRICTS,
    RULE,
    Device,
    Site,
    Stay,
    expected_days,
    midnight,
    roster_of,
    rounded,
    year_of_bridges,
)

FIRST = date(2026, 3, 1)
DATES = [FIRST + timedelta(days=number) for number in range(4)]
moments = st.one_of(
    st.none(),
    st.builds(
        lambda hours: midnight(FIRST) + timedelta(hours=hours), st.sampled_from([-24, 0, 5, 24, 30, 48, 96, 100])
    ),
)


@st.composite
def spans(draw: st.DrawFn) -> tuple[datetime | None, datetime | None]:
    begin, end = draw(moments), draw(moments)
    return (end, begin) if begin is not None and end is not None and end < begin else (begin, end)


@st.composite
def devices(draw: st.DrawFn) -> Device:
    installed, removed = draw(spans())
    made = [one for one in draw(st.lists(spans(), max_size=2)) if one[0] is not None]
    old = midnight(FIRST) - timedelta(days=364)
    calibrations = tuple((begin, end) for begin, end in made if begin is not None)
    return Device(
        f"s-{draw(st.integers(0, 10**6))}",
        draw(st.sampled_from(RULE.required)),
        draw(st.sampled_from([3600.0, 7200.0, 200_000.0])),
        installed,
        removed,
        (*calibrations, *([(old, None)] if draw(st.booleans()) else [])),
        draw(st.dictionaries(st.sampled_from(DATES), st.sampled_from([0, 1, 10, 11, 21, 22, 24, 30]))),
    )


@st.composite
def stays(draw: st.DrawFn) -> tuple[Stay, ...]:
    begin, end = draw(spans())
    here = draw(st.sampled_from(sorted(DISTRICTS)))
    if draw(st.booleans()):
        return (Stay(here, begin, end),)
    moved = midnight(FIRST) + timedelta(hours=draw(st.sampled_from([12, 24, 36])))
    if (begin is not None and begin >= moved) or (end is not None and end <= moved):
        return (Stay(here, begin, end),)
    return (Stay(here, begin, moved), Stay(draw(st.sampled_from(sorted(DISTRICTS))), moved, end))


@st.composite
def cities(draw: st.DrawFn) -> list[Site]:
    count = draw(st.integers(0, 5))
    return [Site(f"b-{number}", draw(stays()), tuple(draw(st.lists(devices(), max_size=4)))) for number in range(count)]


rules = st.sampled_from([RULE, replace(RULE, calibration_days=None), replace(RULE, min_share=0.0)])


def judged(sites: list[Site], dates: list[date] = DATES, rule: object = RULE) -> list[DayCoverage]:
    assert isinstance(rule, type(RULE))
    roster, days, good = roster_of(sites, rule, dates)
    return list(by_district(roster, days, judge_days(roster, days, good)))


def share(coverage: list[DayCoverage], day: date) -> float | None:
    here = [one for one in coverage if one.day == day]
    required = sum(one.required for one in here)
    return sum(one.monitored for one in here) / required if required else None


@settings(max_examples=200, deadline=None)
@given(sites=cities(), rule=rules)
def test_every_verdict_is_that_of_the_twin(sites: list[Site], rule: object) -> None:
    assert isinstance(rule, type(RULE))
    assert rounded(judged(sites, rule=rule)) == rounded(expected_days(sites, rule, DATES))


@settings(max_examples=60, deadline=None)
@given(sites=cities())
def test_adding_a_monitored_asset_never_lowers_coverage(sites: list[Site]) -> None:
    fine = tuple(
        Device(f"{name}-1", name, calibrations=((midnight(FIRST), None),), good=dict.fromkeys(DATES, 24))
        for name in RULE.required
    )
    more = judged([*sites, Site("b-new", (Stay("hanyang"),), fine)])
    for day in DATES:
        before, after = share(judged(sites), day), share(more, day)
        assert after is not None
        assert before is None or after >= before
        new = next(one for one in more if one.day == day and "b-new" in one.asset_id)
        assert new.gap[list(new.asset_id).index("b-new")] is Gap.NONE  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(sites=cities())
def test_the_parts_add_up_to_the_whole(sites: list[Site]) -> None:
    coverage = judged(sites)
    for one in coverage:
        assert one.required == len(one.asset_id) == len(set(one.asset_id)) == len(one.gap) == len(one.share)
        assert one.required >= one.installed >= one.reporting >= one.passing >= one.monitored >= 0
        assert one.monitored == sum(gap is Gap.NONE for gap in one.gap)
    for day in DATES:  # an asset counts once a day, in one district
        assets = [asset for one in coverage if one.day == day for asset in one.asset_id]
        assert len(assets) == len(set(assets)) == sum(one.required for one in coverage if one.day == day)


@settings(max_examples=60, deadline=None)
@given(sites=cities(), data=st.data())
def test_history_does_not_change_when_the_future_does(sites: list[Site], data: st.DataObject) -> None:
    """What happens from some midnight on leaves the days before as they were."""
    kept = data.draw(st.integers(1, len(DATES) - 1))
    turn = midnight(DATES[kept])

    def change(device: Device) -> Device:
        good = {day: count for day, count in device.good.items() if day < DATES[kept]}
        removed = device.removed if device.removed is not None and device.removed <= turn else turn
        later = data.draw(st.dictionaries(st.sampled_from(DATES[kept:]), st.integers(0, 30)))
        return replace(device, good=good | later, removed=removed, calibrations=(*device.calibrations, (turn, None)))

    changed = [
        replace(
            site,
            stays=tuple(
                replace(one, end=turn) if (one.end is None or one.end > turn) else one
                for one in site.stays
                if one.begin is None or one.begin < turn
            ),
            devices=tuple(
                change(device) for device in site.devices if device.installed is None or device.installed < turn
            ),
        )
        for site in sites
    ]
    past = [one for one in judged(sites) if one.day < DATES[kept]]
    assert rounded(past) == rounded([one for one in judged(changed) if one.day < DATES[kept]])


def test_a_year_rises_from_47_percent_through_every_gap() -> None:
    dates = [FIRST + timedelta(days=number) for number in range(365)]
    coverage = judged(year_of_bridges(FIRST), dates)
    assert rounded(coverage) == rounded(expected_days(year_of_bridges(FIRST), RULE, dates))
    assert {gap for one in coverage for gap in one.gap} == set(Gap)
    assert share(coverage, dates[0]) == pytest.approx(0.47, abs=0.02)
    assert (share(coverage, dates[-1]) or 0) > 0.75
