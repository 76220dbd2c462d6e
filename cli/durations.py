"""Lengths of time on the command line."""

import re
from datetime import timedelta
from typing import Final

import click

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A number and a unit: 30s, 90m, 2h, 1d."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length of time, or tell what is wrong with it."""
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value)
        if match is None:
            self.fail(
                f"{value!r} is not a length of time; write a number and a unit, such as 30s, 90m, 2h or 1d", param, ctx
            )
        return timedelta(**{_UNITS[match[2]]: float(match[1])})


DURATION: Final = Duration()
