"""Batches in, findings and anomalies out; however the observations are cut into batches."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evaluate import Evaluator, Results
from citywatch.model.identifiers import RuleId
from citywatch.model.names import Name
from citywatch.model.quality import Flag, QualityTest
from citywatch.model.registry import Datastream, QualityLimits
from citywatch.model.rules import Direction, Mark, Method, Rule, Severity, Tier
from tests.support.blocks import START, Row, batch_of, cut
from tests.support.registry import datastream

LIMITS = QualityLimits(rate_limit=10.0, spike_suspect=5.0, spike_fail=20.0, flat_suspect=60.0, flat_fail=120.0)


def rule_of(method: Method, *tiers: Tier, direction: Direction = Direction.ABOVE, property_id: str = "strain") -> Rule:
    text = Name("{asset} {value:.0f}", "{asset} {value:.0f}")
    return Rule(
        rule_id=RuleId(f"{method}-{property_id}"),
        method=method,
        kind_id=datastream(1, "strain", "um/m").kind_id,
        property_id=datastream(1, property_id, "um/m").measure.property_id,
        direction=direction,
        tiers=tiers,
        dead_band=0.8,
        off_delay=30.0,
        name=text,
        message=text,
        advice=text,
    )


def tier(severity: int, limit: float, on_delay: float = 20.0) -> Tier:
    return Tier(Severity(severity), limit, on_delay, "test", Mark.DERIVED)


def evaluator(datastreams: Sequence[Datastream], *rules: Rule) -> Evaluator:
    return Evaluator(datastreams, rules, time_zone="Asia/Shanghai")


def flags(results: Sequence[Results]) -> dict[tuple[int, float], tuple[int, int]]:
    """Return (datastream, seconds) -> (tests, flag), all findings merged as storage merges them."""
    merged: dict[tuple[int, float], tuple[int, int]] = {}
    start = START.timestamp()
    for result in results:
        found = result.quality
        rows = zip(found.number.tolist(), found.micros.tolist(), found.tests.tolist(), found.flag.tolist(), strict=True)
        for number, micros, tests, flag in rows:
            key = (number, round(micros / 1e6 - start, 6))
            old_tests, old_flag = merged.get(key, (0, 0))
            merged[key] = (old_tests | tests, max(old_flag, flag))
    return merged


def test_each_quality_test_finds_its_fault() -> None:
    one = evaluator([datastream(1, "strain", "um/m", limits=LIMITS)])
    rows: list[Row] = [(1, 10.0 * i, 100.0 + i % 2) for i in range(10)]
    rows[4] = (1, 40.0, 130.0)  # stands out by 29.5
    rows += [(1, 100.0 + 10 * i, 100.0) for i in range(20)]  # stands still
    rows += [(1, 301.0, 90.0), (1, 302.0, 60.0), (1, 303.0, 30.0)]  # falls fast
    found = flags([one.evaluate(batch_of(1, rows))])
    assert found[1, 40.0] == (QualityTest.SPIKE, Flag.FAIL)
    assert (1, 30.0) in found
    assert found[1, 170.0][0] & QualityTest.FLAT_LINE
    assert found[1, 170.0][1] == Flag.SUSPECT
    assert found[1, 290.0] == (QualityTest.FLAT_LINE, Flag.FAIL)
    assert found[1, 302.0][0] & QualityTest.RATE_OF_CHANGE
    assert (1, 150.0) not in found


def test_a_value_that_failed_gross_range_spoils_no_neighbour() -> None:
    one = evaluator([datastream(1, "strain", "um/m", limits=LIMITS)])
    one.evaluate(batch_of(1, [(1, 0.0, 100.0), (1, 10.0, 101.0)]))
    bad = one.evaluate(batch_of(2, [(1, 20.0, 9999.0)], quality=Flag.FAIL))
    good = one.evaluate(batch_of(3, [(1, 30.0, 100.0)]))
    assert flags([bad]) == {(1, 20.0): (QualityTest.GROSS_RANGE, Flag.FAIL)}
    assert flags([good]) == {}


rows_of_two = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.integers(0, 4000), st.sampled_from([0.0, 1.0, 2.0, 30.0, 100.0])),
    max_size=60,
    unique_by=lambda row: (row[0], row[1]),
).map(lambda rows: [(stream, float(seconds), value) for stream, seconds, value in rows])


@settings(deadline=None)
@given(rows_of_two, st.lists(st.integers(0, 60), max_size=6))
def test_chunked_equals_whole(rows: list[Row], places: list[int]) -> None:
    streams = [datastream(n, "strain", "um/m", limits=LIMITS, sensor_id=f"strain-{n}") for n in (1, 2)]
    rule = rule_of(Method.LIMIT, tier(1, 20.0), tier(3, 50.0, 0.0))
    whole, chunked = evaluator(streams, rule), evaluator(streams, rule)
    pieces = cut(rows, places)
    at_once = [whole.evaluate(batch_of(1, rows))]
    piecewise = [chunked.evaluate(batch_of(n, piece)) for n, piece in enumerate(pieces, 1)]
    assert flags(at_once) == flags(piecewise)
    assert [a for result in at_once for a in result.anomalies] == [a for result in piecewise for a in result.anomalies]


def daily(day: int, hour: float) -> float:
    """A daily course of 50 with noise that a seed could not make smaller."""
    return 50 * math.sin(2 * math.pi * hour / 24) + 2 * math.sin(7.3 * (24 * day + hour))


def week_of_rows(days: int, *, offset_from: float = math.inf, offset: float = 0.0) -> list[Row]:
    """Ten-minute values over some days; from ``offset_from`` [s] on they are shifted."""
    return [
        (1, t, daily(int(t // 86400), t / 3600 % 24) + (offset if t >= offset_from else 0.0))
        for t in np.arange(0, days * 86400, 600.0).tolist()
    ]


RESIDUAL = rule_of(Method.RESIDUAL, tier(1, 8.0, 1200.0), direction=Direction.BOTH)


def run(one: Evaluator, pieces: Sequence[Sequence[Row]]) -> list[Results]:
    return [one.evaluate(batch_of(n, piece)) for n, piece in enumerate(pieces, 1)]


def test_a_shift_inside_the_daily_range_is_found_and_a_usual_day_is_not() -> None:
    shift_at = 6 * 86400 + 36_000.0
    rows = week_of_rows(7, offset_from=shift_at, offset=40.0)
    results = run(
        evaluator([datastream(1, "strain", "um/m")], RESIDUAL), [rows[i : i + 6] for i in range(0, len(rows), 6)]
    )
    anomalies = [anomaly for result in results for anomaly in result.anomalies]
    assert anomalies[0].severity == Severity.ADVISORY
    delay = (anomalies[0].measured_at - START).total_seconds() - shift_at
    assert 0 <= delay <= 3600
    expected = anomalies[0].evidence["expected"]
    assert isinstance(expected, float)
    assert abs(expected) < 55


def test_nothing_is_learned_while_the_alarm_lasts() -> None:
    shift_at = 5 * 86400.0
    rows = week_of_rows(9, offset_from=shift_at, offset=80.0)
    one = evaluator([datastream(1, "strain", "um/m")], RESIDUAL)
    results = run(one, [rows[i : i + 36] for i in range(0, len(rows), 36)])
    severities = [anomaly.severity for result in results for anomaly in result.anomalies]
    assert severities == [Severity.ADVISORY], "the fault of four days has not become normal"


@pytest.mark.parametrize("size", [1, 7, 144])
def test_residuals_do_not_depend_on_the_cutting(size: int) -> None:
    rows = week_of_rows(4, offset_from=3.5 * 86400, offset=60.0)
    whole = evaluator([datastream(1, "strain", "um/m")], RESIDUAL).evaluate(batch_of(1, rows))
    one = evaluator([datastream(1, "strain", "um/m")], RESIDUAL)
    results = run(one, [rows[i : i + size] for i in range(0, len(rows), size)])
    piecewise = [anomaly for result in results for anomaly in result.anomalies]
    assert [(a.severity, a.measured_at) for a in whole.anomalies] == [(a.severity, a.measured_at) for a in piecewise]
    assert whole.anomalies


@pytest.mark.parametrize("at", [1, 50, 300, 500])
def test_a_restart_changes_nothing(at: int) -> None:
    rows = week_of_rows(4, offset_from=3.5 * 86400, offset=60.0)
    pieces = [rows[i : i + 1] for i in range(0, len(rows), 1)]
    streams = [datastream(1, "strain", "um/m", limits=LIMITS)]
    rules = (RESIDUAL, rule_of(Method.LIMIT, tier(2, 90.0)))
    steady, first = evaluator(streams, *rules), evaluator(streams, *rules)
    expected = run(steady, pieces)
    before = run(first, pieces[:at])
    second = evaluator(streams, *rules)
    second.restore(first.save())
    after = [second.evaluate(batch_of(n, piece)) for n, piece in enumerate(pieces[at:], at + 1)]
    actual = before + after
    assert [one.anomalies for one in actual] == [one.anomalies for one in expected]
    assert flags(actual) == flags(expected)


def test_state_survives_a_changed_registry() -> None:
    kept, gone = datastream(5, "strain", "um/m", limits=LIMITS), datastream(9, "strain", "um/m", sensor_id="old")
    first = evaluator([kept, gone])
    first.evaluate(batch_of(1, [(5, 0.0, 100.0), (9, 0.0, 1.0)]))
    new = datastream(12, "strain", "um/m", sensor_id="new", limits=LIMITS)
    second = evaluator([kept, new])
    second.restore(first.save())
    found = flags([second.evaluate(batch_of(2, [(5, 1.0, 150.0), (12, 1.0, 150.0)]))])
    assert set(found) == {(5, 1.0)}, "only the datastream with a past can have changed too fast"


def test_an_asset_is_as_bad_as_its_worst_sensor() -> None:
    streams = [datastream(n, "strain", "um/m", sensor_id=f"strain-{n}") for n in (1, 2)]
    one = evaluator(streams, rule_of(Method.LIMIT, tier(1, 20.0, 0.0), tier(3, 50.0, 0.0)))
    steps: list[list[Row]] = [
        [(1, 0.0, 25.0)],
        [(2, 1.0, 60.0)],
        [(1, 2.0, 0.0), (1, 40.0, 0.0)],
        [(2, 50.0, 0.0), (2, 90.0, 0.0)],
    ]
    results = run(one, steps)
    assert [[a.severity for a in result.anomalies] for result in results] == [
        [Severity.ADVISORY],
        [Severity.MAJOR],
        [],
        [None],
    ]


def test_silence_is_noticed_and_its_end_too() -> None:
    one = evaluator([datastream(1, "strain", "um/m", interval=10.0), datastream(2, "tilt", "deg", sensor_id="t")])
    assert not len(one.evaluate(batch_of(1, [(1, 0.0, 1.0)], at=0.0)).gaps.began)
    ticks = [one.evaluate(batch_of(n, [], at=10.0 * n)).gaps for n in range(1, 8)]
    assert [tick.began.tolist() for tick in ticks] == [[], [], [], [], [], [1], []]
    back = one.evaluate(batch_of(9, [(1, 75.0, 1.0)], at=75.0)).gaps
    assert back.ended.tolist() == [1]


def test_nobody_was_silent_while_ingest_was_away() -> None:
    one = evaluator([datastream(1, "strain", "um/m", interval=10.0)])
    one.evaluate(batch_of(1, [(1, 0.0, 1.0)], at=0.0))
    after_an_hour = one.evaluate(batch_of(2, [], at=3600.0))
    assert not len(after_an_hour.gaps.began)


def test_late_observations_leave_the_present_alone() -> None:
    one = evaluator([datastream(1, "strain", "um/m")], rule_of(Method.LIMIT, tier(1, 20.0, 0.0)))
    one.evaluate(batch_of(1, [(1, 100.0, 1.0)]))
    assert not one.evaluate(batch_of(2, [(1, 50.0, 99.0)])).anomalies


@pytest.mark.parametrize("value", [1e300, -1e300, 0.0, 5e-324])
def test_extreme_values_do_no_harm(value: float) -> None:
    one = evaluator([datastream(1, "strain", "um/m", limits=LIMITS)], RESIDUAL, rule_of(Method.LIMIT, tier(1, 20.0)))
    with np.errstate(all="raise", under="ignore"):
        result = one.evaluate(batch_of(1, [(1, 10.0 * i, value) for i in range(5)]))
    assert [anomaly.severity for anomaly in result.anomalies] == ([Severity.ADVISORY] if value > 20 else [])
