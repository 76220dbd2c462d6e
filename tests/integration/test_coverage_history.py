"""Coverage by day in a database: a year of it, broken off and resumed, after late data and after a changed rule."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from analytics.coverage_history import Progress, judge_due
from analytics.rollups import Rollups
from citywatch.clock import to_micros
from citywatch.model.coverage import DayCoverage, Gap
from citywatch.model.identifiers import AssetId, DistrictId, KindId, PropertyId
from citywatch.registry import load_targets
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.coverage_days import forget_days
from citywatch.storage.pipeline.indicators import read_newest_indicator_day
from citywatch.storage.pipeline.targets import write_targets
from tests.support.coverage import RULE, ZONE, Site, expected_days, rounded, write_city, year_of_bridges
from tests.support.processes import running
from tests.support.rollups import Value, batch_of
from tests.support.servers import DatabaseServer
from tests.support.waiting import wait_until

FIRST = date(2025, 11, 21)
DATES = [FIRST + timedelta(days=number) for number in range(365)]
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)  # 17 o'clock in the city: the last day of DATES is the last that is over
SITES = year_of_bridges(FIRST)


@pytest.fixture(params=["postgresql", "timescaledb"], scope="module")
def year(request: pytest.FixtureRequest) -> Iterator[tuple[DatabaseServer, str]]:
    """A database with a year of roll-ups, not judged yet."""
    server = request.getfixturevalue(request.param)
    address = server.fresh()
    with connect(address, process="test") as connection:
        write_city(connection, SITES)
    yield server, address
    server.drop(address)


@pytest.fixture
def connection(year: tuple[DatabaseServer, str]) -> Iterator[Connection]:
    server, template = year
    address = server.copy(template)
    with connect(address, process="test") as opened:
        yield opened
    server.drop(address)


def judge(connection: Connection, *, at: datetime = NOW) -> list[Progress]:
    return list(judge_due(connection, time_zone=str(ZONE), at=at))


def stored(connection: Connection) -> list[DayCoverage]:
    rows = connection.execute(
        "SELECT day, kind_id, district_id, asset_id, reason, share, property_id, required, installed, reporting,"
        " passing, monitored FROM coverage_day ORDER BY day, district_id"
    )
    return [
        DayCoverage(
            row[0], KindId(row[1]), DistrictId(row[2]), [AssetId(one) for one in row[3]], [Gap(one) for one in row[4]],
            row[5], [PropertyId(one) for one in row[6]], *row[7:],
        )
        for row in rows
    ]  # fmt: skip


def expected(sites: list[Site] = SITES) -> list[DayCoverage]:
    return rounded(expected_days(sites, RULE, DATES))


def test_a_year_is_what_the_twin_says(connection: Connection) -> None:
    progress = judge(connection)
    assert progress[-1] == Progress(365, 365)
    assert rounded(stored(connection)) == expected()
    assert judge(connection) == []


def test_a_run_that_was_broken_off_goes_on_where_it_was(connection: Connection) -> None:
    first = list(islice(judge_due(connection, time_zone=str(ZONE), at=NOW), 2))
    done = first[-1].done
    assert 0 < done < 365
    written = versions(connection)
    assert judge(connection)[-1] == Progress(365 - done, 365 - done)
    assert written.items() <= versions(connection).items()
    assert rounded(stored(connection)) == expected()


def test_a_changed_rule_judges_its_own_kind_anew_and_no_other(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO asset_kind SELECT 'footbridge', system_id, name_en, name_zh, coverage FROM asset_kind"
    )
    connection.execute("UPDATE asset SET kind_id = 'footbridge' WHERE asset_id < 'b-020'")
    connection.execute("UPDATE asset_version SET kind_id = 'footbridge' WHERE asset_id < 'b-020'")
    judge(connection)
    before = versions(connection)
    connection.execute(
        "UPDATE asset_kind SET coverage = coverage || '{\"min_share\": 1.0}' WHERE kind_id = 'footbridge'"
    )
    assert judge(connection)[-1] == Progress(365, 365)
    after = versions(connection)
    assert {key: one for key, one in before.items() if key[1] == "bridge"} == {
        key: one for key, one in after.items() if key[1] == "bridge"
    }
    assert not set(before.items()) & {one for one in after.items() if one[0][1] == "footbridge"}


def test_late_data_and_flags_judge_the_days_they_belong_to_anew(connection: Connection) -> None:
    judge(connection)
    before = versions(connection)
    number, asset = connection.execute(
        "SELECT datastream_id, asset_id FROM datastream ORDER BY asset_id, property_id LIMIT 1"
    ).fetchall()[0]
    late = datetime(2026, 3, 3, 20, 0, tzinfo=UTC)  # on 4 March in the city
    BatchWriter(connection, ingester="test").write(batch_of([Value(number, to_micros(late), 1.0, 1)]))
    rollups = Rollups(connection, time_zone=str(ZONE))
    while rollups.step():
        pass
    assert judge(connection)[-1] == Progress(1, 1)
    changed = {key for key, one in versions(connection).items() if before[key] != one}
    assert {key[0] for key in changed} == {date(2026, 3, 4)}
    # the roll-up was made anew from the one value that is stored: too little for that day
    (verdict,) = [one for one in stored(connection) if one.day == date(2026, 3, 4) and asset in one.asset_id]
    assert verdict.gap[list(verdict.asset_id).index(asset)] is Gap.NOT_PASSING


def test_a_day_is_judged_when_it_is_over_in_the_city_and_again_when_it_is_asked_for(connection: Connection) -> None:
    judge(connection, at=datetime(2026, 11, 19, 15, 59, tzinfo=UTC))
    assert max(one.day for one in stored(connection)) == date(2026, 11, 18)
    judge(connection, at=datetime(2026, 11, 19, 16, 0, tzinfo=UTC))
    assert max(one.day for one in stored(connection)) == date(2026, 11, 19)
    assert forget_days(connection, KindId("bridge"), first=date(2026, 11, 10), last=date(2026, 11, 11)) == 2
    assert judge(connection)[-1] == Progress(3, 3)


def test_days_that_retention_has_taken_stay_as_they_were_judged(connection: Connection) -> None:
    judge(connection)
    connection.execute("INSERT INTO retention_horizon VALUES ('bridge', 'rollup_1day', '2026-06-01T00:00+08')")
    connection.execute("DELETE FROM rollup_1day WHERE bucket < '2026-06-01T00:00+08'")
    forget_days(connection, None, first=date(2026, 5, 30), last=date(2026, 6, 2))
    assert judge(connection)[-1] == Progress(2, 2)
    assert rounded(stored(connection)) == expected()


def test_upkeep_judges_what_is_over_and_computes_indicators(year: tuple[DatabaseServer, str], tmp_path: Path) -> None:
    server, template = year
    address = server.copy(template)
    settings = {"CITYWATCH_DATABASE_URL": address, "CITYWATCH_TIME_ZONE": str(ZONE)}
    with connect(address, process="test") as connection:
        write_targets(connection, *load_targets())
        over = "SELECT count(*) FROM coverage_run WHERE day BETWEEN %s AND %s"
        with running("upkeep", settings, tmp_path / "upkeep.log"):
            wait_until(
                lambda: connection.execute(over, (DATES[0], DATES[-1])).fetchone() == (365,),
                what="the verdicts of the year",
                timeout=90,
            )
            wait_until(lambda: read_newest_indicator_day(connection), what="indicators of a day", timeout=60)
        assert rounded(one for one in stored(connection) if one.day <= DATES[-1]) == expected()
    server.drop(address)


def versions(connection: Connection) -> dict[tuple[date, str, str], str]:
    rows = connection.execute("SELECT day, kind_id, district_id, xmin::text FROM coverage_day")
    return {(day, kind, district): version for day, kind, district, version in rows}
