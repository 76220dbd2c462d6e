"""Roll-ups: what is stored, whatever happened on the way, equals a slow obvious twin."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.jobs import prune
from analytics.rollups import Rollups
from citywatch.clock import from_micros
from citywatch.errors import Misconfigured, Unavailable
from citywatch.model.identifiers import DatastreamId
from citywatch.model.rollups import Resolution
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.city_rollups import make_hours
from citywatch.storage.pipeline.findings import write_findings
from citywatch.storage.pipeline.health import read_beats
from citywatch.storage.pipeline.registry import read_datastreams
from citywatch.storage.sql import load_sql
from tests.support.processes import running
from tests.support.rollups import Rollup, Value, batch_of, expected_rollups, micros_after, stored_rollups
from tests.support.waiting import wait_until

ZONE = "Europe/Berlin"
BEGIN = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)  # the day that follows has 25 hours in Berlin
TABLES = (
    "observation, batch, latest, conflict, ledger, quality_finding, rollup_due, rollup_1min, rollup_1h, rollup_1day,"
    " rollup_city_1h, rollup_city_due"
)
SERVED = load_sql("citywatch.storage.serving", "rollups.sql")

# an instant from few minutes, hours and days, so that values meet in buckets
instants = st.builds(
    lambda day, hour, minute, second: micros_after(BEGIN, day * 86_400 + hour * 3600 + minute * 60 + second / 1000),
    st.integers(0, 2),
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(0, 59_999),
)
values = st.builds(
    Value,
    st.integers(1, 3),
    instants,
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from((1, 2, 3, 4)),
)
histories = st.lists(values, min_size=1, max_size=40, unique_by=lambda value: value[:2])


def everything(connection: Connection) -> list[object]:
    return [stored_rollups(connection, resolution) for resolution in Resolution]


def expected(stored: Sequence[Value]) -> list[object]:
    return [expected_rollups(stored, resolution, ZoneInfo(ZONE)) for resolution in Resolution]


def city_hours(connection: Connection) -> list[object]:
    """Return what people are told of the hours of the whole city."""
    span = {"begin": BEGIN - timedelta(days=1), "end": BEGIN + timedelta(days=10)}
    due = [hour for (hour,) in connection.execute(SERVED["due_of_city"], span)]
    return list(connection.execute(SERVED["of_city_1h"], {**span, "due": due}).fetchall())


def expected_city_hours(connection: Connection) -> list[object]:
    """Return the same, slowly, from the hours of the datastreams."""
    properties = {one.datastream_id: one.measure.property_id for one in read_datastreams(connection)}
    groups: dict[tuple[datetime, str], list[Rollup]] = {}
    for hour in stored_rollups(connection, Resolution.HOUR):
        groups.setdefault((hour.bucket, properties[DatastreamId(hour.datastream_id)]), []).append(hour)
    return [
        (
            *key,
            len(hours),
            sum(one.n for one in hours),
            min((one.min for one in hours if one.min is not None), default=None),
            max((one.max for one in hours if one.max is not None), default=None),
            sum(one.good for one in hours) / sum(one.n + one.failed for one in hours),
        )
        for key, hours in sorted(groups.items())
    ]


def refreshed(connection: Connection, *, rows: int = 1000, due: int = 1000) -> None:
    """Roll up to the end, as a process that starts now would."""
    rollups = Rollups(connection, time_zone=ZONE)
    while rollups.step(rows=rows, due=due):
        pass
    connection.execute("SELECT pg_advisory_unlock_all()")


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


def empty(connection: Connection) -> None:
    connection.execute(f"TRUNCATE {TABLES}".encode())
    connection.execute("UPDATE follower SET outputs_to = 0, checkpoint_at = 0")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories, data=st.data())
def test_any_order_any_batches_any_flags_give_what_the_twin_gives(
    connection: Connection, history: list[Value], data: st.DataObject
) -> None:
    empty(connection)
    writer, stored = BatchWriter(connection, ingester="test"), dict[tuple[int, int], Value]()
    arrival = data.draw(st.permutations(history))
    while arrival:
        size = data.draw(st.integers(1, len(arrival)))
        batch, arrival = arrival[:size], arrival[size:]
        writer.write(batch_of(batch))
        stored |= {value[:2]: value for value in batch}
        if data.draw(st.booleans(), label="a value is flagged"):
            one = data.draw(st.sampled_from(sorted(stored.values())))
            flag = data.draw(st.sampled_from((3, 4)))
            with connection.transaction():
                write_findings(
                    connection, datastream_ids=[one.datastream_id], times=[from_micros(one.at)], tests=[2], flags=[flag]
                )
            stored[one[:2]] = one._replace(quality=max(one.quality, flag))
        if data.draw(st.booleans(), label="the roll-ups are refreshed"):
            refreshed(connection, rows=data.draw(st.integers(1, 20)), due=1)
        hours = data.draw(st.integers(0, 5), label="hours of the city are made")
        make_hours(connection, before=BEGIN + timedelta(hours=data.draw(st.integers(-2, 60))), limit=hours)
        assert city_hours(connection) == expected_city_hours(connection)
    refreshed(connection)
    assert everything(connection) == expected(list(stored.values()))


def test_only_touched_buckets_are_made_anew(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    history = [
        Value(stream, micros_after(BEGIN, minute * 60), float(minute), 1)
        for stream in (1, 2)
        for minute in range(0, 4000, 7)
    ]
    writer.write(batch_of(history))
    refreshed(connection)
    before = versions(connection)

    late = Value(2, micros_after(BEGIN, 70 * 60 + 3), -5.0, 1)
    writer.write(batch_of([late]))
    with connection.transaction():
        write_findings(connection, datastream_ids=[1], times=[from_micros(history[3].at)], tests=[2], flags=[4])
    refreshed(connection)
    after = versions(connection)

    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {
        (resolution, stream, from_micros(begin))
        for resolution, stream, begin in (
            (Resolution.MINUTE, 2, micros_after(BEGIN, 70 * 60)),
            (Resolution.HOUR, 2, micros_after(BEGIN, 30 * 60)),
            (Resolution.DAY, 2, micros_after(BEGIN, 30 * 60)),
            (Resolution.MINUTE, 1, micros_after(BEGIN, 21 * 60)),
            (Resolution.HOUR, 1, micros_after(BEGIN, -30 * 60)),
            (Resolution.DAY, 1, micros_after(BEGIN, -23.5 * 3600)),
        )
    }


def test_hours_of_the_city_that_have_ended_are_made_and_forgotten_when_they_change(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    begin = BEGIN.replace(minute=0)
    writer.write(
        batch_of([Value(stream, micros_after(begin, hour * 3600), 1.0, 1) for stream in (1, 2) for hour in range(5)])
    )
    rollups = Rollups(connection, time_zone=ZONE)
    while rollups.step():
        pass

    def made() -> list[datetime]:
        rows = connection.execute("SELECT DISTINCT bucket FROM rollup_city_1h ORDER BY 1").fetchall()
        return [bucket for (bucket,) in rows]

    assert rollups.make_city_hours(at=begin + timedelta(hours=4, minutes=59), limit=3)
    assert made() == [begin + timedelta(hours=hour) for hour in (1, 2, 3)]
    assert not rollups.make_city_hours(at=begin + timedelta(hours=4, minutes=59), limit=3)
    assert made() == [begin + timedelta(hours=hour) for hour in (0, 1, 2, 3)]
    writer.write(batch_of([Value(1, micros_after(begin, 2 * 3600 + 5), 9.0, 1)]))
    rollups.step()
    assert made() == [begin + timedelta(hours=hour) for hour in (0, 1, 3)]
    assert city_hours(connection) == expected_city_hours(connection)
    assert not rollups.make_city_hours(at=begin + timedelta(hours=9))
    assert len(made()) == 5
    assert city_hours(connection) == expected_city_hours(connection)


def versions(connection: Connection) -> dict[tuple[Resolution, int, datetime], str]:
    """Return which transaction wrote each bucket."""
    return {
        (resolution, stream, bucket): version
        for resolution in Resolution
        for stream, bucket, version in connection.execute(
            f"SELECT datastream_id, bucket, xmin::text FROM rollup_{resolution}".encode()
        )
    }


def test_hostile_values_neither_overflow_nor_stop_the_rest(connection: Connection) -> None:
    huge = [Value(1, micros_after(BEGIN, second), 1.7e308, 1) for second in range(3)]
    tiny = [Value(2, micros_after(BEGIN, second), 5e-324 * (second == 0), 1) for second in range(3)]
    BatchWriter(connection, ingester="test").write(batch_of([*huge, *tiny, Value(3, micros_after(BEGIN, 0), 7.0, 1)]))
    refreshed(connection)
    rows = connection.execute("SELECT max, rollup_mean(sum, n) FROM rollup_1day ORDER BY datastream_id").fetchall()
    assert rows == [(1.7e308, 1e290), (5e-324, 0.0), (7.0, 7.0)]


def test_another_time_zone_makes_the_days_anew(connection: Connection) -> None:
    history = [Value(1, micros_after(BEGIN, hour * 3600), float(hour), 1) for hour in range(60)]
    BatchWriter(connection, ingester="test").write(batch_of(history))
    refreshed(connection)
    Rollups(connection, time_zone="Asia/Shanghai")
    assert stored_rollups(connection, Resolution.DAY) == expected_rollups(
        history, Resolution.DAY, ZoneInfo("Asia/Shanghai")
    )


def test_a_time_zone_that_is_not_whole_hours_from_utc_is_refused(plain_database: str) -> None:
    with (
        connect(plain_database, process="test") as connection,
        pytest.raises(Misconfigured, match=r"CITYWATCH_TIME_ZONE.*Asia/Kolkata"),
    ):
        Rollups(connection, time_zone="Asia/Kolkata")


def test_a_second_process_waits(plain_database: str) -> None:
    with connect(plain_database, process="test") as one, connect(plain_database, process="test") as two:
        Rollups(one, time_zone=ZONE)
        with pytest.raises(Unavailable, match="waits for its end"):
            Rollups(two, time_zone=ZONE)


def test_a_step_that_fails_leaves_no_trace_and_is_done_again(connection: Connection) -> None:
    history = [Value(1, micros_after(BEGIN, second), 1.0, 1) for second in range(5)]
    BatchWriter(connection, ingester="test").write(batch_of(history))
    connection.execute("ALTER TABLE rollup_1day ADD CONSTRAINT never CHECK (n < 3)")
    with pytest.raises(Exception, match="never"):
        refreshed(connection)
    assert everything(connection) == [[], [], []]
    connection.execute("SELECT pg_advisory_unlock_all()")
    connection.execute("ALTER TABLE rollup_1day DROP CONSTRAINT never")
    refreshed(connection)
    assert everything(connection) == expected(history)


def test_batches_are_kept_until_they_are_rolled_up(plain_database: str) -> None:
    far, day = datetime(2100, 1, 1, tzinfo=UTC), timedelta(days=1)
    with connect(plain_database, process="test") as connection:
        writer = BatchWriter(connection, ingester="test")
        for second in range(3):
            writer.write(batch_of([Value(1, micros_after(BEGIN, second), 1.0, 1)]))
        assert prune(connection, at=far, keep=day) == 0
        refreshed(connection)
        assert prune(connection, at=far, keep=day) == 2
        assert connection.execute("SELECT count(*) FROM batch WHERE columns IS NOT NULL").fetchone() == (1,)


def test_the_process_rolls_up_what_comes_and_stops_when_asked(plain_database: str, tmp_path: Path) -> None:
    settings = {"CITYWATCH_DATABASE_URL": plain_database, "CITYWATCH_ANALYTICS_ROLLUP_INTERVAL": "0.1"}
    with (
        connect(plain_database, process="test") as connection,
        running("upkeep", settings, tmp_path / "upkeep.log"),
    ):
        BatchWriter(connection, ingester="test").write(batch_of([Value(1, micros_after(BEGIN, 0), 1.0, 1)]))
        wait_until(lambda: bool(stored_rollups(connection, Resolution.DAY)), what="the day's roll-up")
        wait_until(lambda: bool(read_beats(connection, "upkeep")), what="a sign of life")
    with connect(plain_database, process="test") as connection:
        assert [beat.state for beat in read_beats(connection, "upkeep")] == ["stopped"]


def test_a_new_partition_waits_for_no_reader_and_no_reader_for_it(database: str, connection: Connection) -> None:
    buckets = [BEGIN.replace(minute=0) + timedelta(days=days) for days in (0, 400)]
    read = "SELECT count(*) FROM rollup_1min, rollup_1h"

    def write(to: Connection, bucket: datetime) -> None:
        to.execute("SELECT prepare_rollups(%s)", ([bucket],))
        for table in ("rollup_1min", "rollup_1h"):
            to.execute(
                f"INSERT INTO {table} (bucket, datastream_id, n, good, failed) VALUES (%s, 1, 0, 0, 0)".encode(),
                (bucket,),
            )

    with connect(database, process="test reader") as reader:
        for one in (connection, reader):
            one.execute("SET lock_timeout = '3s'")
        write(connection, buckets[0])
        with reader.transaction(), connection.transaction():
            assert reader.execute(read).fetchone() == (1,)
            write(connection, buckets[1])
            assert reader.execute(read).fetchone() == (1,)
        assert reader.execute(read).fetchone() == (4,)
        names = connection.execute("SELECT count(*) FROM partitions_of('rollup_1h')").fetchone()
        assert names == (2,)
