"""Hours of the whole city: kept beside the roll-ups of its datastreams, forgotten as soon as one of these changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "city_rollups.sql")


def forget_hours(connection: Connection, hours: Sequence[datetime]) -> None:
    """Forget hours; call it in the transaction that changes a roll-up of them. Until made anew they are due."""
    if hours:
        values = {"hours": list(hours)}
        with translated():
            connection.execute(_SQL["forget"], values)
            connection.execute(_SQL["due"], values)


def make_hours(connection: Connection, *, before: datetime, limit: int) -> int:
    """Make up to ``limit`` of the due hours that begin at an instant or before, the newest first; return how many.

    The caller holds the transaction.
    """
    with translated():
        hours = [hour for (hour,) in connection.execute(_SQL["take"], {"before": before, "limit": limit})]
        if hours:
            connection.execute(_SQL["make"], {"hours": hours, "first": min(hours), "last": max(hours)}, prepare=False)
    return len(hours)
