"""Removing data that their system keeps no longer.

They are given up first and removed later. Giving up happens in the transaction that has just rolled up everything it
sees (:mod:`analytics.rollups`); from then on no roll-up is made from the data given up, and values that still arrive
for that time are added to the roll-ups straight from their batch. So nothing is removed before it is rolled up, and
removal may stop and go on anywhere. Waveform blocks have no roll-ups; those in an event window stay.
"""

from collections.abc import Iterator
from typing import Final

from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.retention import StoredIn, drop_passed, read_expired, remove, slices_of, write_removed

_ROWS: Final = 100_000  # of one transaction, about


def remove_expired(connection: Connection, *, rows: int = _ROWS) -> Iterator[int]:
    """Remove what has been given up, a slice at a time; yield how many rows each transaction deleted.

    Partitions that no system keeps any more are dropped first, and yield nothing.

    Raises
    ------
    Unavailable
        A partition is in use, or the database is away; call again later.
    """
    for table in (StoredIn.OBSERVATION, StoredIn.MINUTES, StoredIn.HOURS, StoredIn.WAVEFORMS):
        drop_passed(connection, table)
    for expired in read_expired(connection):
        for part in slices_of(connection, expired, rows=rows):
            yield remove(connection, part)
        write_removed(connection, expired)
