"""Two runs side by side: what differs is found, what does not is not."""

import json
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from citywatch.errors import Misconfigured
from cli.compare.difference import Change, alarm_pairs, difference_of
from cli.compare.run import Alarm, Observation, Run, export_run, open_run
from cli.compare.show import as_html, as_json, as_text
from cli.main import app

KEYS = [("bridge-1", "strain-1", "strain"), ("bridge-1", "tilt-1", "tilt"), ("well-1", "laser", "methane")]
SECOND = 1_000_000

observations = st.dictionaries(
    st.tuples(st.sampled_from(KEYS), st.integers(0, 20)),
    st.tuples(st.sampled_from([1.0, 2.0]), st.sampled_from([1, 3])),
    max_size=30,
)


def run(values: dict[tuple[tuple[str, str, str], int], tuple[float, int]], alarms: list[Alarm] = []) -> Run:  # noqa: B006
    ordered = sorted(values.items())
    return Run("a run", [Observation(key, time, *content) for (key, time), content in ordered], alarms)


@given(a=observations, b=observations)
def test_observations_differ_where_the_slow_twin_says(a, b) -> None:  # type: ignore[no-untyped-def]
    found = difference_of(run(a), run(b), tolerance=0, punctual=0, window=0)
    expected = Counter()  # type: ignore[var-annotated]
    for key in {*a, *b}:
        if key not in a:
            expected[Change.NEW] += 1
        elif key not in b:
            expected[Change.GONE] += 1
        elif a[key][0] != b[key][0]:
            expected[Change.RESULT] += 1
        elif a[key][1] != b[key][1]:
            expected[Change.QUALITY] += 1
    assert found.observation_changes() == expected
    assert found.observations == (len(a), len(b))
    assert found.is_empty is (a == b)


def alarm(seconds: int, severity: int = 2, rule: str = "tilt") -> Alarm:
    return Alarm("bridge-1", rule, "tilt-1/tilt", seconds * SECOND, severity)


@given(
    a=st.lists(st.integers(0, 60), max_size=4).map(sorted),
    b=st.lists(st.integers(0, 60), max_size=4).map(sorted),
    window=st.integers(0, 40),
)
def test_alarms_are_matched_as_well_as_any_matching_can(a: list[int], b: list[int], window: int) -> None:
    pairs = alarm_pairs(map(alarm, a), map(alarm, b), punctual=0, window=window * SECOND)
    matched = [(pair.a.time, pair.b.time) for pair in pairs if pair.a and pair.b]
    assert sorted(pair.a.time for pair in pairs if pair.a) == [SECOND * time for time in a]
    assert sorted(pair.b.time for pair in pairs if pair.b) == [SECOND * time for time in b]
    costs = []
    for size in range(min(len(a), len(b)) + 1):
        for left in combinations(a, size):
            for right in combinations(b, size):
                apart = [abs(one - other) for one, other in zip(left, right, strict=True)]
                if all(distance <= window for distance in apart):
                    costs.append((len(a) + len(b) - 2 * size, sum(apart) * SECOND))
    assert (len(a) + len(b) - 2 * len(matched), sum(abs(one - other) for one, other in matched)) == min(costs)


def test_alarms_are_new_gone_earlier_later_or_of_other_severity() -> None:
    a = [alarm(0), alarm(100), alarm(300, 1), alarm(9000), alarm(50, rule="strain")]
    b = [alarm(2), alarm(90), alarm(310, 4), alarm(50, rule="strain"), alarm(20_000)]
    pairs = alarm_pairs(a, b, punctual=5 * SECOND, window=60 * SECOND)
    assert [(pair.one.time // SECOND, pair.changes) for pair in pairs] == [
        (0, ()),
        (50, ()),
        (100, (Change.EARLIER,)),
        (300, (Change.LATER, Change.SEVERITY)),
        (9000, (Change.GONE,)),
        (20_000, (Change.NEW,)),
    ]


A = {(KEYS[0], 0): (1.0, 1), (KEYS[0], 1): (1.0, 1), (KEYS[2], 0): (5.0, 1)}
B = {(KEYS[0], 0): (1.0, 1), (KEYS[0], 1): (1.5, 1), (KEYS[2], 0): (5.0, 4), (KEYS[2], 1): (5.0, 1)}


def test_an_exported_run_is_the_run(tmp_path: Path) -> None:
    whole = run(A, [alarm(0), alarm(5, rule="z")])
    assert export_run(whole, tmp_path / "a") == (3, 2)
    with open_run(str(tmp_path / "a"), None, None) as again:
        assert (list(again.observations), list(again.alarms)) == (whole.observations, whole.alarms)
    with pytest.raises(Misconfigured, match="holds a run already"):
        export_run(whole, tmp_path / "a")
    with pytest.raises(Misconfigured, match="is no run"), open_run(str(tmp_path), None, None):
        pass


def test_reports_name_every_difference(tmp_path: Path) -> None:
    found = difference_of(
        run(A, [alarm(0), alarm(90)]), run(B, [alarm(30, 4)]), tolerance=0, punctual=0, window=60 * SECOND
    )
    text = "\n".join(as_text(found))
    for word in (
        "bridge-1/strain-1/strain: 1 other result",
        "1 new",
        "1 other quality",
        "1 gone",
        "later, other severity",
    ):
        assert word in text
    report = json.loads(json.dumps(as_json(found)))
    assert report["same"] is False
    assert report["alarms"]["changes"] == {"gone": 1, "later": 1, "other severity": 1}
    page = as_html(found)
    assert page.count("<rect") == 3 + 2, "three alarms and a bar for each of two datastreams"
    assert "<script" not in page


def test_the_command_says_with_its_exit_code_whether_runs_differ(tmp_path: Path) -> None:
    export_run(run(A), tmp_path / "a")
    export_run(run(B), tmp_path / "b")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    same = CliRunner().invoke(app, ["compare", a, a])
    assert (same.exit_code, "no difference" in same.output) == (0, True)
    other = CliRunner().invoke(app, ["compare", a, b, "--json", "--html", str(tmp_path / "page.html")])
    assert (other.exit_code, json.loads(other.output)["same"]) == (1, False)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    close = CliRunner().invoke(app, ["compare", a, b, "--tolerance", "0.5", "--json"])
    assert json.loads(close.output)["observations"]["changes"] == {"new": 1, "other quality": 1}
