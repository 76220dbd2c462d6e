"""Targets: the seeds hold every line of the policy documents, paths, standing, plans, periods of reports."""

import shutil
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.model.coverage import Fix, Gap, cheapest_fix
from citywatch.model.names import Name
from citywatch.model.progress import Milestone, on_path, what_if
from citywatch.model.reports import ReportKind, last_period, period_of, ranked
from citywatch.model.targets import Direction, Formula, Obligation, Standing, Target, standing
from citywatch.registry import SeedErrors, load_targets, seeds_folder
from citywatch.storage.sql import load_sql


def test_every_target_has_its_source_and_every_indicator_its_definition_and_statement() -> None:
    indicators, targets = load_targets()
    statements = load_sql("citywatch.storage.pipeline", "indicators.sql")
    assert {one.formula for one in indicators} == set(Formula) <= statements.keys()
    assert all(one.definition.en and one.definition.zh for one in indicators)
    assert len(targets) == 42
    assert {one.source for one in targets} == {"P1", "P2", "P4", "P5"}
    assert all(one.document for one in targets)
    binding = {one.target_id for one in targets if one.obligation is Obligation.BINDING}
    assert {"bridge-safety", "gas-emergencies", "waste-sorting", "mechanised-sweeping"} <= binding
    (bridges,) = (one for one in targets if one.target_id == "bridge-coverage")
    assert bridges.linear == (Milestone(date(2020, 12, 31), 47.0), Milestone(date(2025, 12, 31), 100.0))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("targets.yaml", "indicator_id: bridge-coverage", "indicator_id: bridge-cover", "there is no 'bridge-cover'"),
        ("targets.yaml", "target_id: lamps-lit", "target_id: lamps-installed", "stands already at targets.yaml:"),
        ("targets.yaml", "deadline: 2025-12-31", "deadline: 2019-12-31", "follow each other in time"),
        ("targets.yaml", "obligation: binding", "obligation: strict", "obligation"),
        ("indicators.yaml", "formula: lamps_lit", "formula: lamps_bright", "formula"),
    ],
)
def test_faults_are_told_with_file_and_line(tmp_path: Path, file: str, old: str, new: str, says: str) -> None:
    seeds = Path(shutil.copytree(seeds_folder(), tmp_path / "seeds", ignore=shutil.ignore_patterns("*.py*", "cities")))
    path = seeds / "vocabulary" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SeedErrors, match=says) as caught:
        load_targets(seeds)
    assert f"{file}:" in str(caught.value)


def target(direction: Direction = Direction.AT_LEAST, **changes: object) -> Target:
    given = {
        "baseline": Milestone(date(2020, 12, 31), 47.0), "deadline": date(2025, 12, 31), "value": 100.0,
        "plan": (Milestone(date(2023, 12, 31), 60.0),), **changes,
    }  # fmt: skip
    return Target(
        target_id="t", name=Name("t", "t"), unit="%", baseline_says="", direction=direction,
        obligation=Obligation.EXPECTED, source="P4", document="d", indicator_id=None, **given,  # type: ignore[arg-type]
    )  # fmt: skip


def test_paths_are_straight_between_milestones() -> None:
    one = target()
    assert on_path(one.planned, date(2020, 12, 30)) is None
    assert on_path(one.planned, date(2023, 12, 31)) == 60
    assert on_path(one.planned, date(2024, 12, 30)) == pytest.approx(60 + 40 * 365 / 731)
    assert on_path(one.planned, date(2030, 1, 1)) == 100
    assert on_path(one.linear, date(2023, 12, 31)) == pytest.approx(47 + 53 * 1095 / 1826)


@pytest.mark.parametrize(
    ("value", "day", "expected"),
    [
        (100.0, date(2022, 1, 1), Standing.MET),
        (60.0, date(2023, 12, 31), Standing.ON_TRACK),
        (59.9, date(2023, 12, 31), Standing.BEHIND),
        (99.9, date(2025, 12, 31), Standing.BEHIND),
        (99.9, date(2026, 1, 1), Standing.OVERDUE),
        (None, date(2026, 1, 1), Standing.NO_DATA),
    ],
)
def test_how_a_target_stands(value: float | None, day: date, expected: Standing) -> None:
    assert standing(target(), value, day) is expected


def test_without_a_path_a_target_is_open_and_at_most_turns_it_round() -> None:
    assert standing(target(baseline=None, plan=()), 50.0, date(2023, 1, 1)) is Standing.OPEN
    falling = target(Direction.AT_MOST, value=10.0, plan=())
    assert standing(falling, 9.0, date(2023, 1, 1)) is Standing.MET
    assert standing(falling, 46.0, date(2023, 1, 1)) is Standing.BEHIND


@given(
    gaps=st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(Gap)),
    wanted=st.lists(st.sampled_from("abcdefghij")),
)
def test_a_plan_never_lowers_coverage_and_accounts_for_every_asset(gaps: dict[str, Gap], wanted: list[str]) -> None:
    effect = what_if(gaps, wanted, by=date(2027, 6, 30))
    assert effect.monitored <= effect.likely <= effect.planned <= effect.required == len(gaps)
    assert sorted([*effect.helped, *effect.already, *effect.unknown]) == sorted(set(wanted))
    mended = gaps | dict.fromkeys(effect.helped, Gap.NONE)
    assert effect.planned == sum(gap is Gap.NONE for gap in mended.values())


def test_the_cheapest_fix_is_to_claim_what_sends_already() -> None:
    assert cheapest_fix(Gap.NOT_INSTALLED, unclaimed=True) is Fix.CLAIM
    assert [cheapest_fix(gap, unclaimed=False) for gap in Gap] == [
        Fix.NONE, Fix.INSTALL, Fix.REPAIR, Fix.REPAIR, Fix.CALIBRATE,
    ]  # fmt: skip


@given(kind=st.sampled_from(ReportKind), day=st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_periods_follow_each_other_without_a_gap(kind: ReportKind, day: date) -> None:
    period = period_of(kind, day)
    assert period.first <= day <= period.last < period.due
    assert period.before().last == period.first - timedelta(days=1)
    assert period_of(kind, period.last) == period
    assert last_period(kind, day).last < period.first


def test_a_quarter_is_due_by_the_20th_of_the_month_after() -> None:
    period = last_period(ReportKind.QUARTERLY, date(2026, 1, 5))
    assert (period.first, period.last, period.due) == (date(2025, 10, 1), date(2025, 12, 31), date(2026, 1, 20))


def test_equal_shares_share_a_place_and_all_that_are_last_are_marked() -> None:
    name = Name("x", "x")
    lines = ranked([("a", name, 10, 5), ("b", name, 10, 9), ("c", name, 2, 1), ("d", name, 0, 0)])
    assert [(one.place, one.district_id, one.mark) for one in lines] == [
        (1, "b", "first"), (2, "a", "last"), (2, "c", "last"),
    ]  # fmt: skip
    assert [one.mark for one in ranked([("a", name, 10, 5), ("b", name, 2, 1)])] == ["", ""]


def test_the_template_of_reports_is_packed() -> None:
    assert (files("analytics.reports") / "report.html.j2").is_file()
