"""The compose file: what can be proven of it without a Docker engine."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from analytics.settings import AnalyticsSettings
from api.settings import ApiSettings
from citywatch.settings import check_variables
from cli.embedded.broker import find_mosquitto
from cli.embedded.ports import accepts_connections, free_port
from ingest.settings import IngestSettings
from simulators.settings import SimulatorSettings
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
ONE_SHOT = {"migrate", "seed"}
SECRETS = {"POSTGRES_PASSWORD": "a", "DASH_PASSWORD": "b", "GRAFANA_ADMIN_PASSWORD": "c"}


def compose(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    if shutil.which("docker") is None:
        pytest.skip("needs the docker command with its compose plugin (no engine)")
    return subprocess.run(
        ["docker", "compose", "--env-file", os.devnull, "--profile", "demo", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
    )  # fmt: skip


def test_docker_compose_accepts_the_file() -> None:
    done = compose("config", "--quiet", **SECRETS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("secret", SECRETS)
def test_without_a_password_nothing_starts(secret: str) -> None:
    done = compose("config", "--quiet", **{name: value for name, value in SECRETS.items() if name != secret})
    assert done.returncode != 0
    assert "set it in .env" in done.stderr


def test_the_example_names_every_secret() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=$", example, flags=re.MULTILINE)) == SECRETS.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_limited_watched_and_unprivileged(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":\d+\.\d+", service["image"]), "an image needs a version"
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert "healthcheck" in service or name in ONE_SHOT
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    if name in OURS:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    else:
        assert service["user"] not in {"root", "0"}


def test_our_image_runs_as_an_ordinary_user_from_pinned_parts() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER [1-9]\d*$", text, flags=re.MULTILINE)
    sources = re.findall(r"^FROM (\S+)|--from=(\S+/\S+)", text, flags=re.MULTILINE)
    assert sources
    assert all(re.search(r":\d+\.\d+\.\d+", image or tool) for image, tool in sources)
    assert "uv sync --locked" in text


@pytest.mark.parametrize("name", OURS)
def test_the_commands_and_settings_of_our_services_exist(name: str) -> None:
    service = SERVICES[name]
    settings = {key: str(value) for key, value in service["environment"].items()}
    check_variables(settings, [IngestSettings, AnalyticsSettings, ApiSettings, SimulatorSettings])
    probe = service.get("healthcheck", {}).get("test", [])
    for command in (service["command"], probe[2:] if "citywatch" in probe else None):
        if command is None:
            continue
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", command[0], "--help"],
            capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        options = [part.partition("=")[0] for part in command if part.startswith("--")]
        assert all(option in done.stdout for option in options)


def test_mounted_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_mosquitto_starts_with_the_configuration(tmp_path: Path) -> None:
    program = find_mosquitto()
    if program is None:
        pytest.skip("Mosquitto is not installed")
    text = (ROOT / "docker" / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
    settings = dict(line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
    assert settings["max_inflight_messages"] == "0"
    assert int(settings["max_queued_messages"]) >= 1_000_000
    config = tmp_path / "mosquitto.conf"
    port = free_port()
    text = text.replace("listener 1883", f"listener {port} 127.0.0.1").replace("persistence true", "persistence false")
    config.write_text("user root\n" + text if os.geteuid() == 0 else text, encoding="utf-8")
    with (tmp_path / "log").open("wb") as log:
        broker = subprocess.Popen([program, "-c", config], stdout=log, stderr=log)
        try:
            wait_until(lambda: accepts_connections(port) or broker.poll() is not None, what="the broker")
            assert broker.poll() is None, (tmp_path / "log").read_text()
        finally:
            broker.terminate()
            broker.wait(20)
