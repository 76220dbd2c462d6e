"""What quality control and baselines found out about datastreams."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "findings.sql")


def write_findings(
    connection: Connection,
    *,
    datastream_ids: Sequence[int],
    times: Sequence[datetime],
    tests: Sequence[int],
    flags: Sequence[int],
) -> None:
    """Flag stored observations and say which tests did it; a flag only ever gets worse."""
    if not datastream_ids:
        return
    with translated():
        connection.execute(_SQL["insert_findings"], (datastream_ids, times, tests, flags))
        connection.execute(_SQL["flag_observations"], (datastream_ids, times, flags, min(times), max(times)))
        connection.execute(_SQL["flag_latest"], (datastream_ids, times, flags))


def write_gaps(
    connection: Connection,
    *,
    began: Sequence[int],
    began_at: Sequence[datetime],
    ended: Sequence[int],
    ended_at: datetime,
) -> None:
    """Note which datastreams fell silent, after which observation, and which speak again."""
    with translated():
        if ended:
            connection.execute(_SQL["end_gaps"], (ended_at, ended))
        if began:
            connection.execute(_SQL["begin_gaps"], (began, began_at))


def write_baselines(
    connection: Connection,
    *,
    at: datetime,
    datastream_ids: Sequence[int],
    learned_slots: Sequence[int],
    expected: Sequence[float | None],
    scales: Sequence[float | None],
) -> None:
    """Replace what is shown of the residual rules' knowledge."""
    if datastream_ids:
        with translated():
            connection.execute(_SQL["upsert_baselines"], (at, datastream_ids, learned_slots, expected, scales))
