"""All processes of citywatch as children, started in order and watched."""

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from citywatch.clock import Clock
from cli.embedded.children import spawn, stop
from cli.embedded.home import Home

_QUICK_DEATH = timedelta(seconds=10)
_PATIENCE = 3  # quick deaths in a row before we give a process up


@dataclass(slots=True)
class Process:
    """One process of citywatch: a sub-command, and how it has fared."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    child: "subprocess.Popen[bytes] | None" = None
    started_at: datetime | None = None
    quick_deaths: int = 0


class Stack:
    """Starts processes, starts them again when they die, stops them in reverse order."""

    def __init__(self, home: Home, environment: Mapping[str, str], clock: Clock, say: Callable[[str], None]) -> None:
        self._home = home
        self._environment = environment
        self._clock = clock
        self._say = say
        self.processes: list[Process] = []

    def start(self, process: Process) -> None:
        """Start a process and look after it from now on."""
        self._spawn(process)
        self.processes.append(process)

    def look_after(self) -> bool:
        """Start again what has died; return False when a process dies again and again."""
        for process in self.processes:
            assert process.child is not None
            code = process.child.poll()
            if code is None:
                continue
            assert process.started_at is not None
            quick = self._clock.now() - process.started_at < _QUICK_DEATH
            process.quick_deaths = process.quick_deaths + 1 if quick else 0
            log = self._home.log(process.name)
            if process.quick_deaths >= _PATIENCE:
                self._say(f"{process.name} ends with code {code} again and again; see {log}")
                return False
            self._say(f"{process.name} ended with code {code}; starting it again (log: {log})")
            self._spawn(process)
        return True

    def stop(self) -> None:
        """Stop all processes, the last one first, each with time to finish its work."""
        for process in reversed(self.processes):
            if process.child is not None:
                stop(process.child, signal.SIGTERM, timeout=15)
        self.processes = []

    def _spawn(self, process: Process) -> None:
        environment = {"PYTHONUNBUFFERED": "1", **self._environment, **process.environment}
        command = [sys.executable, "-m", "cli.main", *process.arguments]
        process.child = spawn(command, log=self._home.log(process.name), environment=environment)
        process.started_at = self._clock.now()
