"""What the ledger accounts for, who finds out when it does not, and what they say."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from analytics.devices import Sensors, take_in
from citywatch.clock import SystemClock, to_micros
from citywatch.errors import Reason
from citywatch.model.devices import DeviceMessages
from citywatch.model.observations import Account, Batch, Observations
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.balance import compare_stored, read_imbalance
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.registry import read_datastreams
from tests.support.api import api_client
from tests.support.letters import dead_letter, write_letters
from tests.support.processes import running
from tests.support.waiting import wait_until

NOW = SystemClock().now()
MINUTE = (NOW - timedelta(minutes=10)).replace(second=0, microsecond=0)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(database) as opened:
        yield opened


def write(connection: Connection, *, minute: datetime = MINUTE, value: float = 1.0) -> None:
    """Store ten readings of one sensor, received within a minute, as its messages 0, 1, 2, 5, 6 ..."""
    number = next(one.datastream_id for one in read_datastreams(connection) if one.asset_id == "yangtze-1")
    received = to_micros(minute) + np.arange(10, dtype=np.int64) * 1_000_000
    rows = Observations(
        np.full(10, number, dtype=np.int32), received - 2_000_000, received, np.full(10, value), np.ones(10, np.int16)
    )
    devices = DeviceMessages(
        rows.datastream_id,
        received,
        np.array([0, 1, 2, 5, 6, 7, 8, 9, 10, 11]),
        received - 500_000,
        np.ones(10, dtype=np.int32),
        np.zeros(10, dtype=np.bool_),
    )
    account = Account(minute, "hanyang/bridge", 10, 10, 0)
    places = np.arange(10, dtype=np.int32)
    batch = Batch(rows, np.zeros(10, dtype=np.int32), [account], [], [], devices=devices, row_device=places)
    BatchWriter(connection, ingester="test").write(batch)


def doctor(database: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "doctor", "--json"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "CITYWATCH_DATABASE_URL": database},
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, [one for one in json.loads(done.stdout) if not one["ok"]]


def test_all_is_well(database: str, connection: Connection) -> None:
    write(connection)
    report = compare_stored(connection, end=NOW, longest=timedelta(hours=1), most_rows=1000)
    assert (report.rows, report.differences, report.pruned) == (10, [], 0)
    assert read_imbalance(connection, since=MINUTE) is None
    assert doctor(database) == (0, [])


def test_an_account_that_does_not_balance_is_named(database: str, connection: Connection) -> None:
    write(connection)
    connection.execute("UPDATE ledger SET received = received + 1")
    imbalance = read_imbalance(connection, since=MINUTE)
    named = f"hanyang/bridge at {MINUTE:%Y-%m-%d %H:%M} received 11 readings and accounts for 10"
    assert imbalance is not None
    assert (imbalance.readings, imbalance.minutes) == (1, 1)
    assert named in str(imbalance)
    code, wrong = doctor(database)
    assert code == 1
    assert any(named in one["says"] for one in wrong)
    assert {one["subject"] for one in wrong} == {"ledger"}


def test_rows_that_are_gone_are_found_by_minute_and_source(database: str, connection: Connection) -> None:
    write(connection)
    write(connection, minute=MINUTE + timedelta(minutes=1))
    connection.execute("DELETE FROM observation WHERE phenomenon_time < %s", (MINUTE,))
    report = compare_stored(connection, end=NOW, longest=timedelta(hours=1), most_rows=1000)
    (found,) = report.differences
    assert (found.minute, found.source) == (MINUTE, "hanyang/bridge")
    assert (found.ledger, found.batches, found.observations) == (10, 10, 8)
    connection.execute("UPDATE ledger SET stored = 9, received = 9 WHERE minute = %s", (MINUTE,))
    code, wrong = doctor(database)
    assert code == 1
    assert any("the ledger says 19 rows were ever stored, the batches 20" in one["says"] for one in wrong)
    assert any("the ledger says 9 stored, the batches 10, and 8 of these" in one["says"] for one in wrong)


def test_a_message_with_readings_of_several_systems_accuses_nobody(connection: Connection) -> None:
    write(connection)
    connection.execute("UPDATE ledger SET source = 'hanyang/gas'")
    report = compare_stored(connection, end=NOW, longest=timedelta(hours=1), most_rows=1000)
    assert (report.rows, report.differences) == (10, [])
    connection.execute("UPDATE ledger SET source = 'wuchang/bridge'")
    report = compare_stored(connection, end=NOW, longest=timedelta(hours=1), most_rows=1000)
    assert {found.source for found in report.differences} == {"hanyang/bridge", "wuchang/bridge"}


def test_a_comparison_takes_no_more_than_it_may(connection: Connection) -> None:
    for minutes in range(8):
        write(connection, minute=MINUTE + timedelta(minutes=minutes))
    report = compare_stored(connection, end=NOW, longest=timedelta(hours=1), most_rows=30)
    assert 0 < report.rows <= 30
    assert report.differences == []


def test_pruned_batches_accuse_nobody(connection: Connection) -> None:
    write(connection)
    connection.execute("UPDATE batch SET columns = NULL")
    report = compare_stored(connection, end=NOW, longest=timedelta(hours=1), most_rows=1000)
    assert (report.pruned, report.differences) == (1, [])


def test_what_waits_for_somebody_is_named_with_its_remedy(database: str, connection: Connection) -> None:
    write(connection)
    write(connection, value=2.0)
    take_in(connection, Sensors(read_datastreams(connection)))
    write_letters(connection, [dead_letter(NOW, reason=Reason.UNIT_MISMATCH)])
    connection.execute(
        "INSERT INTO process_health VALUES ('ingest', 'ingest-1', now(), now(), 'degraded', %s::jsonb)",
        ('{"pending": 7, "outage": "disk full"}',),
    )
    code, wrong = doctor(database)
    assert code == 1
    says = {one["subject"]: one["says"] for one in wrong}
    assert says["dead letters"].startswith("1 open for unit_mismatch")
    assert "10 second values" in says["conflicts"]
    assert says["devices"] == "yangtze-1/strain-1 sent 2 messages in the last 24 h that never arrived"
    assert "holds 7 messages" in says["pending"]
    assert "disk full" in next(one["fix"] for one in wrong if one["subject"] == "pending")


def test_views_show_what_is_accounted_for(connection: Connection) -> None:
    write(connection)
    write_letters(connection, [dead_letter(NOW, reason=Reason.EMPTY)])
    take_in(connection, Sensors(read_datastreams(connection)))
    row = connection.execute(
        "SELECT received, stored, unaccounted, unbalanced_minutes, last_unbalanced_at FROM dash.ledger_balance"
        " WHERE source = 'hanyang/bridge'"
    ).fetchone()
    assert row == (10, 10, 0, 0, None)
    connection.execute("UPDATE ledger SET stored = 9 WHERE source = 'hanyang/bridge'")
    row = connection.execute(
        "SELECT unaccounted, unbalanced_minutes, last_unbalanced_at FROM dash.ledger_balance WHERE unaccounted <> 0"
    ).fetchone()
    assert row == (1, 1, MINUTE)
    assert connection.execute("SELECT reason, letters FROM dash.dead_letter").fetchall() == [("empty", 1)]
    row = connection.execute(
        "SELECT messages, skipped, skew_median_s, lateness_mean_s, lateness_max_s FROM dash.device_ledger"
    ).fetchone()
    assert row == (10, 2, 0.5, 2, 2)


async def test_the_ledger_can_be_asked(client: httpx.AsyncClient, connection: Connection) -> None:
    write(connection)
    write(connection)
    write_letters(connection, [dead_letter(NOW, reason=Reason.EMPTY)])
    take_in(connection, Sensors(read_datastreams(connection)))

    async def ask(path: str, **query: object) -> Any:
        answer = await client.get(path, params={key: str(value) for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    whole = await ask("/ledger")
    assert (whole["total"]["received"], whole["total"]["stored"], whole["total"]["duplicate"]) == (21, 10, 10)
    assert whole["balanced"]
    assert {row["source"] for row in whole["rows"]} == {"hanyang/bridge", "?"}
    assert (await ask("/ledger", district="hanyang"))["total"]["received"] == 20
    assert (await ask("/ledger", system="gas"))["total"]["received"] == 0
    assert (await ask("/ledger", source="?"))["total"]["rejected"] == 1
    assert (await ask("/ledger", since=MINUTE.isoformat(), until=MINUTE.isoformat()))["total"]["received"] == 0
    assert (await ask("/ledger", unbalanced=True))["rows"] == []

    page = await ask("/ledger/devices", hours=2, district="hanyang")
    (device,) = page["items"]
    assert (device["asset_id"], device["sensor_id"], device["messages"]) == ("yangtze-1", "strain-1", 20)
    assert (device["missing"], device["repeated"], device["restarts"]) == (2, 10, 0)
    assert device["skew_median_s"] == 0.5
    assert (await ask("/ledger/devices", hours=2, system="gas"))["items"] == []
    hours = await ask("/ledger/devices/yangtze-1/strain-1", hours=2)
    assert sum(hour["messages"] for hour in hours) == 20

    connection.execute("UPDATE ledger SET received = received + 1 WHERE source = 'hanyang/bridge'")
    wrong = await ask("/ledger", unbalanced=True)
    assert (wrong["balanced"], wrong["total"]["unbalanced"], len(wrong["rows"])) == (False, 1, 1)


async def test_health_passes_the_sentence_on(client: httpx.AsyncClient, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO process_health VALUES ('analytics', 'analytics-1', now(), now(), 'degraded', %s::jsonb)",
        ('{"imbalance": "the ledger does not balance"}',),
    )
    reasons = (await client.get("/health")).json()["reasons"]
    assert "analytics (analytics-1) is degraded: the ledger does not balance" in reasons


def test_the_health_command_passes_it_on_too(database: str, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO process_health VALUES ('analytics', 'analytics-1', now(), now(), 'degraded', %s::jsonb)",
        ('{"imbalance": "the ledger does not balance"}',),
    )
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "health", "analytics"], capture_output=True, text=True, check=False,
        env={**os.environ, "CITYWATCH_DATABASE_URL": database}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the ledger does not balance" in done.stdout


async def test_a_fixed_past_is_no_matter(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ledger", params={"since": datetime(2020, 1, 1, tzinfo=UTC).isoformat()})
    assert answer.json()["total"]["unbalanced"] == 0


def test_analytics_keeps_the_device_ledger_and_watches_the_balance(plain_database: str, tmp_path: Path) -> None:
    with connect(plain_database, process="test") as connection:
        write(connection)
        connection.execute("UPDATE ledger SET received = received + 1")

        def complains() -> bool:
            row = connection.execute("SELECT state, details ->> 'imbalance' FROM process_health").fetchone()
            return row is not None and row[0] == "degraded" and "received 11 readings" in row[1]

        def counted() -> bool:
            return connection.execute("SELECT sum(messages)::int FROM device_ledger").fetchone() == (10,)

        with running("analytics", {"CITYWATCH_DATABASE_URL": plain_database}, tmp_path / "analytics.log"):
            wait_until(complains, what="analytics to find the imbalance")
            wait_until(counted, what="analytics to keep the device ledger")


def test_the_health_command_names_processes_that_are_missing_or_stopped(database: str, connection: Connection) -> None:
    connection.execute("INSERT INTO process_health VALUES ('upkeep', 'upkeep-1', now(), now(), 'stopped', '{}')")
    connection.execute("INSERT INTO process_health VALUES ('ingest', 'ingest-1', now(), now(), 'ok', '{}')")

    def health(*process: str) -> tuple[int, dict[str, str]]:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "health", "--json", *process], capture_output=True, text=True,
            env={**os.environ, "CITYWATCH_DATABASE_URL": database}, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, {one["process"]: one["state"] for one in json.loads(done.stdout)}

    assert health() == (1, {"ingest": "ok", "upkeep": "stopped", "analytics": "missing"})
    assert health("ingest") == (0, {"ingest": "ok"})
    assert health("webhooks") == (1, {"webhooks": "missing"})
