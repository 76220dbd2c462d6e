"""Retention on every engine: what is expired goes, and the roll-ups stay those of everything ever stored."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics.retention import remove_expired
from analytics.rollups import Rollups
from citywatch.clock import from_micros, to_micros
from citywatch.model.rollups import Resolution
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from tests.support.rollups import Rollup, Value, batch_of, expected_rollups, stored_rollups

ZONE = "Asia/Shanghai"
BEGIN = datetime(2026, 3, 1, 7, 13, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


@pytest.fixture
def streams(connection: Connection) -> dict[str, int]:
    """A datastream of a bridge and one of a lamp."""
    found = connection.execute(
        "SELECT k.system_id, min(datastream_id) FROM datastream JOIN asset USING (asset_id)"
        " JOIN asset_kind k USING (kind_id) GROUP BY 1"
    ).fetchall()
    return dict(found)


def keep(connection: Connection, system: str, **days: float | None) -> None:
    """Set how many days the data of a system are kept."""
    given = ", ".join(f"'{name}', {'NULL' if kept is None else kept}" for name, kept in days.items())
    connection.execute(
        f"UPDATE system SET retention = jsonb_build_object({given}) WHERE system_id = %s".encode(), (system,)
    )


def keep_everything_but(connection: Connection, system: str, **days: float | None) -> None:
    connection.execute("UPDATE system SET retention = NULL")
    keep(connection, system, **days)


def history(stream: int, *, days: int, step: timedelta = timedelta(minutes=17), seed: int = 0) -> list[Value]:
    rng = np.random.default_rng(seed)
    count = int(days * DAY / step)
    return [
        Value(stream, to_micros(BEGIN + number * step), round(float(rng.normal()), 3), int(rng.integers(1, 5)))
        for number in range(count)
    ]


def expire(connection: Connection, at: datetime, *, rows: int = 50) -> int:
    """Roll up, give up, remove, as a process that starts now would."""
    rollups = Rollups(connection, time_zone=ZONE)
    while rollups.step(give_up_at=at):
        pass
    connection.execute("SELECT pg_advisory_unlock_all()")
    return sum(remove_expired(connection, rows=rows))


def left(connection: Connection, stream: int) -> list[int]:
    rows = connection.execute(
        "SELECT phenomenon_time FROM observation WHERE datastream_id = %s ORDER BY 1", (stream,)
    ).fetchall()
    return [to_micros(at) for (at,) in rows]


def midnight_before(at: datetime) -> datetime:
    local = at.astimezone(ZoneInfo(ZONE))
    return datetime(local.year, local.month, local.day, tzinfo=local.tzinfo)


def of_all(values: Sequence[Value], resolution: Resolution) -> list[Rollup]:
    return expected_rollups(values, resolution, ZoneInfo(ZONE))


def test_a_system_loses_what_it_keeps_no_longer_and_others_lose_nothing(
    connection: Connection, streams: dict[str, int]
) -> None:
    bridge, lamp = history(streams["bridge"], days=30), history(streams["lighting"], days=30, seed=1)
    BatchWriter(connection, ingester="test").write(batch_of([*bridge, *lamp]))
    keep_everything_but(connection, "lighting", raw=10, minutes=20, hours=None, days=None)
    now = BEGIN + 30 * DAY
    assert expire(connection, now) > 0

    assert left(connection, streams["bridge"]) == [value.at for value in bridge]
    raw_horizon, minute_horizon = midnight_before(now - 10 * DAY), midnight_before(now - 20 * DAY)
    assert left(connection, streams["lighting"]) == [value.at for value in lamp if from_micros(value.at) >= raw_horizon]
    everything = [*bridge, *lamp]
    assert stored_rollups(connection, Resolution.MINUTE) == [
        one
        for one in of_all(everything, Resolution.MINUTE)
        if one.datastream_id == streams["bridge"] or one.bucket >= minute_horizon
    ]
    assert stored_rollups(connection, Resolution.HOUR) == of_all(everything, Resolution.HOUR)
    assert stored_rollups(connection, Resolution.DAY) == of_all(everything, Resolution.DAY)
    assert expire(connection, now) == 0


def test_partitions_that_every_system_has_passed_are_dropped(connection: Connection, streams: dict[str, int]) -> None:
    values = history(streams["gas"], days=40)
    BatchWriter(connection, ingester="test").write(batch_of(values))
    for system in streams:
        keep(connection, system, raw=8, minutes=20, hours=None, days=None)
    now = BEGIN + 40 * DAY
    expire(connection, now)
    for table, kept in (("observation", 8), ("rollup_1min", 20)):
        oldest = connection.execute("SELECT min(begin_at), min(end_at) FROM partitions_of(%s)", (table,)).fetchone()
        assert oldest is not None
        assert oldest[0] <= midnight_before(now - kept * DAY) < oldest[1]
    assert stored_rollups(connection, Resolution.HOUR) == of_all(values, Resolution.HOUR)


def test_values_that_arrive_after_their_time_was_given_up_are_rolled_up_once(
    connection: Connection, streams: dict[str, int]
) -> None:
    writer = BatchWriter(connection, ingester="test")
    stream = streams["lighting"]
    values = history(stream, days=30)
    writer.write(batch_of(values))
    keep_everything_but(connection, "lighting", raw=5, minutes=10, hours=20, days=None)
    now = BEGIN + 30 * DAY
    expire(connection, now)

    # between the old ones, one for every hour or so; some in buckets that have been empty so far
    late = [value._replace(at=value.at + 31_000_000) for value in values[::4]]
    writer.write(batch_of(late[::2]))
    expire(connection, now)
    writer.write(batch_of(late[1::2]))
    expire(connection, now)
    expire(connection, now)

    horizons = {
        5: midnight_before(now - 5 * DAY),
        10: midnight_before(now - 10 * DAY),
        20: midnight_before(now - 20 * DAY),
    }
    everything = [*values, *late]
    assert left(connection, stream) == sorted(v.at for v in everything if from_micros(v.at) >= horizons[5])
    for resolution, since in (
        (Resolution.MINUTE, horizons[10]),
        (Resolution.HOUR, horizons[20]),
        (Resolution.DAY, BEGIN - DAY),
    ):
        stored = stored_rollups(connection, resolution)
        wanted = [one for one in of_all(everything, resolution) if one.bucket >= since]
        assert [one._replace(sum=None) for one in stored] == [one._replace(sum=None) for one in wanted]
        # they were added up in another order
        assert [one.sum or 0 for one in stored] == pytest.approx([one.sum or 0 for one in wanted], abs=1e-9)


def test_removal_that_was_stopped_goes_on(connection: Connection, streams: dict[str, int]) -> None:
    values = history(streams["lighting"], days=30)
    BatchWriter(connection, ingester="test").write(batch_of(values))
    keep_everything_but(connection, "lighting", raw=10, minutes=20, hours=None, days=None)
    now = BEGIN + 30 * DAY
    Rollups(connection, time_zone=ZONE).step(give_up_at=now)
    connection.execute("SELECT pg_advisory_unlock_all()")
    next(remove_expired(connection, rows=50))
    assert len(left(connection, streams["lighting"])) > 0
    expire(connection, now)
    horizon = midnight_before(now - 10 * DAY)
    assert left(connection, streams["lighting"]) == [v.at for v in values if from_micros(v.at) >= horizon]


def test_nothing_is_given_up_before_it_is_rolled_up(connection: Connection, streams: dict[str, int]) -> None:
    values = history(streams["lighting"], days=30)
    writer = BatchWriter(connection, ingester="test")
    for place in range(0, len(values), 500):
        writer.write(batch_of(values[place : place + 500]))
    keep_everything_but(connection, "lighting", raw=10, minutes=None, hours=None, days=None)
    rollups = Rollups(connection, time_zone=ZONE)
    while rollups.step(rows=500, give_up_at=BEGIN + 30 * DAY):
        assert sum(remove_expired(connection)) == 0
        assert len(left(connection, streams["lighting"])) == len(values)
    assert sum(remove_expired(connection)) > 0
    assert stored_rollups(connection, Resolution.MINUTE) == of_all(values, Resolution.MINUTE)


def test_ingest_goes_on_when_a_partition_it_knows_was_dropped(connection: Connection, streams: dict[str, int]) -> None:
    writer = BatchWriter(connection, ingester="test")
    values = history(streams["gas"], days=40)
    writer.write(batch_of(values))
    for system in streams:
        keep(connection, system, raw=8, minutes=None, hours=None, days=None)
    expire(connection, BEGIN + 40 * DAY)
    late = values[0]._replace(at=values[0].at + 1)
    assert writer.write(batch_of([late])).outcome.tolist() == [0]
    expire(connection, BEGIN + 40 * DAY)
    assert stored_rollups(connection, Resolution.MINUTE) == of_all([*values, late], Resolution.MINUTE)
