"""Instants as senders write them: seconds since 1970, or ISO 8601 with a zone."""

import math
from datetime import datetime

from citywatch.clock import EPOCH
from citywatch.errors import Reason, Rejected


def to_seconds(sent: float | str, field: str) -> float:
    """Return seconds since the epoch; ``field`` is what a complaint calls the instant.

    Raises
    ------
    Rejected
        ``wrong_type``: neither a finite number nor ISO 8601 with a zone.
    """
    if isinstance(sent, str):
        try:
            instant = datetime.fromisoformat(sent)
        except ValueError as error:
            raise Rejected(
                Reason.WRONG_TYPE, f"{field} {sent[:50]!r} is not ISO 8601; write 2026-01-01T08:00:00Z"
            ) from error
        if instant.tzinfo is None:
            raise Rejected(Reason.WRONG_TYPE, f"{field} {sent[:50]!r} has no zone; write it in UTC with a Z")
        return (instant - EPOCH).total_seconds()
    if not math.isfinite(sent):
        raise Rejected(Reason.WRONG_TYPE, f"{field} is not finite; send seconds since 1970")
    return float(sent)
