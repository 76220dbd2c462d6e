"""``citywatch doctor`` on every storage level: well when all is well, and for every ill the line that mends it."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

from analytics.retention import remove_expired
from analytics.rollups import Rollups
from citywatch.clock import SystemClock, to_micros
from citywatch.storage.connection import connect
from citywatch.storage.level import Level
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.registry import read_datastreams
from tests.support.rollups import Value, batch_of
from tests.support.servers import DatabaseServer

NOW = SystemClock().now()
ZONE = "Asia/Shanghai"


def doctor(database: str) -> tuple[int, list[dict[str, Any]]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYWATCH_")}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "doctor", "--json"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**clean, "CITYWATCH_DATABASE_URL": database},
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def wrong(findings: list[dict[str, Any]]) -> dict[str, str]:
    """Return what to do, by subject."""
    assert all(finding["fix"] for finding in findings if not finding["ok"])
    return {finding["subject"]: finding["fix"] for finding in findings if not finding["ok"]}


def test_a_database_that_is_well(every_level: DatabaseServer) -> None:
    database = every_level.fresh("demo")
    with connect(database, process="test") as connection:
        values = [Value(1, to_micros(NOW - timedelta(hours=hour)), 1.0, 1) for hour in range(48)]
        stream = read_datastreams(connection)[0]
        assert stream.datastream_id == 1
        source = f"{stream.district_id}/{stream.system_id}"
        BatchWriter(connection, ingester="test").write(batch_of(values, source=source))
        Rollups(connection, time_zone=ZONE).step(give_up_at=NOW)
        for _ in remove_expired(connection):
            pass
    code, findings = doctor(database)
    every_level.drop(database)
    # servers of tests have no background workers, which only the full edition needs
    expected = {"compression"} if every_level.level is Level.TIMESCALEDB else set()
    assert set(wrong(findings)) == expected
    assert code == int(bool(expected))
    facts = {finding["subject"]: finding["facts"] for finding in findings}
    assert facts["level"]["level"] == every_level.level.value
    assert facts["migrations"]["pending"] == []
    tables = {finding["facts"]["name"]: finding["facts"] for finding in findings if finding["subject"] == "table"}
    assert tables["observation"]["partitions"] >= 1
    assert all(table["size"] > 0 for name, table in tables.items() if name != "waveform_block")
    kept = [finding["facts"] for finding in findings if finding["subject"] == "retention"]
    assert {one["system_id"] for one in kept} == {
        "bridge", "gas", "drainage", "lighting", "manhole", "underground", "sewage", "pole",
        "platform",
    }  # fmt: skip


def test_a_follower_that_does_not_follow(plain_database: str) -> None:
    with connect(plain_database, process="test") as connection:
        BatchWriter(connection, ingester="test").write(batch_of([Value(1, to_micros(NOW), 1.0, 1)]))
        connection.execute("UPDATE batch SET committed_at = committed_at - interval '10 minutes'")
    code, findings = doctor(plain_database)
    assert code == 1
    assert "citywatch upkeep" in wrong(findings)["follower"]


def test_data_that_should_be_gone(plain_database: str) -> None:
    with connect(plain_database, process="test") as connection:
        Rollups(connection, time_zone=ZONE).step(give_up_at=NOW - timedelta(days=30))
    code, findings = doctor(plain_database)
    assert code == 1
    assert "citywatch upkeep" in wrong(findings)["retention"]


def test_an_empty_database(every_level: DatabaseServer) -> None:
    database = every_level.empty()
    code, findings = doctor(database)
    every_level.drop(database)
    assert code == 1
    assert "migrate" in next(finding["says"] for finding in findings if finding["subject"] == "migrations")


def test_a_database_of_the_release_before(plain_database: str) -> None:
    with connect(plain_database, process="test") as connection:
        connection.execute("DROP TABLE rollup_1min, rollup_1h, rollup_1day, retention_horizon, rollup_due CASCADE")
        connection.execute("DROP FUNCTION prepare_rollups, drop_partitions, partitions_of")
        connection.execute("DELETE FROM migration WHERE name LIKE '%rollups'")
    code, findings = doctor(plain_database)
    assert code == 1
    assert wrong(findings)["migrations"] == "run 'citywatch migrate'"


def test_the_report_for_people_marks_what_is_wrong(plain_database: str) -> None:
    with connect(plain_database, process="test") as connection:
        connection.execute("DELETE FROM migration WHERE name = 'repeatable/dash'")
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "doctor"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "CITYWATCH_DATABASE_URL": plain_database},
    )  # fmt: skip
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("WRONG migrations"))
    assert "repeatable/dash" in lines[place]
    assert lines[place + 1].strip() == "-> run 'citywatch migrate'"
