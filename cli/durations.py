"""Lengths of time on the command line."""

import re
from datetime import timedelta
from typing import Final

import typer

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str | timedelta) -> timedelta:
    """Return the length of time that a number and a unit mean: 30s, 90m, 2h, 1d.

    Raises
    ------
    typer.BadParameter
        The text is of another form.
    """
    if isinstance(text, timedelta):  # a default
        return text
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is not a length of time; write a number and a unit, such as 30s, 90m, 2h or 1d"
        )
    return timedelta(**{_UNITS[match[2]]: float(match[1])})
