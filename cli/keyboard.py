"""Single keys from the terminal while something else runs."""

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Keys = Callable[[], str]


@contextmanager
def keyboard() -> Iterator[Keys]:
    """Yield a function that returns the keys pressed since the last call, "" for none or without a terminal."""
    if not sys.stdin.isatty():
        yield lambda: ""
        return
    descriptor = sys.stdin.fileno()
    former = termios.tcgetattr(descriptor)

    def pressed() -> str:
        ready, _, _ = select.select([descriptor], [], [], 0)
        return os.read(descriptor, 64).decode(errors="replace") if ready else ""

    try:
        tty.setcbreak(descriptor)  # Ctrl-C stays a signal
        yield pressed
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, former)
