"""Compression of old chunks, where the server has it: the full edition of TimescaleDB.

Chunks are compressed as a whole by a policy of the server, segmented by datastream and ordered by time, so that the
history of one datastream stays together. Late values, flags and retention work on compressed chunks as well, only
slower; the ages below are beyond what is usual for them.
"""

from datetime import timedelta
from typing import Final

from citywatch.storage.connection import Connection
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage", "compression.sql")
COMPRESSED_AFTER: Final = {
    "observation": timedelta(days=7),
    "rollup_1min": timedelta(days=7),
    "rollup_1h": timedelta(days=30),
}
"""Age at which the chunks of a table are compressed: citywatch's own defaults, unverified."""


def lacking_policies(connection: Connection) -> list[str]:
    """Return the tables whose chunks nobody compresses; call it on the full edition alone."""
    return [
        table
        for table in COMPRESSED_AFTER
        if connection.execute(_SQL["is_compressed"], (table,)).fetchone() == (False,)
    ]


def add_policies(connection: Connection) -> list[str]:
    """Have the chunks of our tables compressed from now on; return the tables that were not before."""
    tables = lacking_policies(connection)
    for table in tables:
        connection.execute(_SQL[f"segment_{table}"])
        connection.execute(_SQL["add_policy"], (table, COMPRESSED_AFTER[table]))
    return tables
