"""The ``citywatch`` command: help for everything, and one clear sentence for everything that is wrong."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.embedded.ports import free_port
from tests.support.servers import DatabaseServer

COMMANDS = (
    "demo", "doctor", "migrate", "seed", "ingest", "analytics", "upkeep", "api", "webhooks", "health", "simulate",
    "dead-letters", "replay", "import-csv", "generate-city", "coverage", "targets", "report", "registry",
)  # fmt: skip


def citywatch(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYWATCH_")}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True, text=True, timeout=60, check=False,
        env={**clean, "COLUMNS": "200", "NO_COLOR": "1", **environment},
    )  # fmt: skip


def test_help_lists_every_command() -> None:
    listed = set(re.findall(r"^│ ([a-z-]+) ", citywatch("--help").stdout, flags=re.MULTILINE))
    assert set(COMMANDS) <= listed


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = citywatch(command, "--help")
    assert done.returncode == 0
    assert f"Usage: python -m cli.main {command}" in done.stdout


def test_the_version_is_that_of_the_distribution() -> None:
    assert re.fullmatch(r"citywatch \d+\.\d+\.\d+\S*\n", citywatch("--version").stdout)


NOBODY = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "says"),
    [
        (["migrate"], {"CITYWATCH_DATABASE_URL": NOBODY}, 3, "the database does not answer"),
        (["migrate"], {"CITYWATCH_DATABASE_URL": "nonsense"}, 2, "CITYWATCH_DATABASE_URL"),
        (["migrate"], {"CITYWATCH_DATABASE_ULR": NOBODY}, 2, "did you mean CITYWATCH_DATABASE_URL?"),
        (["ingest"], {"CITYWATCH_INGEST_WINDOW": "many"}, 2, "CITYWATCH_INGEST_WINDOW"),
        (["ingest"], {"CITYWATCH_DATABASE_URL": NOBODY}, 3, "the database does not answer"),
        (["analytics"], {"CITYWATCH_TIME_ZONE": "Mars/Olympus"}, 2, "CITYWATCH_TIME_ZONE"),
        (["upkeep"], {"CITYWATCH_ANALYTICS_ROLLUP_INTERVAL": "0"}, 2, "CITYWATCH_ANALYTICS_ROLLUP_INTERVAL"),
        (["api"], {"CITYWATCH_API_PORT": "70000"}, 2, "CITYWATCH_API_PORT"),
        (["simulate", "--city", "atlantis"], {}, 2, "known are demo"),
        (["simulate", "--scenario", "apocalypse"], {}, 2, "known are cable-theft, demo"),
        (["simulate", "--catch-up", "soon"], {}, 2, "write a number and a unit"),
        (["simulate"], {"CITYWATCH_BROKER_URL": "http://example.org"}, 2, "mqtt://host:port"),
        (["simulate"], {"CITYWATCH_BROKER_URL": f"mqtt://127.0.0.1:{free_port()}"}, 3, "no MQTT broker answers"),
        (["seed", "atlantis"], {}, 2, "known are demo"),
        (["replay", "missing.mcap"], {}, 2, "missing.mcap"),
        (["import-csv", "missing.csv", "--layout", "floodnet", "--into", "x.mcap"], {}, 2, "missing.csv"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    arguments: list[str], environment: dict[str, str], code: int, says: str, tmp_path: Path
) -> None:
    done = citywatch(*arguments, **environment)
    assert done.returncode == code, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr + done.stdout


def test_a_database_that_was_not_migrated_is_told_so(postgresql: DatabaseServer) -> None:
    database = postgresql.empty()
    for command in ("ingest", "analytics", "upkeep", "api", "webhooks"):
        done = citywatch(command, CITYWATCH_DATABASE_URL=database)
        assert done.returncode == 2, done.stderr
        assert "citywatch migrate" in done.stderr
        assert "Traceback" not in done.stderr
    postgresql.drop(database)


def test_a_taken_port_is_told_so(plain_database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = citywatch("api", "--port", str(taken.getsockname()[1]), CITYWATCH_DATABASE_URL=plain_database)
    assert done.returncode == 2
    assert "is the port taken? choose --port" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_and_seed_report_in_json(postgresql: DatabaseServer) -> None:
    database = postgresql.empty()
    migrated = json.loads(citywatch("migrate", "--json", CITYWATCH_DATABASE_URL=database).stdout)
    assert "incremental/0001_registry" in migrated["applied"]
    seeded = json.loads(citywatch("seed", "demo", "--json", CITYWATCH_DATABASE_URL=database).stdout)
    assert (seeded["assets"], seeded["sensors"], seeded["datastreams"]) == (151, 1237, 1896)
    postgresql.drop(database)


def test_a_dry_run_prints_messages_and_sends_none() -> None:
    done = citywatch("simulate", "--dry-run", "--catch-up", "20s")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(messages) > 100
    assert all(message["topic"].startswith("citywatch/v1/") for message in messages)
