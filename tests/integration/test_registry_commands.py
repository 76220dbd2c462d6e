"""``citywatch registry`` on a real database."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from citywatch.errors import NotFound
from citywatch.registry import SeedErrors
from cli.main import app
from tests.support.servers import DatabaseServer


def registry(*arguments: str, database: str = "") -> Result:
    return CliRunner().invoke(app, ["registry", *arguments], env={"CITYWATCH_DATABASE_URL": database or None})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the demo city as a folder."""
    done = registry("export", str(tmp_path / "city"), "--city", "demo")
    assert done.stdout.startswith("150 assets and 1237 sensors written")
    return tmp_path / "city"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_dry_run_lists_changes_and_an_import_makes_them(postgresql: DatabaseServer, folder: Path) -> None:
    database = postgresql.fresh("demo")

    def run(*arguments: str) -> str:
        done = registry(*arguments, database=database)
        assert done.exit_code == 0, done.exception
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
    refusal = registry("import", str(folder), database=database).exception
    assert isinstance(refusal, SeedErrors)
    assert len(refusal.problems) == 2
    assert refusal.problems[0] == "assets.csv:3: district_id: there is no 'atlantis'"
    assert "there is no 'crystal-ball'" in refusal.problems[1]
    (folder / "assets.csv").unlink()
    assert registry("export", str(folder), database=database).exit_code == 0
    assert "First Bridge" not in (folder / "assets.csv").read_text("utf-8")
    postgresql.drop(database)


def test_an_empty_database_has_nothing_to_export(postgresql: DatabaseServer, tmp_path: Path) -> None:
    database = postgresql.fresh()
    refusal = registry("export", str(tmp_path), database=database).exception
    assert isinstance(refusal, NotFound)
    assert "run 'citywatch seed'" in str(refusal)
    postgresql.drop(database)
