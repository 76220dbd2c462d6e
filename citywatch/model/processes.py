"""What everybody means by a process that is well."""

from datetime import timedelta
from typing import Final

EXPECTED: Final = ("ingest", "analytics", "upkeep")
"""Processes that every installation runs; webhooks are not everybody's."""

LATE: Final = timedelta(seconds=20)
"""Age of a sign of life that makes its process late; processes give one every 5 s."""


def judged(state: str, age: timedelta) -> str:
    """Return ok, degraded, stopped or late, from what a process said last and how long ago."""
    return "late" if state != "stopped" and age > LATE else state
