"""Processes of citywatch as children of a test."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.embedded.children import spawn

RUN = {
    "ingest": "from ingest.wiring import run; run()",
    "analytics": "from analytics.wiring import run; run()",
    "upkeep": "from analytics.wiring import run_upkeep; run_upkeep()",
    "webhooks": "from api.wiring import run_webhooks; run_webhooks()",
}


def start(process: str, environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a process of citywatch; it dies with us."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYWATCH_")}
    command = [sys.executable, "-c", RUN[process]]
    return spawn(command, log=log, environment={**clean, **environment, "CITYWATCH_LOG_FORMAT": "json"})


@contextmanager
def running(process: str, environment: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process; at the end it is asked to stop and must do so with exit code 0."""
    child = start(process, environment, log)
    try:
        yield child
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            code = child.wait(30)
            assert code == 0, f"{process} ended with {code}:\n{log.read_text()[-3000:]}"
    finally:
        child.kill()
        child.wait()
