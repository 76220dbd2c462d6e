"""The registry in the database: loading it again keeps what was, and says what changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from citywatch.clock import SystemClock
from citywatch.model.identifiers import AssetId
from citywatch.model.names import Name
from citywatch.model.registry import Change, Registry
from citywatch.registry import load_city, load_folder
from citywatch.registry.export import AssetFormat, write_folder
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.registry import (
    compare_registry,
    read_covered_assets,
    read_datastreams,
    read_inventory,
    write_registry,
)
from tests.support.servers import DatabaseServer

BRIDGE = AssetId("yangtze-1")


@pytest.fixture(scope="module")
def city() -> Registry:
    return load_city("demo")


@pytest.fixture
def seeded(any_server: DatabaseServer) -> Iterator[Connection]:
    database = any_server.fresh("demo")
    with connect(database, process="test") as connection:
        yield connection
    any_server.drop(database)


def versions(connection: Connection, asset_id: str = BRIDGE) -> list[tuple[str, bool]]:
    """Return the English names an asset has had, each with whether it still has it."""
    return connection.execute(
        "SELECT name_en, valid_until IS NULL FROM asset_version WHERE asset_id = %s ORDER BY valid_from", (asset_id,)
    ).fetchall()


def renamed(city: Registry, name: str) -> Registry:
    assets = [
        replace(asset, name=Name(name, asset.name.zh)) if asset.asset_id == BRIDGE else asset for asset in city.assets
    ]
    return replace(city, assets=assets)


def without_bridge(city: Registry) -> Registry:
    return replace(
        city,
        assets=[asset for asset in city.assets if asset.asset_id != BRIDGE],
        sensors=[sensor for sensor in city.sensors if sensor.asset_id != BRIDGE],
    )


def test_loading_the_same_city_again_changes_nothing(seeded: Connection, city: Registry) -> None:
    before = seeded.execute("SELECT xmin, asset_id FROM asset ORDER BY 2").fetchall()
    report = write_registry(seeded, city)
    assert (report.changes.assets, report.changes.sensors, report.changes.first) == ({}, {}, ())
    assert seeded.execute("SELECT xmin, asset_id FROM asset ORDER BY 2").fetchall() == before


def test_comparing_tells_what_loading_would_do_and_does_nothing(seeded: Connection, city: Registry) -> None:
    fewer = replace(renamed(city, "New name"), sensors=city.sensors[1:])
    expected = compare_registry(seeded, fewer)
    assert expected.assets == {Change.CHANGED: 1}
    assert expected.sensors == {Change.RETIRED: 1}
    assert [(one.change, one.asset_id, one.fields) for one in expected.first] == [
        (Change.CHANGED, BRIDGE, ("name_en",)),
        (Change.RETIRED, city.sensors[0].asset_id, ()),
    ]
    assert compare_registry(seeded, fewer) == expected
    assert write_registry(seeded, fewer).changes == expected
    assert compare_registry(seeded, fewer).first == ()


def test_a_renamed_asset_keeps_its_old_record_as_a_version(seeded: Connection, city: Registry) -> None:
    old = next(asset.name.en for asset in city.assets if asset.asset_id == BRIDGE)
    write_registry(seeded, renamed(city, "First new name"))
    write_registry(seeded, renamed(city, "Second new name"))
    assert versions(seeded) == [(old, False), ("First new name", False), ("Second new name", True)]
    begun = seeded.execute(
        "SELECT count(*) FROM asset_version v JOIN asset_version w USING (asset_id) WHERE v.valid_until = w.valid_from"
    ).fetchone()
    assert begun == (2,)


def test_what_leaves_the_files_is_retired_and_keeps_its_datastreams(seeded: Connection, city: Registry) -> None:
    numbers = {
        (one.asset_id, one.sensor_id, one.measure.property_id): one.datastream_id for one in read_datastreams(seeded)
    }
    write_registry(seeded, without_bridge(city))
    gone = [one for one in read_datastreams(seeded) if one.asset_id == BRIDGE]
    assert gone
    assert all(one.removed_at is not None for one in gone)
    assert BRIDGE not in {asset.asset_id for asset, _ in read_covered_assets(seeded)}
    assert seeded.execute("SELECT count(*) FROM dash.asset_state WHERE asset_id = %s", (BRIDGE,)).fetchone() == (0,)
    assert [is_open for _, is_open in versions(seeded)] == [False]
    assert compare_registry(seeded, without_bridge(city)).first == ()

    write_registry(seeded, city)
    back = {
        (one.asset_id, one.sensor_id, one.measure.property_id): one.datastream_id
        for one in read_datastreams(seeded)
        if one.removed_at is None
    }
    assert back == numbers
    assert [is_open for _, is_open in versions(seeded)] == [False, True]


def test_sensors_end_with_their_asset(seeded: Connection, city: Registry) -> None:
    end = SystemClock().now() - timedelta(days=3)
    assets = [replace(asset, valid_until=end) if asset.asset_id == BRIDGE else asset for asset in city.assets]
    write_registry(seeded, replace(city, assets=assets))
    assert {one.removed_at for one in read_datastreams(seeded) if one.asset_id == BRIDGE} == {end}
    assert seeded.execute("SELECT valid_until FROM asset_version WHERE asset_id = %s", (BRIDGE,)).fetchone() == (end,)


def test_an_asset_that_begins_later_is_not_there_yet(seeded: Connection, city: Registry) -> None:
    begin = SystemClock().now() + timedelta(days=3)
    assets = [replace(asset, valid_from=begin) if asset.asset_id == BRIDGE else asset for asset in city.assets]
    write_registry(seeded, replace(city, assets=assets))
    assert BRIDGE not in {asset.asset_id for asset, _ in read_covered_assets(seeded)}
    assert seeded.execute("SELECT count(*) FROM dash.asset_state WHERE asset_id = %s", (BRIDGE,)).fetchone() == (0,)


@pytest.mark.parametrize("asset_format", list(AssetFormat))
def test_what_is_exported_and_imported_again_changes_nothing(
    seeded: Connection, city: Registry, tmp_path: Path, asset_format: AssetFormat
) -> None:
    write_registry(seeded, without_bridge(city))
    write_folder(read_inventory(seeded), tmp_path, asset_format)
    again = load_folder(tmp_path)
    assert len(again.assets) == len(city.assets)  # the retired one is there, with its end
    assert compare_registry(seeded, again).first == ()


@pytest.mark.slow
def test_the_whole_city_is_loaded_and_then_left_alone(postgresql: DatabaseServer) -> None:
    database, wuhan = postgresql.fresh(), load_city("wuhan")
    with connect(database, process="test") as connection:
        report = write_registry(connection, wuhan)
        assert report.changes.assets == {Change.NEW: len(wuhan.assets)}
        assert report.datastreams == len(read_datastreams(connection)) > 100_000
        assert len(report.changes.first) == 1000
        assert compare_registry(connection, wuhan).first == ()
    postgresql.drop(database)


def test_every_calibration_is_remembered(seeded: Connection, city: Registry) -> None:
    first, *others = city.sensors
    assert first.calibrated_at is not None
    later = first.calibrated_at + timedelta(days=365)
    due = later + timedelta(days=365)
    write_registry(seeded, replace(city, sensors=[replace(first, calibrated_at=later, calibrated_until=due), *others]))
    found = seeded.execute(
        "SELECT calibrated_at, valid_until FROM calibration WHERE asset_id = %s AND sensor_id = %s ORDER BY 1",
        (first.asset_id, first.sensor_id),
    ).fetchall()
    assert found == [(first.calibrated_at, None), (later, due)]
