"""Readings: what a decoded message claims, before anybody checked it against the registry."""

from dataclasses import dataclass

import msgspec

from citywatch.errors import Rejected


@dataclass(frozen=True, slots=True)
class Refusal:
    """Readings of one message that share a reason to be rejected; ``indices`` are their places in the message."""

    indices: tuple[int, ...]
    cause: Rejected


class Readings(msgspec.Struct, frozen=True):
    """The readings of one message as columns of equal length n.

    Plain lists, because most messages are short and meet numpy together, as a batch. ``names`` and ``units`` are as
    sent (None: the sender gave none), ``times`` seconds since the epoch (0-2**28: relative or missing), ``values``
    numbers that may not be finite. ``indices`` are the places of the readings in the message, None when they are
    simply 0 to n-1; the places missing there are listed in ``refusals``. ``sequence`` is the number the device gave the
    message, ``sent`` its send time [s since the epoch] by the clock of the device; None when it says neither.
    """

    names: list[str]
    units: list[str | None]
    times: list[float]
    values: list[float]
    indices: list[int] | None = None
    refusals: tuple[Refusal, ...] = ()
    sequence: int | None = None
    sent: float | None = None
