"""Observations in bulk: columns in chunks, however many there are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from citywatch.model.observations import Observations
from citywatch.storage.columns import observations_from_bytes
from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.serving", "export.sql")
_ROWS: Final = 20_000


async def observation_chunks(
    database: Database, datastream_id: int, *, begin: datetime, end: datetime, rows: int = _ROWS
) -> AsyncIterator[Observations]:
    """Yield the observations with ``begin <= phenomenon time < end`` in time order, up to ``rows`` at once.

    No connection is held between chunks: a slow reader keeps nobody waiting.
    """
    while True:
        values = {"datastream_id": datastream_id, "begin": begin, "end": end, "rows": rows}
        async with database.connection() as connection:
            cursor = await connection.execute(_SQL["chunk"], values, binary=True)
            row = await cursor.fetchone()
        chunk = observations_from_bytes(None if row is None else row[0], datastream_id)
        if len(chunk):
            yield chunk
        if len(chunk) < rows:
            return
        last = np.datetime64(int(chunk.phenomenon_time[-1]), "us").astype(datetime)
        begin = last.replace(tzinfo=UTC) + timedelta(microseconds=1)
