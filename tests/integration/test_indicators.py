"""Indicators over a day of the demo city, each counted by hand from what was written."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.indicator_history import indicators_over
from citywatch.clock import midnight
from citywatch.model.targets import IndicatorFigure
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.indicators import read_indicators

ZONE = "Asia/Shanghai"
DAY = date(2026, 11, 20)
BEGIN, END = midnight(DAY, ZONE), midnight(DAY + timedelta(days=1), ZONE)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        opened.execute("SELECT prepare_rollups(ARRAY[%s, %s]::timestamptz[])", (BEGIN, END))
        yield opened


def figures(connection: Connection, indicator_id: str) -> dict[str, IndicatorFigure]:
    """Return an indicator of the day by district; '' is the city."""
    wanted = [one for one in read_indicators(connection) if one.indicator_id == indicator_id]
    found = indicators_over(connection, wanted, first=DAY, last=DAY, time_zone=ZONE, at=NOW)
    return {one.district_id: one for one in found}


def city(connection: Connection, indicator_id: str) -> tuple[float | None, float | None, float | None]:
    one = figures(connection, indicator_id)[""]
    return one.numerator, one.denominator, one.value


def lamps(connection: Connection) -> list[tuple[str, int, str, str]]:
    """Return asset, datastream of power, cabinet and district of every lamp."""
    return connection.execute(
        "SELECT a.asset_id, d.datastream_id, a.parent_id, a.district_id FROM asset a JOIN datastream d USING (asset_id)"
        " WHERE a.kind_id = 'lamp' AND d.property_id = 'active_power' ORDER BY 1"
    ).fetchall()


def burn(connection: Connection, streams: Sequence[int], watts: float, *, hour: int = 22) -> None:
    at = BEGIN + timedelta(hours=hour)
    connection.cursor().executemany(
        "INSERT INTO rollup_1h (bucket, datastream_id, n, good, failed, sum) VALUES (%s, %s, 60, 60, 0, %s)",
        [(at, stream, 60 * watts) for stream in streams],
    )


def alarm(
    connection: Connection,
    rule: str,
    asset: str,
    *,
    severity: int = 3,
    raised: datetime,
    acknowledged: timedelta | None = None,
    returned: timedelta | None = None,
    closed: timedelta | None = None,
) -> None:
    """Write an alarm; times of its life count from raising."""
    row = connection.execute(
        "INSERT INTO alarm (asset_id, rule_id, datastream_id, state, severity, peak_severity, measured_at, received_at,"
        " detected_at, raised_at, returned_at, closed_at, message_en, message_zh, evidence)"
        " VALUES (%(asset)s, %(rule)s, 1, 'x', %(severity)s, %(severity)s, %(at)s, %(at)s, %(at)s, %(at)s,"
        " %(returned)s, %(closed)s, '', '', '{}') RETURNING alarm_id",
        {
            "asset": asset, "rule": rule, "severity": severity, "at": raised,
            "returned": None if returned is None else raised + returned,
            "closed": None if closed is None else raised + closed,
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    if acknowledged is not None:
        connection.execute(
            "INSERT INTO alarm_event (alarm_id, at, event, severity, actor) VALUES (%s, %s, 'acknowledged', %s, 'li')",
            (row[0], raised + acknowledged, severity),
        )


def assets(connection: Connection, kind: str) -> list[str]:
    return [
        asset for (asset,) in connection.execute("SELECT asset_id FROM asset WHERE kind_id = %s ORDER BY 1", (kind,))
    ]


def test_lamps_count_at_the_night_hour_and_outages_are_left_out(connection: Connection) -> None:
    assert city(connection, "lamps-lit") == (0.0, 0.0, None)
    known = lamps(connection)
    cabinets = sorted({cabinet for _, _, cabinet, _ in known})
    dark = [stream for _, stream, cabinet, _ in known if cabinet == cabinets[0]]  # an outage
    others = [stream for _, stream, cabinet, _ in known if cabinet in cabinets[1:4]]
    burn(connection, dark, 0.0)
    burn(connection, others[:2], 3.0)  # below a tenth of 100 W
    burn(connection, others[2:], 90.0)
    burn(connection, [stream for _, stream, cabinet, _ in known if cabinet == cabinets[5]], 0.0, hour=12)
    lit, inspected, value = city(connection, "lamps-lit")
    assert (lit, inspected) == (len(others) - 2, len(others))
    assert value == pytest.approx(100 * (len(others) - 2) / len(others))
    by_district = figures(connection, "lamps-lit")
    assert sum(one.denominator or 0 for district, one in by_district.items() if district) == inspected


def test_short_roads_are_judged_by_their_number_of_dark_lamps(connection: Connection) -> None:
    known = lamps(connection)
    cabinets = sorted({cabinet for _, _, cabinet, _ in known})
    for number, dark in enumerate((0, 2, 3)):
        own = [one for one in known if one[2] == cabinets[number]]
        assert len(own) == 4
        connection.execute(
            "UPDATE asset SET street = %s, district_id = 'hanyang' WHERE asset_id = ANY (%s)",
            (f"road {number}", [one[0] for one in own]),
        )
        burn(connection, [one[1] for one in own[:dark]], 0.0)
        burn(connection, [one[1] for one in own[dark:]], 90.0)
    assert city(connection, "roads-within-dark-cap")[:2] == (2.0, 3.0)


def test_lamps_installed_never_counts_a_cabinet_for_more_than_it_was_designed_for(connection: Connection) -> None:
    cabinets = assets(connection, "lighting-cabinet")
    designed = 4 * len(cabinets)
    assert city(connection, "lamps-installed") == (designed, designed, 100.0)
    for number, cabinet in zip((10, 2), cabinets, strict=False):
        connection.execute(
            "UPDATE asset SET parameters = jsonb_set(parameters, '{lamps}', to_jsonb(%s)) WHERE asset_id = %s",
            (number, cabinet),
        )
    assert city(connection, "lamps-installed")[:2] == (designed - 2, designed + 6 - 2)


def test_emergencies_and_closing_keep_what_is_open_and_overdue(connection: Connection) -> None:
    wells = assets(connection, "gas-valve-well")
    noon = BEGIN + timedelta(hours=12)
    alarm(connection, "methane-in-well", wells[0], raised=noon, acknowledged=7 * MINUTE, closed=60 * MINUTE)
    alarm(connection, "methane-in-well", wells[1], raised=noon, acknowledged=31 * MINUTE)
    alarm(connection, "methane-in-well", wells[2], raised=noon)  # nobody came
    alarm(connection, "methane-in-well", wells[3], raised=noon, severity=2)  # no emergency
    alarm(connection, "methane-in-well", wells[4], raised=END - 10 * MINUTE)  # due tomorrow
    alarm(connection, "methane-in-well", wells[5], raised=noon - timedelta(days=1), closed=10 * MINUTE)
    handled, due, _ = city(connection, "gas-emergencies-in-time")
    assert (handled, due) == (1.0, 3.0)
    assert city(connection, "alarms-closed-in-time")[:2] == (1.0, 1.0)  # of yesterday: its 24 h ran out today
    # acknowledged after 7 and 31 min, three never: the median of five is never
    assert city(connection, "response-median")[2] is None
    connection.execute(
        "UPDATE alarm SET raised_at = raised_at - interval '9 days' WHERE asset_id = ANY (%s)", (wells[2:5],)
    )
    assert city(connection, "response-median")[2] == 7 * 60


def test_ponding_by_point_and_by_how_long_it_lasted(connection: Connection) -> None:
    points = assets(connection, "ponding-point")
    noon = BEGIN + timedelta(hours=12)
    for point, hours in zip(points, (1, 3, 4, 7), strict=False):
        alarm(connection, "ponding-depth", point, severity=2, raised=noon, returned=timedelta(hours=hours))
    alarm(connection, "ponding-depth", points[4], severity=1, raised=BEGIN - timedelta(hours=2))  # lasts
    assert city(connection, "ponding-cleared-3h")[:2] == (2.0, 5.0)
    assert city(connection, "ponding-cleared-6h")[:2] == (3.0, 5.0)
    assert city(connection, "points-free-of-ponding")[:2] == (len(points) - 5, len(points))
    assert city(connection, "points-remedied") == (len(points) - 4, None, len(points) - 4)
    assert city(connection, "bridges-without-major-alarm")[2] == 100.0


def test_online_and_complete_go_by_hours_and_by_expected_observations(connection: Connection) -> None:
    (stream, sensor, asset, interval), *_ = connection.execute(
        "SELECT datastream_id, sensor_id, asset_id, expected_interval FROM datastream ORDER BY datastream_id"
    ).fetchall()
    connection.execute("DELETE FROM datastream WHERE datastream_id <> %s", (stream,))
    connection.execute("DELETE FROM calibration WHERE (asset_id, sensor_id) <> (%s, %s)", (asset, sensor))
    connection.execute("DELETE FROM sensor WHERE (asset_id, sensor_id) <> (%s, %s)", (asset, sensor))
    for hour in range(6):
        burn(connection, [stream], 1.0, hour=hour)
    assert city(connection, "devices-online") == (6.0, 24.0, 25.0)
    connection.execute("UPDATE sensor SET installed_at = %s", (BEGIN + timedelta(hours=12),))
    assert city(connection, "devices-online")[1] == 12.0
    connection.execute("UPDATE sensor SET installed_at = NULL")
    expected = 86_400 / interval
    connection.execute(
        "INSERT INTO rollup_1day (bucket, datastream_id, n, good, failed) VALUES (%s, %s, %s, 1, 2)",
        (BEGIN, stream, expected / 4 - 2),
    )
    assert city(connection, "data-completeness") == (expected / 4, expected, 25.0)
    connection.execute("UPDATE rollup_1day SET n = %s", (2 * expected,))  # a device that sends too often is complete
    assert city(connection, "data-completeness")[2] == 100.0


def test_what_the_registry_holds(connection: Connection) -> None:
    assert city(connection, "cylinders-registered")[2] is None
    assert city(connection, "covers-registered")[2] == (len(assets(connection, "manhole-cover")) or None)
    connected, districts, _ = city(connection, "districts-connected")
    assert connected == 0
    assert districts is not None
    assert districts > 3
    facilities = len(assets(connection, "lamp")) + len(assets(connection, "lighting-cabinet"))
    alarm(connection, "lamp-power-residual", assets(connection, "lamp")[0], raised=BEGIN)
    assert city(connection, "lighting-intact")[:2] == (facilities - 1, facilities)
