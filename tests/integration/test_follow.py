"""The follower on both engines: findings and alarms of every batch exactly once, whenever it is restarted."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.evaluate import Evaluator
from analytics.follow import Follower
from citywatch.clock import to_micros
from citywatch.errors import Unavailable
from citywatch.model.observations import Account, Batch, Observations
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.registry import read_asset_names, read_datastreams, read_rules

BEGIN = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
STEP = timedelta(minutes=10)


class SetClock:
    """Shows the time it was set to."""

    def __init__(self) -> None:
        self.time = BEGIN

    def now(self) -> datetime:
        return self.time


def stream_of(connection: Connection, asset_id: str, property_id: str) -> int:
    row = connection.execute(
        "SELECT datastream_id FROM datastream WHERE asset_id = %s AND property_id = %s ORDER BY 1",
        (asset_id, property_id),
    ).fetchone()
    assert row is not None
    return int(row[0])


def write_history(connection: Connection) -> None:
    """Write three days of one strain gauge that jumps on the fourth day, and a leak in one well."""
    strain = stream_of(connection, "yangtze-1", "strain")
    methane = stream_of(connection, "well-001", "methane")
    rng = np.random.default_rng(1)
    writer = BatchWriter(connection, ingester="test")
    for number in range(int(timedelta(days=3, hours=6) / STEP)):
        times = to_micros(BEGIN + number * STEP) + np.arange(10, dtype=np.int64) * 60_000_000
        hours = (times / 3.6e9) % 24
        jump = 400.0 if number * STEP > timedelta(days=3, hours=2) else 0.0
        values = 20 * np.cos(2 * np.pi * hours / 24) + rng.normal(0, 2, len(times)) + jump
        leak = np.where((number > 400) & (number < 420), 60.0, 0.5) + rng.normal(0, 0.1, len(times))
        rows = Observations(
            np.repeat(np.array([strain, methane], dtype=np.int32), len(times)),
            np.tile(times, 2),
            np.tile(times, 2),
            np.concatenate((values, leak)),
            np.ones(2 * len(times), dtype=np.int16),
        )
        account = Account(BEGIN, "hanyang/bridge", 1, len(rows), 0)
        writer.write(Batch(rows, np.zeros(len(rows), dtype=np.int32), [account], [], []))


def follower_on(connection: Connection, clock: SetClock) -> Follower:
    rules = read_rules(connection)
    evaluator = Evaluator(read_datastreams(connection), rules, time_zone="Asia/Shanghai")
    return Follower(connection, evaluator, rules=rules, assets=read_asset_names(connection), clock=clock)


def follow_all(database: str, *, restart_every: int = 10_000, checkpoint_every: int = 3) -> None:
    """Follow to the end, with a new process after every so many steps, each of them without a good-bye."""
    clock, done = SetClock(), False
    while not done:
        with connect(database, process="test") as connection:
            follower = follower_on(connection, clock)
            for step in range(1, restart_every + 1):
                done = follower.step(limit=7) == 0
                if done:
                    break
                if step % checkpoint_every == 0:
                    follower.checkpoint()


def results(database: str) -> Sequence[Any]:
    with connect(database, process="test") as connection:
        queries = (
            "SELECT datastream_id, phenomenon_time, tests, flag FROM quality_finding ORDER BY 1, 2",
            (
                "SELECT asset_id, rule_id, state, severity, measured_at, occurrences, message_en, evidence FROM alarm"
                " ORDER BY asset_id, rule_id"
            ),
            "SELECT alarm_id, event, severity FROM alarm_event ORDER BY event_id",
            "SELECT type, data -> 'severity' FROM outbox ORDER BY outbox_id",
        )
        return [connection.execute(query).fetchall() for query in queries]


@pytest.mark.timeout(400)
def test_restarts_at_any_point_change_no_result(any_server: Any) -> None:
    template = any_server.fresh("demo")
    with connect(template, process="test") as connection:
        write_history(connection)
    outcomes = []
    for restart_every, checkpoint_every in ((10_000, 3), (5, 3), (17, 11)):
        database = any_server.copy(template)
        follow_all(database, restart_every=restart_every, checkpoint_every=checkpoint_every)
        outcomes.append(results(database))
        any_server.drop(database)
    any_server.drop(template)
    assert outcomes[0] == outcomes[1] == outcomes[2]
    alarms = outcomes[0][1]
    assert {(alarm[0], alarm[1]) for alarm in alarms} == {
        ("yangtze-1", "strain-residual"),
        ("well-001", "methane-in-well"),
    }  # fmt: skip
    residual = next(alarm for alarm in alarms if alarm[1] == "strain-residual")
    assert residual[7]["deviations"] > 8
    assert abs(residual[7]["expected"]) < 40
    assert residual[4] > BEGIN + timedelta(days=3, hours=2)
    events = [event for _, event, _ in outcomes[0][2]]
    assert events[0] == "raised"
    assert "returned" in events


def test_a_second_follower_waits(plain_database: str) -> None:
    with connect(plain_database, process="test") as one, connect(plain_database, process="test") as two:
        follower_on(one, SetClock())
        with pytest.raises(Unavailable, match="waits for its end"):
            follower_on(two, SetClock())
    with closing(connect(plain_database, process="test")) as three:
        assert follower_on(three, SetClock()).step() == 0
