"""What coverage is computed from, and where its figures go."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from psycopg.types.json import Jsonb

from citywatch.model.coverage import AssetCoverage, CoverageFigure
from citywatch.model.identifiers import DatastreamId
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "coverage.sql")


def count_good(
    connection: Connection, datastreams: Sequence[DatastreamId], *, until: datetime, window: timedelta
) -> Mapping[DatastreamId, int]:
    """Return how many observations of good quality each datastream has in ``(until - window, until]``."""
    values = {"datastreams": list(datastreams), "until": until, "window": window}
    with translated():
        return {DatastreamId(number): count for number, count in connection.execute(_SQL["good_counts"], values)}


def write_coverage(
    connection: Connection, *, at: datetime, figures: Sequence[CoverageFigure], verdicts: Sequence[AssetCoverage]
) -> None:
    """Append the figures and replace the verdicts."""
    columns = ("kind_id", "district_id", "required", "installed", "reporting", "monitored")
    lists = [[getattr(figure, column) for figure in figures] for column in columns]
    rows = [
        (one.asset_id, at, one.is_monitored, one.gap.value, Jsonb(msgspec.to_builtins(one.properties)))
        for one in verdicts
    ]
    with translated():
        connection.execute(_SQL["insert_figures"], (at, *lists))
        with connection.cursor() as cursor:
            cursor.executemany(_SQL["upsert_verdicts"], rows)
