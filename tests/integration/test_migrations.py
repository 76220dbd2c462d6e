"""Migrations on both engines: once, frozen, and refused when something is amiss."""

import hashlib
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from analytics.rollups import Rollups
from citywatch.clock import to_micros
from citywatch.errors import Misconfigured
from citywatch.storage.connection import connect
from citywatch.storage.level import Level, detect_level
from citywatch.storage.migrate import frozen_checksums, migrate, migrations, require_current_schema
from citywatch.storage.pipeline.batches import BatchWriter
from tests.support.rollups import Value, batch_of
from tests.support.servers import TIMESCALEDB_ROOT, DatabaseServer, timescaledb_server

INCREMENTAL = files("citywatch.storage") / "migrations" / "incremental"


def test_incremental_files_are_what_was_frozen() -> None:
    """A change belongs into a new file; a new file is frozen by adding its line to frozen.txt."""
    present = {
        file.name: hashlib.sha256(file.read_text(encoding="utf-8").encode()).hexdigest()
        for file in INCREMENTAL.iterdir()
        if file.name.endswith(".sql")
    }
    assert present == frozen_checksums()


def test_every_engine_gets_the_same_migrations() -> None:
    assert {m.name for m in migrations("postgresql")} == {m.name for m in migrations("timescaledb")}


def test_migrating_twice_changes_nothing_the_second_time(any_server: DatabaseServer) -> None:
    database = any_server.empty()
    first = migrate(database)
    assert "incremental/0001_registry" in first.applied
    assert first.level is any_server.level
    assert migrate(database).applied == ()
    with connect(database, process="test") as connection:
        require_current_schema(connection)
    any_server.drop(database)


def test_observations_are_partitioned_by_the_engine(any_server: DatabaseServer) -> None:
    database = any_server.fresh("demo")
    with connect(database, process="test") as connection:
        if any_server.engine == "timescaledb":
            query = "SELECT count(*) FROM timescaledb_information.hypertables WHERE hypertable_name = 'observation'"
        else:
            query = "SELECT count(*) FROM pg_partitioned_table WHERE partrelid = 'citywatch.observation'::regclass"
        assert connection.execute(query).fetchone() == (1,)
    any_server.drop(database)


def test_an_empty_database_is_refused_with_the_command_that_helps(any_server: DatabaseServer) -> None:
    database = any_server.empty()
    with connect(database, process="test") as connection, pytest.raises(Misconfigured, match="citywatch migrate"):
        require_current_schema(connection)
    any_server.drop(database)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("UPDATE migration SET sha256 = 'x' WHERE name = 'incremental/0001_registry'", "was changed after"),
        ("INSERT INTO migration (name, sha256) VALUES ('incremental/9999_future', 'x')", "newer release"),
    ],
)
def test_a_database_of_another_release_is_refused(plain_database: str, change: str, complaint: str) -> None:
    with connect(plain_database, process="test") as connection:
        connection.execute(change)
    with pytest.raises(Misconfigured, match=complaint):
        migrate(plain_database)


def test_repeatable_files_run_again_when_they_changed(plain_database: str) -> None:
    with connect(plain_database, process="test") as connection:
        connection.execute("UPDATE migration SET sha256 = 'x' WHERE name = 'repeatable/alarm_events'")
    assert migrate(plain_database).applied == ("repeatable/alarm_events",)


@pytest.mark.skipif(TIMESCALEDB_ROOT is None, reason="no TimescaleDB: set TEST_TIMESCALEDB_ROOT")
def test_a_plain_database_whose_server_is_given_timescaledb_stays_what_it_is(server_folder: Path) -> None:
    folder = server_folder / "given_timescaledb"
    assert TIMESCALEDB_ROOT is not None
    times = [to_micros(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(weeks=weeks)) for weeks in range(8)]

    def work(database: str, *at: int) -> None:
        with connect(database, process="test") as connection:
            require_current_schema(connection)
            BatchWriter(connection, ingester="test").write(batch_of([Value(1, micros, 1.0, 1) for micros in at]))
            Rollups(connection, time_zone="UTC").step()

    with timescaledb_server(folder, TIMESCALEDB_ROOT, Level.POSTGRESQL, "-c", "shared_preload_libraries=") as server:
        database = server.fresh("demo")
        assert migrate(database).note is None
        work(database, *times[:4])

    with timescaledb_server(folder, TIMESCALEDB_ROOT, Level.POSTGRESQL):
        for extension in (None, "CREATE EXTENSION timescaledb"):
            with connect(database, process="test") as connection:
                if extension is not None:
                    connection.execute(extension.encode())
                assert detect_level(connection) is Level.POSTGRESQL
            report = migrate(database)
            assert (report.level, report.applied) == (Level.POSTGRESQL, ())
            assert report.note is not None
            assert "stays on range partitions" in report.note
            work(database, times[4] if extension is None else times[5])
        with connect(database, process="test") as connection:
            for table in ("observation", "rollup_1min"):
                parts = connection.execute("SELECT count(*) FROM partitions_of(%s)", (table,)).fetchone()
                rows = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
                assert (parts, rows) == ((6,), (6,))
