"""Removing what is older than a system keeps: whole partitions where every system is past, else by datastream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "retention.sql")
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class StoredIn(StrEnum):
    """The tables that retention rules."""

    OBSERVATION = "observation"
    MINUTES = "rollup_1min"
    HOURS = "rollup_1h"
    DAYS = "rollup_1day"
    WAVEFORMS = "waveform_block"


_BUCKET: Final = {StoredIn.MINUTES: 60.0, StoredIn.HOURS: 3600.0, StoredIn.DAYS: 86_400.0}  # [s]


@dataclass(frozen=True, slots=True)
class Expired:
    """Data of a system that have been given up but are not removed yet: those before ``horizon``."""

    system_id: str
    stored_in: StoredIn
    horizon: datetime
    removed_before: datetime | None


@dataclass(frozen=True, slots=True)
class Slice:
    """So much of expired data as one transaction removes: some datastreams, ``begin <= time < end``."""

    stored_in: StoredIn
    datastreams: Sequence[int]
    begin: datetime
    end: datetime


def give_up(connection: Connection, *, at: datetime, zone: str) -> None:
    """Move the horizons to where they belong at an instant, to midnight in ``zone``.

    Call it in a transaction that has rolled up everything it can see: from then on what is coarser is not made anew
    from the data below, and they may be removed at any time.
    """
    with translated():
        connection.execute(_SQL["give_up"], {"at": at, "zone": zone})


def drop_passed(connection: Connection, stored_in: StoredIn) -> int:
    """Drop the partitions of a table that no system keeps any more; return how many.

    Partitions of waveform blocks stay as long as an event window keeps one block of them.

    Raises
    ------
    Unavailable
        Somebody works with them; try again later.
    """
    with translated(), connection.transaction():
        row = connection.execute(_SQL["passed_by_all"], {"stored_in": stored_in}).fetchone()
        if row is None:
            return 0
        connection.execute(_SQL["be_quick"])
        if stored_in is StoredIn.WAVEFORMS:
            return _drop_without_kept_blocks(connection, before=row[0])
        dropped = connection.execute(_SQL["drop"], {"stored_in": stored_in, "before": row[0]}).fetchone()
    assert dropped is not None
    return int(dropped[0])


def _drop_without_kept_blocks(connection: Connection, *, before: datetime) -> int:
    parts = connection.execute(_SQL["without_kept_blocks"], {"before": before}).fetchall()
    for part in parts:
        connection.execute(_SQL["drop_between"], part)
    return len(parts)


def read_expired(connection: Connection) -> list[Expired]:
    """Return what has been given up but is not removed yet."""
    with translated():
        return [Expired(row[0], StoredIn(row[1]), row[2], row[3]) for row in connection.execute(_SQL["expired"])]


def slices_of(connection: Connection, expired: Expired, *, rows: int) -> Iterator[Slice]:
    """Yield slices of about ``rows`` rows, of a datastream at least, that together are all of the expired data."""
    since = expired.removed_before or _BEGINNING
    if expired.stored_in is StoredIn.WAVEFORMS:
        since = _BEGINNING  # what arrived below the horizon is looked for again, nobody else removes it
    with translated():
        parts = connection.execute(_SQL["partitions"], (expired.stored_in,)).fetchall() or [(since, expired.horizon)]
        streams = connection.execute(
            _SQL["datastreams"], {"system_id": expired.system_id, "stored_in": expired.stored_in}
        ).fetchall()
    for begin_at, end_at in parts:
        begin, end = max(begin_at, since), min(end_at, expired.horizon)
        group: list[int] = []
        size = 0.0
        for stream, interval in streams if begin < end else ():
            group.append(stream)
            size += (end - begin).total_seconds() / _BUCKET.get(expired.stored_in, interval)
            if size >= rows:
                yield Slice(expired.stored_in, group, begin, end)
                group, size = [], 0.0
        if group:
            yield Slice(expired.stored_in, group, begin, end)


def remove(connection: Connection, part: Slice) -> int:
    """Remove a slice in a transaction of its own; return how many rows that were."""
    values = {"datastreams": part.datastreams, "begin": part.begin, "end": part.end}
    with translated(), connection.transaction():
        if part.stored_in is StoredIn.OBSERVATION:
            connection.execute(_SQL["delete_findings"], values)
        return connection.execute(_SQL[f"delete_{part.stored_in}"], values, prepare=False).rowcount


def write_removed(connection: Connection, expired: Expired) -> None:
    """Note that expired data have been removed."""
    with translated():
        connection.execute(
            _SQL["removed"],
            {"horizon": expired.horizon, "system_id": expired.system_id, "stored_in": expired.stored_in},
        )
