"""Fixtures that many tests share: real servers, one per session, and fresh databases, one per test."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from citywatch.broker import BrokerAddress
from citywatch.errors import Misconfigured
from citywatch.storage.level import Level
from cli.embedded.broker import BrokerKind, chosen_kind, embedded_broker
from cli.embedded.home import Home
from tests.support.servers import (
    TIMESCALEDB_FULL_ROOT,
    TIMESCALEDB_ROOT,
    DatabaseServer,
    postgres_server,
    timescaledb_server,
)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that accounts of servers can reach, other than pytest's."""
    with TemporaryDirectory(prefix="citywatch-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgresql(server_folder: Path) -> Iterator[DatabaseServer]:
    """The embedded PostgreSQL."""
    with postgres_server(server_folder / "postgresql") as server:
        yield server


@pytest.fixture(scope="session")
def timescaledb(server_folder: Path) -> Iterator[DatabaseServer]:
    """TimescaleDB, where it is provided."""
    if TIMESCALEDB_ROOT is None:
        pytest.skip("no TimescaleDB: set TEST_TIMESCALEDB_ROOT to a root folder made by '.ci/timescaledb install'")
    with timescaledb_server(server_folder / "timescaledb", TIMESCALEDB_ROOT, Level.TIMESCALEDB_APACHE) as server:
        yield server


@pytest.fixture(scope="session")
def timescaledb_full(server_folder: Path) -> Iterator[DatabaseServer]:
    """The full edition of TimescaleDB, where it is provided; no Debian package holds it."""
    if TIMESCALEDB_FULL_ROOT is None:
        pytest.skip("no full TimescaleDB: set TEST_TIMESCALEDB_FULL_ROOT to a root folder that holds the TSL edition")
    with timescaledb_server(server_folder / "timescaledb_full", TIMESCALEDB_FULL_ROOT, Level.TIMESCALEDB) as server:
        yield server


@pytest.fixture(params=["postgresql", "timescaledb", *(["timescaledb_full"] if TIMESCALEDB_FULL_ROOT else [])])
def any_server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each engine in turn."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, DatabaseServer)
    return server


@pytest.fixture(params=["postgresql", "timescaledb", "timescaledb_full"])
def every_level(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each storage level in turn; says so when one is not provided."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, DatabaseServer)
    return server


@pytest.fixture
def database(any_server: DatabaseServer) -> Iterator[str]:
    """A migrated database with the demo city, on each engine in turn."""
    address = any_server.fresh("demo")
    yield address
    any_server.drop(address)


@pytest.fixture
def plain_database(postgresql: DatabaseServer) -> Iterator[str]:
    """A migrated database with the demo city on plain PostgreSQL, for what does not depend on the engine."""
    address = postgresql.fresh("demo")
    yield address
    postgresql.drop(address)


@pytest.fixture(scope="session", params=[BrokerKind.MOSQUITTO, BrokerKind.AEDES])
def any_broker(request: pytest.FixtureRequest, server_folder: Path) -> Iterator[BrokerAddress]:
    """Each broker that is installed, in turn."""
    try:
        kind = chosen_kind(request.param)
    except Misconfigured as error:
        pytest.skip(f"{request.param} is not installed: {error}")
    with embedded_broker(Home(server_folder / kind), kind=kind, port=0) as address:
        yield address


@pytest.fixture(scope="session")
def broker(server_folder: Path) -> Iterator[BrokerAddress]:
    """The broker that the demo would use here."""
    with embedded_broker(Home(server_folder / "broker"), port=0) as address:
        yield address
