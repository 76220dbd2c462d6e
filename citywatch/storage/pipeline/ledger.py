"""Reading what ingest accounts for: the ledger by source, and the reasons of its rejections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "ledger.sql")


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """What ingest did with one source since the beginning; all but ``messages`` count readings.

    A message that is rejected as a whole counts as one reading.
    """

    messages: int = 0
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0

    def __sub__(self, other: "LedgerTotals") -> "LedgerTotals":
        """Return what was added since ``other``."""
        return LedgerTotals(
            self.messages - other.messages,
            self.received - other.received,
            self.stored - other.stored,
            self.duplicate - other.duplicate,
            self.conflict - other.conflict,
            self.rejected - other.rejected,
        )

    def is_balanced(self) -> bool:
        """Return whether every reading received has one fate."""
        return self.received == self.stored + self.duplicate + self.conflict + self.rejected


@dataclass(frozen=True, slots=True)
class Rejection:
    """Dead letters of one topic and reason: ``whole`` messages, and ``readings`` with those of partly good ones."""

    topic: str
    reason: str
    whole: int
    readings: int


def read_totals(connection: Connection) -> Mapping[str, LedgerTotals]:
    """Return the sums of the ledger by source (``district/system``)."""
    with translated():
        return {source: LedgerTotals(*sums) for source, *sums in connection.execute(_SQL["totals"])}


def newest_dead_letter(connection: Connection) -> int:
    """Return the number of the newest dead letter, 0 when there is none."""
    with translated():
        row = connection.execute(_SQL["newest_letter"]).fetchone()
    assert row is not None
    return int(row[0])


def read_rejections(connection: Connection, *, after: int) -> Sequence[Rejection]:
    """Return the rejections among the dead letters that follow number ``after``."""
    with translated():
        return [Rejection(*row) for row in connection.execute(_SQL["rejections"], (after,))]


def last_batch(connection: Connection) -> tuple[int, int]:
    """Return number and messages of the newest batch; ingest commits an empty one when nothing is left to do."""
    with translated():
        row = connection.execute(_SQL["last_batch"]).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))
