"""Waveform blocks expire on every engine; those in an event window stay, made by an alarm or by a person."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.alarms import write_anomalies
from analytics.retention import remove_expired
from citywatch.clock import to_micros
from citywatch.errors import Misconfigured, NotFound
from citywatch.model.alarms import Anomaly, Evidence
from citywatch.model.event_windows import EventWindow, KeptWindow, Surroundings
from citywatch.model.identifiers import AssetId, DatastreamId, RuleId
from citywatch.model.observations import Account, Batch
from citywatch.model.rules import Severity
from citywatch.model.waveforms import Waveform
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.event_windows import keep, read_windows
from citywatch.storage.pipeline.registry import read_asset_names, read_rules
from citywatch.storage.pipeline.retention import give_up
from tests.support.api import api_client
from tests.support.letters import NOTHING
from tests.support.waveforms import register_accelerometer

BEGIN = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BRIDGE = AssetId("yangtze-1")


@pytest.fixture
def stream(database: str) -> int:
    """The accelerometer of the bridge; all systems keep waveforms for three days."""
    return register_accelerometer(database)


@pytest.fixture
def connection(database: str, stream: int) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        opened.execute("UPDATE system SET retention = jsonb_build_object('waveforms', 3)")
        yield opened


def write_blocks(connection: Connection, stream: int, *starts: datetime) -> None:
    """Write blocks of ten seconds that begin at some instants."""
    blocks = [
        Waveform(DatastreamId(stream), to_micros(at), to_micros(at), 1.0, np.zeros(11, dtype=np.float32))
        for at in starts
    ]
    count = len(blocks)
    none = np.empty(0, dtype=np.int32)
    account = Account(BEGIN, "hanyang/bridge", count, count, 0)
    batch = Batch(
        NOTHING, none, [account], [], [], blocks, np.zeros(count, dtype=np.int32), np.ones(count, dtype=np.int16)
    )
    BatchWriter(connection, ingester="test").write(batch)


def window(begins_at: datetime, ends_at: datetime, *, asset: str = BRIDGE, stream: int | None = None) -> EventWindow:
    number = None if stream is None else DatastreamId(stream)
    return EventWindow(AssetId(asset), number, begins_at, ends_at, "ship strike", "li.wei")


def expire(connection: Connection, at: datetime) -> int:
    give_up(connection, at=at, zone="UTC")
    return sum(remove_expired(connection))


def left(connection: Connection) -> list[datetime]:
    return [at for (at,) in connection.execute("SELECT start_time FROM waveform_block ORDER BY 1")]


def partitions(connection: Connection) -> list[datetime]:
    return [at for (at,) in connection.execute("SELECT begin_at FROM partitions_of('waveform_block') ORDER BY 1")]


def test_expired_blocks_go_with_their_partitions(connection: Connection, stream: int) -> None:
    starts = [BEGIN + day * DAY + hour * HOUR for day in range(6) for hour in (1, 13)]
    write_blocks(connection, stream, *starts)
    assert expire(connection, BEGIN + 5 * DAY + HOUR) == 0  # whole partitions need no deletion
    assert left(connection) == starts[4:]
    assert partitions(connection) == [BEGIN + day * DAY for day in (2, 3, 4, 5)]


def test_a_system_that_keeps_waveforms_for_ever_loses_none_and_one_that_does_not_loses_its_own(
    connection: Connection, stream: int
) -> None:
    connection.execute(
        "UPDATE datastream SET sampling = 'waveform' WHERE datastream_id ="
        " (SELECT min(datastream_id) FROM datastream WHERE asset_id = 'well-001')"
    )
    row = connection.execute(
        "SELECT datastream_id FROM datastream WHERE asset_id = 'well-001' AND sampling = 'waveform'"
    ).fetchone()
    assert row is not None
    connection.execute("UPDATE system SET retention = '{\"waveforms\": null}' WHERE system_id = 'gas'")
    write_blocks(connection, stream, BEGIN + HOUR)
    write_blocks(connection, row[0], BEGIN + 2 * HOUR)
    assert expire(connection, BEGIN + 5 * DAY) == 1
    assert left(connection) == [BEGIN + 2 * HOUR]


def test_a_window_keeps_every_block_that_reaches_into_it(connection: Connection, stream: int) -> None:
    inside, reaching, before = BEGIN + 6 * HOUR, BEGIN + 6 * HOUR - timedelta(seconds=9), BEGIN + HOUR
    overnight = BEGIN + 2 * DAY - timedelta(seconds=5)
    write_blocks(connection, stream, before, reaching, inside, BEGIN + DAY + HOUR, overnight)
    keep(connection, window(BEGIN + 6 * HOUR, BEGIN + 6 * HOUR + timedelta(seconds=1)))
    keep(connection, window(BEGIN + 2 * DAY, BEGIN + 2 * DAY + HOUR, stream=stream))
    keep(connection, EventWindow(BRIDGE, None, before - HOUR, before, "ends as the block begins", "li.wei"))
    assert expire(connection, BEGIN + 9 * DAY) == 2
    assert left(connection) == [reaching, inside, overnight]
    assert partitions(connection) == [BEGIN, BEGIN + DAY]
    # what comes late is looked for again when the horizon moves
    write_blocks(connection, stream, before)
    assert expire(connection, BEGIN + 10 * DAY) == 1
    assert left(connection) == [reaching, inside, overnight]


def test_a_window_of_another_asset_keeps_nothing(connection: Connection, stream: int) -> None:
    connection.execute("UPDATE datastream SET sampling = 'waveform' WHERE asset_id = 'well-001'")
    write_blocks(connection, stream, BEGIN + HOUR)
    keep(connection, window(BEGIN, BEGIN + DAY, asset="well-001"))
    expire(connection, BEGIN + 9 * DAY)
    assert left(connection) == []
    assert partitions(connection) == []


@pytest.mark.parametrize(
    ("wrong", "error", "complaint"),
    [
        (window(BEGIN + DAY, BEGIN), Misconfigured, "is not before end"),
        (window(BEGIN, BEGIN + DAY, asset="atlantis"), NotFound, "no asset 'atlantis' with waveform"),
        (window(BEGIN, BEGIN + DAY, asset="well-001"), NotFound, "no asset 'well-001' with waveform"),
        (window(BEGIN, BEGIN + DAY, stream=1), NotFound, "no waveform datastream 1; it has"),
    ],
)
def test_a_window_that_could_keep_nothing_is_refused(
    connection: Connection, wrong: EventWindow, error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        keep(connection, wrong)
    assert read_windows(connection, limit=10) == []


def anomaly(severity: Severity | None, at: datetime, *, asset: str = BRIDGE, rule: str = "pier-tilt") -> Anomaly:
    evidence: Evidence = {"property": "tilt", "value": 1.0, "unit": "deg"}
    return Anomaly(RuleId(rule), AssetId(asset), DatastreamId(1), severity, at, at, evidence)


def test_a_bad_alarm_keeps_what_surrounds_it(connection: Connection, stream: int) -> None:
    rules = {rule.rule_id: rule for rule in read_rules(connection)}

    def find(*anomalies: Anomaly) -> list[KeptWindow]:
        names = read_asset_names(connection)
        write_anomalies(connection, anomalies, rules=rules, assets=names, at=lambda: BEGIN, kept=Surroundings())
        return read_windows(connection, limit=10)

    assert find(anomaly(Severity.MINOR, BEGIN), anomaly(Severity.CRITICAL, BEGIN, asset="well-001")) == []
    at = BEGIN + HOUR
    (kept,) = find(anomaly(Severity.MAJOR, at))
    assert (kept.begins_at, kept.ends_at) == (at - timedelta(seconds=60), at + timedelta(seconds=300))
    assert (kept.asset_id, kept.datastream_id, kept.actor) == (BRIDGE, None, "detector")
    rows = connection.execute("SELECT alarm_id FROM alarm WHERE asset_id = 'yangtze-1'").fetchall()
    assert rows == [(kept.alarm_id,)]
    assert len(find(anomaly(Severity.MINOR, at + HOUR), anomaly(None, at + HOUR))) == 1
    again, _ = find(anomaly(Severity.CRITICAL, at + 2 * HOUR))
    assert again.begins_at == at + 2 * HOUR - timedelta(seconds=60)


async def test_people_keep_windows_and_see_them(database: str, connection: Connection, stream: int) -> None:
    write_blocks(connection, stream, BEGIN, BEGIN + HOUR)
    wanted: dict[str, Any] = {
        "asset_id": BRIDGE, "begins_at": BEGIN.isoformat(), "ends_at": (BEGIN + DAY).isoformat(),
        "reason": "load test", "actor": "li.wei",
    }  # fmt: skip
    async with api_client(database) as client:
        answer = await client.post("/event-windows", json=wanted)
        assert answer.status_code == 201, answer.text
        assert (answer.json()["blocks"], answer.json()["alarm_id"]) == (2, None)
        other = {**wanted, "ends_at": wanted["begins_at"]}
        assert (await client.post("/event-windows", json=other)).status_code == 422
        assert (await client.post("/event-windows", json={**wanted, "asset_id": "atlantis"})).status_code == 404
        (await client.post("/event-windows", json={**wanted, "datastream_id": stream})).raise_for_status()
        first = (await client.get("/event-windows", params={"limit": 1})).json()
        second = (await client.get("/event-windows", params={"limit": 1, "before": first["next"]})).json()
    assert [page["items"][0]["datastream_id"] for page in (first, second)] == [stream, None]
    assert second["next"] is None


def command(database: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "waveforms", *arguments, "--json"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "CITYWATCH_DATABASE_URL": database},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_command_keeps_and_lists(plain_database: str) -> None:
    register_accelerometer(plain_database)
    (kept,) = command(
        plain_database,
        "keep",
        BRIDGE,
        "--begin",
        "2026-03-02",
        "--end",
        "2026-03-03T00:00:00Z",
        "--reason",
        "load test",
    )
    assert (kept["asset_id"], kept["begins_at"], kept["blocks"]) == (BRIDGE, "2026-03-02T00:00:00+00:00", 0)
    assert command(plain_database, "list", "--asset", BRIDGE) == [kept]
    assert command(plain_database, "list", "--asset", "well-001") == []
