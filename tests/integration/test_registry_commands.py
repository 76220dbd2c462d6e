"""``citywatch registry`` on a real database."""

import json
from pathlib import Path

import pytest

from tests.integration.test_commands import citywatch
from tests.support.servers import DatabaseServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the demo city as a folder."""
    done = citywatch("registry", "export", str(tmp_path / "city"), "--city", "demo")
    assert done.stdout.startswith("150 assets and 1237 sensors written")
    return tmp_path / "city"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_dry_run_lists_changes_and_an_import_makes_them(postgresql: DatabaseServer, folder: Path) -> None:
    database = postgresql.fresh("demo")

    def run(*arguments: str) -> str:
        done = citywatch("registry", *arguments, CITYWATCH_DATABASE_URL=database)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "no faults" in run("check", str(folder))
    assert "assets: no change\nsensors: no change" in run("import", str(folder), "--dry-run")
    edit(folder / "assets.csv", "Wuhan Yangtze River Bridge", "First Bridge")
    sensors = folder / "sensors.csv"
    sensors.write_text("".join(sensors.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    said = run("import", str(folder), "--dry-run")
    assert "assets: 1 changed\nsensors: 1 retired\n  changed  yangtze-1: name_en\n  retired " in said
    assert "dry run" in said
    planned = json.loads(run("import", str(folder), "--dry-run", "--json"))
    assert (planned["dry_run"], planned["assets"], planned["sensors"]) == (True, {"changed": 1}, {"retired": 1})
    assert planned["first"][0] == {"change": "changed", "asset_id": "yangtze-1", "fields": ["name_en"]}
    done = json.loads(run("import", str(folder), "--json"))
    assert done == {**planned, "dry_run": False}
    assert json.loads(run("import", str(folder), "--json"))["first"] == []

    run("export", str(folder / "again"), "--format", "geojson")
    assert json.loads(run("check", str(folder / "again"), "--json"))["sensors"] == 1237
    assert json.loads(run("import", str(folder / "again"), "--json"))["first"] == []
    postgresql.drop(database)


def test_a_folder_with_faults_is_refused_as_a_whole(postgresql: DatabaseServer, folder: Path) -> None:
    database = postgresql.fresh("demo")
    edit(folder / "assets.csv", "Wuhan Yangtze River Bridge", "First Bridge")
    edit(folder / "assets.csv", ",jiangan,", ",atlantis,")
    edit(folder / "sensors.csv", "tiltmeter", "crystal-ball")
    done = citywatch("registry", "import", str(folder), CITYWATCH_DATABASE_URL=database)
    assert done.returncode == 2
    assert "2 error(s)" in done.stderr
    assert "assets.csv:3: district_id: there is no 'atlantis'" in done.stderr
    assert "there is no 'crystal-ball'" in done.stderr
    assert "Traceback" not in done.stderr
    (folder / "assets.csv").unlink()
    citywatch("registry", "export", str(folder), CITYWATCH_DATABASE_URL=database)
    assert "First Bridge" not in (folder / "assets.csv").read_text("utf-8")
    postgresql.drop(database)


def test_an_empty_database_has_nothing_to_export(postgresql: DatabaseServer, tmp_path: Path) -> None:
    database = postgresql.fresh()
    done = citywatch("registry", "export", str(tmp_path), CITYWATCH_DATABASE_URL=database)
    assert done.returncode == 1
    assert "run 'citywatch seed'" in done.stderr
    postgresql.drop(database)
