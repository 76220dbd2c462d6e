"""Waiting for a condition instead of sleeping."""

import threading
from collections.abc import Callable
from time import monotonic


def wait_until(holds: Callable[[], object], *, what: str, timeout: float = 30.0) -> None:
    """Return as soon as a condition holds; fail after ``timeout`` [s], naming what was waited for."""
    pause, deadline = threading.Event(), monotonic() + timeout
    while not holds():
        if monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for: {what}")
        pause.wait(0.02)
