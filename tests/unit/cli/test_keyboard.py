"""Keys from a real terminal."""

import os
import pty
import sys
import termios

import pytest

from cli.keyboard import keyboard


def test_keys_arrive_one_by_one_and_the_terminal_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(slave)
        with keyboard() as keys:
            assert keys() == ""
            os.write(master, b" n+")
            assert keys() == " n+"
        assert termios.tcgetattr(slave) == before
    os.close(master)


def test_without_a_terminal_no_key_is_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:  # noqa: PTH123  # a stream, as standard input is one
        monkeypatch.setattr(sys, "stdin", nothing)
        with keyboard() as keys:
            assert keys() == ""
