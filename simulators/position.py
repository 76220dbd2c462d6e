"""How far the simulators have come: everything until then is with the broker."""

import json
from pathlib import Path

from citywatch.errors import Misconfigured


def read_position(path: Path) -> int | None:
    """Return the stored time [ms since the epoch], None when there is no file yet.

    Raises
    ------
    Misconfigured
        The file holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return int(json.loads(text)["time_ms"])
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path} is not a position of the simulators; delete it to start anew") from error


def write_position(path: Path, time: int) -> None:
    """Store a time [ms since the epoch]; a crash leaves the old file or the new one."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"time_ms": time}), encoding="utf-8")
    draft.replace(path)
