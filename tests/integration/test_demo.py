"""``citywatch demo`` as a new user meets it: one command, the whole path, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Demo:
    """A running demo."""

    def __init__(self, state: Path, *options: str) -> None:
        self.output = state.parent / "output.txt"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYWATCH_")}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "demo", "--state", state, *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**clean, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
            )

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def address(self) -> str:
        def printed() -> bool:
            assert self.process.poll() is None, self.said
            return "Ctrl-C stops everything" in self.said

        wait_until(printed, what="the console's address", timeout=120)
        found = re.search(r"console\s+(http://\S+)", self.said)
        assert found, self.said
        return found[1]

    def descendants(self) -> set[int]:
        """Return the processes below the demo, at any depth."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        found, new = set[int](), {self.process.pid}
        while new:
            new = {pid for pid, parent in parents.items() if parent in new}
            found |= new
        return found


def alive(pids: set[int]) -> set[int]:
    """Return those that still run; the dead that nobody has buried yet do not count."""
    running = set()
    for pid in pids:
        with suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                running.add(pid)
    return running


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@contextmanager
def demo(state: Path, *options: str) -> Iterator[Demo]:
    running = Demo(state, *options)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def get(address: str, path: str, **query: Any) -> Any:
    response = httpx.get(f"{address}api/v1/{path}", params=query, timeout=20)
    response.raise_for_status()
    return response.json()


def shows_a_living_city(address: str) -> None:
    wait_until(lambda: get(address, "alarms", limit=1)["items"], what="an alarm", timeout=60)
    wait_until(
        lambda: any(figure["monitored"] for figure in get(address, "coverage")), what="a coverage figure", timeout=90
    )
    bridges = next(figure for figure in get(address, "coverage") if figure["kind_id"] == "bridge")
    assert 0 < bridges["monitored"] <= bridges["installed"] < bridges["required"] == 40
    before = get(address, "ledger")["total"]["stored"]
    wait_until(lambda: get(address, "ledger")["total"]["stored"] > before, what="live values")
    assert get(address, "ledger")["balanced"]
    assert len(get(address, "districts.geojson")["features"]) == 17
    page = httpx.get(address, timeout=20)
    assert page.status_code == 200
    assert "citywatch" in page.text


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc, which Linux alone has")
def test_one_command_runs_the_city_stops_clean_goes_on_and_leaves_no_orphan(server_folder: Path) -> None:
    state = server_folder / "a demo" / "with spaces"
    state.parent.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wished = taken.getsockname()[1]
        with demo(state, "--port", str(wished)) as first:
            address = first.address()
            assert f":{wished}/" not in address
            shows_a_living_city(address)
            oldest = min(alarm["alarm_id"] for alarm in get(address, "alarms", limit=100)["items"])
            children = first.descendants()
            assert len(children) > 8
            again = subprocess.run(
                [sys.executable, "-m", "cli.main", "demo", "--state", state],
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert again.returncode == 2
            assert "another demo runs in" in again.stderr
            assert "Traceback" not in again.stderr
            os.killpg(first.process.pid, signal.SIGINT)  # Ctrl-C reaches the whole group
            assert first.process.wait(60) == 0, first.said
            assert "the next start goes on with the same data" in first.said
            assert not alive(children)

    with demo(state, "--port", "0") as second:
        address = second.address()
        shows_a_living_city(address)
        assert min(alarm["alarm_id"] for alarm in get(address, "alarms", limit=100)["items"]) == oldest
        total = get(address, "ledger")["total"]
        assert total["conflict"] == 0
        assert total["rejected"] == 0
        children = second.descendants()
        second.process.kill()
        second.process.wait()
        try:
            wait_until(lambda: not alive(children), what="the end of all child processes", timeout=120)
        except AssertionError as error:
            raise AssertionError(f"these outlive the demo: {[command(pid) for pid in alive(children)]}") from error
