"""Dashboards: committed JSON is what the code says, and every query works, reads ``dash`` alone and is allowed to."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from psycopg import Connection, errors
from psycopg import connect as psycopg_connect

from citywatch.clock import SystemClock
from citywatch.storage.connection import connect
from dashboards.__main__ import main
from dashboards.generate import FOLDER, generate
from dashboards.palette import ALLOWED
from dashboards.query import register
from dashboards.texts import Language
from tests.support.filled_city import fill_city
from tests.support.grafana import expand
from tests.support.servers import DatabaseServer

FILES = generate()
BOARDS = {name: json.loads(text) for name, text in FILES.items()}
RANGES = ((timedelta(hours=1), "1m"), (timedelta(hours=24), "15m"), (timedelta(days=30), "6h"))
PROVISIONING = FOLDER.parent / "provisioning"
Board = dict[str, Any]


def test_the_committed_json_is_what_the_code_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert main(["--check", str(tmp_path)]) == 1
    assert capsys.readouterr().out.count("differs") == len(FILES)
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    committed = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json")}
    assert committed == FILES.keys()


@pytest.mark.parametrize("name", BOARDS)
def test_the_sdk_reads_back_what_it_wrote(name: str) -> None:
    register_default_plugins()
    register()
    again = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(BOARDS[name])))
    assert [panel["title"] for panel in again["panels"]] == [panel["title"] for panel in BOARDS[name]["panels"]]
    assert [panel["targets"] for panel in again["panels"]] == [panel["targets"] for panel in BOARDS[name]["panels"]]


def test_both_languages_say_the_same() -> None:
    for name, english in BOARDS.items():
        if name.startswith(Language.EN):
            chinese = BOARDS[name.replace("en/", "zh/", 1)]
            assert chinese["uid"] == f"{english['uid']}-zh"
            assert [(p["id"], p["type"], p["gridPos"]) for p in english["panels"]] == [
                (p["id"], p["type"], p["gridPos"]) for p in chinese["panels"]
            ]
            for one, other in zip(english["panels"], chinese["panels"], strict=True):
                assert one["title"].isascii()
                assert not other["title"].isascii()
                assert not other["description"].isascii()


@pytest.mark.parametrize("name", BOARDS)
def test_panels_are_explained_placed_and_painted_by_the_rules(name: str) -> None:
    board = BOARDS[name]
    taken: set[tuple[int, int]] = set()
    assert board["editable"] is False
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["description"]
        assert panel["pluginVersion"]
        assert panel["datasource"]["uid"] == "${datasource}"
        if panel["type"] in {"stat", "timeseries"}:
            assert panel["fieldConfig"]["defaults"]["unit"]
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    colours = set(re.findall(r"#[0-9a-fA-F]{6}\b", json.dumps(board)))
    assert colours <= ALLOWED


def queries(board: Board) -> Iterator[tuple[str, str, str]]:
    """Yield what is asked: place, form, SQL."""
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["format"], target["rawSql"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], "variable", variable["query"]
    for annotation in board["annotations"]["list"]:
        if "target" in annotation:
            yield annotation["name"], "annotation", annotation["target"]["rawSql"]


@pytest.mark.parametrize("name", BOARDS)
def test_queries_name_views_of_schema_dash_alone(name: str) -> None:
    for title, _, sql in queries(BOARDS[name]):
        named = re.findall(r"\b(?:FROM|JOIN)\s+(?:LATERAL\s+)?([a-z_]+(?:\.[a-z_0-9]+)?)(?!\w*\s*\()", sql)
        tables = {one for one in named if "." in one}
        assert tables, title
        assert all(one.startswith("dash.") for one in tables), title
        assert "citywatch." not in sql


Filled = dict[str, tuple[DatabaseServer, str]]


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    """A month of the demo city per engine, made by whoever asks first."""
    made: Filled = {}
    yield made
    for server, database in made.values():
        server.drop(database)


@pytest.fixture
def reader(any_server: DatabaseServer, filled: Filled) -> Iterator[Connection[Any]]:
    """A connection with the rights that Grafana has."""
    if any_server.level not in filled:
        filled[any_server.level] = (any_server, any_server.fresh("demo"))
        fill_city(filled[any_server.level][1])
    database = filled[any_server.level][1]
    with connect(database, process="test") as owner:
        row = owner.execute("SELECT rolconfig FROM pg_roles WHERE rolname = 'citywatch_dash'").fetchone()
        assert row is not None
    with psycopg_connect(database, autocommit=True) as connection:
        connection.execute("SET ROLE citywatch_dash")
        for setting in row[0]:
            name, _, value = setting.partition("=")
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        yield connection


@pytest.mark.parametrize("span", RANGES, ids=["1h", "24h", "30d"])
def test_every_query_answers_with_what_its_panel_needs(reader: Connection[Any], span: tuple[timedelta, str]) -> None:
    end = SystemClock().now()
    begin = end - span[0]
    systems = [row[0] for row in reader.execute("SELECT system_id FROM dash.system")]
    districts = [row[0] for row in reader.execute("SELECT district_id FROM dash.district")]
    for name, board in BOARDS.items():
        for chosen in ({"system": systems, "district": districts}, {"system": ["gas"], "district": ["jianghan"]}):
            for title, form, sql in queries(board):
                text = expand(sql, begin=begin, end=end, interval=span[1], variables=chosen)
                cursor = reader.execute(text.encode())
                rows, columns = cursor.fetchall(), [column.name for column in cursor.description or []]
                place = f"{name} {title} {chosen['system']}"
                if form == "time_series":
                    times = [row[columns.index("time")] for row in rows]
                    assert times == sorted(times), place
                elif form == "variable":
                    assert columns == ["__text", "__value"], place
                elif form == "annotation":
                    assert {"time", "timeend", "text"} <= set(columns), place
                if chosen["system"] == systems and form != "annotation":
                    assert rows, place


def test_the_role_reads_dash_and_nothing_else(reader: Connection[Any]) -> None:
    assert reader.execute("SELECT count(*) FROM dash.asset_state").fetchone() == (151,)
    for forbidden in ("SELECT * FROM citywatch.endpoint", "SELECT * FROM citywatch.observation LIMIT 1"):
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute(forbidden.encode())
    with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
        reader.execute("CREATE TABLE dash.mine (a int)")
    assert reader.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
    assert reader.execute("SHOW statement_timeout").fetchone() == ("20s",)


def test_every_column_of_the_views_is_explained(reader: Connection[Any]) -> None:
    silent = reader.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'dash'::regnamespace AND col_description(c.oid, a.attnum) IS NULL"
    ).fetchall()
    assert silent == []


def test_provisioning_names_the_role_the_source_and_the_folder() -> None:
    source = yaml.safe_load((PROVISIONING / "datasources" / "timescaledb.yaml").read_text())["datasources"][0]
    assert source["uid"] == "timescaledb"
    assert source["user"] == "citywatch_dash"
    assert source["jsonData"]["database"] == "citywatch"
    for board in BOARDS.values():
        variable = next(one for one in board["templating"]["list"] if one["name"] == "datasource")
        assert variable["current"]["value"] == source["uid"]
        assert variable["query"] == source["type"]
    provider = yaml.safe_load((PROVISIONING / "dashboards" / "citywatch.yaml").read_text())["providers"][0]
    assert provider["allowUiUpdates"] is False
    assert "folder" not in provider
    compose = yaml.safe_load((FOLDER.parents[1] / "docker-compose.yml").read_text())["services"]["grafana"]
    assert f"./dashboards/generated:{provider['options']['path']}:ro" in compose["volumes"]
    environment = set(re.findall(r"\$__env\{(\w+)\}", json.dumps(source)))
    assert environment <= compose["environment"].keys()
