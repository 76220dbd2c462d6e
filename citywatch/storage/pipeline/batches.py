"""The one write path of observations, and the reading of committed batches.

A batch is one transaction: observations, waveform blocks, latest values, conflicts, ledger, dead letters, statuses,
batch number, messages by device.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from psycopg import errors

from citywatch.clock import from_micros
from citywatch.errors import Misconfigured
from citywatch.model.observations import Batch, CommittedBatch, DeadLetter, Observations, Outcome
from citywatch.storage.columns import (
    from_bytes,
    keys_from_bytes,
    results_from_bytes,
    to_array,
    to_bytes,
    to_copy,
    to_instants,
)
from citywatch.storage.connection import Connection, translated
from citywatch.storage.pipeline.devices import device_bytes
from citywatch.storage.pipeline.waveforms import store_waveforms, write_waveform_conflicts
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "batches.sql")
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)

CHANNEL: Final = "citywatch_batch"
"""Channel on which every committed batch is announced."""


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of a batch.

    ``outcome`` holds an :class:`Outcome` per observation, ``waveform_outcome`` one per waveform block; int8, in arrival
    order.
    """

    batch_no: int
    committed_at: datetime
    outcome: NDArray[np.int8]
    waveform_outcome: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of the batch log: when it was committed, and how many observations and waveform blocks it stored."""

    committed_at: datetime
    rows: int


class BatchWriter:
    """Writes batches on one connection."""

    def __init__(self, connection: Connection, *, ingester: str) -> None:
        self._connection = connection
        self._ingester = ingester
        self._prepared: set[int] = set()

    def write(self, batch: Batch) -> WriteReport:
        """Make a batch durable; all or nothing.

        Raises
        ------
        Unavailable
            The database failed; nothing was stored, try again.
        Rejected
            Some row can never be stored; nothing was stored, bisect.
        """
        try:
            with translated():
                return self._write_prepared(batch)
        except BaseException:
            self._prepared.clear()  # partitions made in a failed transaction are gone
            raise

    def _write_prepared(self, batch: Batch) -> WriteReport:
        try:
            return self._write(batch)
        except errors.CheckViolation:  # retention dropped a partition that we had prepared
            self._prepared.clear()
            return self._write(batch)

    def _write(self, batch: Batch) -> WriteReport:
        with self._connection.transaction():
            outcome, kept = self._store(batch.observations)
            stored = batch.observations.take(_by_key(batch.observations, outcome == Outcome.STORED))
            self._write_latest(stored.take(_last_of_each_datastream(stored)))
            self._write_dead_letters(batch.dead_letters)
            self._write_statuses(batch)
            blocks = store_waveforms(self._connection, batch.waveforms, batch.waveform_quality)
            settled = np.concatenate((outcome, blocks))
            self._write_ledger(batch, settled)
            messages = sum(account.messages for account in batch.accounts)
            stored_blocks = int(np.count_nonzero(blocks == Outcome.STORED))
            self._connection.execute(_SQL["lock_batch_numbers"])
            row = self._connection.execute(
                _SQL["insert_batch"],
                (self._ingester, messages, len(stored), stored_blocks, to_bytes(stored), device_bytes(batch, settled)),
            ).fetchone()
            assert row is not None
            batch_no, committed_at, _ = row
            self._write_conflicts(batch.observations, outcome, kept, batch_no)
            write_waveform_conflicts(self._connection, batch.waveforms, blocks, batch_no)
        return WriteReport(batch_no, committed_at, outcome, blocks)

    def _store(self, observations: Observations) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Store what is new; return the outcome of every row, and the value that stays for its key."""
        if not len(observations):
            return np.empty(0, dtype=np.int8), np.empty(0, dtype=np.float64)
        self._prepare(observations.phenomenon_time)
        order, fresh = _order_by_key(observations)
        unique = observations.take(order[fresh])
        kept = unique.result.copy()
        known = np.zeros(len(unique), dtype=np.bool_)
        try:
            with (
                self._connection.transaction(),
                self._connection.cursor() as cursor,
                cursor.copy(_SQL["copy_observations"]) as copy,
            ):
                copy.write(to_copy(unique))
        except errors.UniqueViolation:
            rows, values = self._store_by_staging(unique)
            kept[rows] = values
            known[rows] = True
        group = np.cumsum(fresh) - 1
        kept_of_row = np.empty(len(observations), dtype=np.float64)
        kept_of_row[order] = kept[group]
        stored = np.empty(len(observations), dtype=np.bool_)
        stored[order] = fresh & ~known[group]
        met = np.where(observations.result == kept_of_row, Outcome.DUPLICATE, Outcome.CONFLICT)
        return np.where(stored, Outcome.STORED, met).astype(np.int8), kept_of_row

    def _prepare(self, times: NDArray[np.int64]) -> None:
        """Have the partitions made that the days of this batch need."""
        days = {int(day) for day in np.unique(times // _DAY)} - self._prepared
        if days:
            self._connection.execute(_SQL["prepare"], ([from_micros(day * _DAY) for day in sorted(days)],))
            self._prepared |= days

    def _store_by_staging(self, unique: Observations) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Store rows in key order, of which some are known; return the places of those and the values they met."""
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(_SQL["make_staging"])
            with cursor.copy(_SQL["copy_staging"]) as copy:
                copy.write(to_copy(unique))
            stored = cursor.execute(_SQL["insert_from_staging"]).fetchone()
            existing = cursor.execute(_SQL["existing"]).fetchone()
            cursor.execute(b"TRUNCATE staging")
        assert stored is not None
        assert existing is not None
        known = np.ones(len(unique), dtype=np.bool_)
        known[_rows_with_keys(unique, *keys_from_bytes(stored[0]))] = False
        streams, times, results = results_from_bytes(existing[0])
        kept = np.empty(len(unique), dtype=np.float64)
        kept[_rows_with_keys(unique, streams, times)] = results[np.lexsort((times, streams))]
        return np.flatnonzero(known), kept[known]

    def _write_latest(self, rows: Observations) -> None:
        if len(rows):
            self._connection.execute(
                _SQL["upsert_latest"],
                (
                    to_array(rows.datastream_id),
                    to_instants(rows.phenomenon_time),
                    to_instants(rows.received_time),
                    to_array(rows.result),
                    to_array(rows.quality),
                ),
            )

    def _write_conflicts(
        self, observations: Observations, outcome: NDArray[np.int8], kept: NDArray[np.float64], batch_no: int
    ) -> None:
        refused = outcome == Outcome.CONFLICT
        rows = observations.take(refused)
        if len(rows):
            self._connection.execute(
                _SQL["insert_conflicts"],
                (
                    batch_no,
                    rows.datastream_id.tolist(),
                    _instants(rows.phenomenon_time),
                    kept[refused].tolist(),
                    rows.result.tolist(),
                    _instants(rows.received_time),
                ),
            )

    def _write_ledger(self, batch: Batch, outcome: NDArray[np.int8]) -> None:
        """Add up the accounts of a batch; ``outcome`` is that of its observations, then of its waveform blocks."""
        if not batch.accounts:
            return
        size = len(batch.accounts)
        account = np.concatenate((batch.row_account, batch.waveform_account))
        stored, duplicate, conflict = (
            np.bincount(account[outcome == kind], minlength=size).tolist() for kind in Outcome
        )
        # one order of rows for all ingesters, else two of them could wait for each other
        order = sorted(range(size), key=lambda i: (batch.accounts[i].minute, batch.accounts[i].source))
        accounts = [batch.accounts[i] for i in order]
        self._connection.execute(
            _SQL["upsert_ledger"],
            (
                [account.minute for account in accounts],
                [account.source for account in accounts],
                [account.messages for account in accounts],
                [account.received for account in accounts],
                [stored[i] for i in order],
                [duplicate[i] for i in order],
                [conflict[i] for i in order],
                [account.rejected for account in accounts],
            ),
        )

    def _write_dead_letters(self, letters: Iterable[DeadLetter]) -> None:
        rows = [
            (
                letter.received_at,
                _storable(letter.topic),
                None if letter.content_type is None else _storable(letter.content_type),
                letter.reason.value,
                _storable(letter.detail),
                letter.readings,
                None if letter.indices is None else list(letter.indices),
                letter.payload,
                letter.payload_size,
                letter.payload_sha256,
            )
            for letter in letters
        ]
        if rows:
            with self._connection.cursor() as cursor:
                cursor.executemany(_SQL["insert_dead_letters"], rows)

    def _write_statuses(self, batch: Batch) -> None:
        statuses = sorted(batch.statuses, key=lambda status: (status.asset_id, status.sensor_id))
        rows = [(one.asset_id, one.sensor_id, one.state, one.changed_at, one.received_at) for one in statuses]
        if rows:
            with self._connection.cursor() as cursor:
                cursor.executemany(_SQL["upsert_status"], rows)


def newest_batch_no(connection: Connection) -> int:
    """Return the number of the newest committed batch, 0 when there is none."""
    with translated():
        row = connection.execute(_SQL["newest_batch_no"]).fetchone()
    assert row is not None
    return int(row[0])


def read_commits(connection: Connection, *, after: int) -> Sequence[Commit]:
    """Return the log of the batches that follow number ``after``, in order."""
    with translated():
        return [Commit(*row) for row in connection.execute(_SQL["read_commits"], (after,))]


def copy_rows(connection: Connection, observations: Observations) -> None:
    """Copy rows into the table of observations and commit, without anything else that ingest does: a ceiling."""
    days = [from_micros(int(day) * _DAY) for day in np.unique(observations.phenomenon_time // _DAY)]
    with translated(), connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_SQL["prepare"], (days,))
        with cursor.copy(_SQL["copy_observations"]) as copy:
            copy.write(to_copy(observations))


def read_batches(connection: Connection, *, after: int, limit: int) -> Sequence[CommittedBatch]:
    """Return up to ``limit`` batches that follow number ``after``.

    Raises
    ------
    Misconfigured
        The batches asked for have been pruned.
    """
    with translated():
        rows = connection.execute(_SQL["read_batches"], (after, limit), binary=True).fetchall()
    for batch_no, _, columns in rows:
        if columns is None:
            raise Misconfigured(f"batch {batch_no} was pruned before it was read; run its history again")
    return [CommittedBatch(batch_no, committed_at, from_bytes(columns)) for batch_no, committed_at, columns in rows]


def prune_batches(connection: Connection, *, committed_before: datetime) -> int:
    """Drop the column copies of old batches that no follower needs again; the newest stays. Return how many."""
    with translated():
        return connection.execute(_SQL["prune_columns"], (committed_before,)).rowcount


def _storable(text: str) -> str:
    """Return text that PostgreSQL can hold: no NUL, no lone surrogate."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _instants(micros: NDArray[np.int64]) -> list[datetime]:
    return [from_micros(value) for value in micros.tolist()]


def _by_key(observations: Observations, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the chosen rows ordered by datastream and time."""
    rows = np.flatnonzero(chosen)
    return rows[np.lexsort((observations.phenomenon_time[rows], observations.datastream_id[rows]))]


def _order_by_key(observations: Observations) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the rows in key order, and whether each is the first of its key; arrival decides which is first."""
    order = np.lexsort((observations.phenomenon_time, observations.datastream_id))  # stable
    streams, times = observations.datastream_id[order], observations.phenomenon_time[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (streams[1:] != streams[:-1]) | (times[1:] != times[:-1])
    return order, fresh


def _rows_with_keys(ordered: Observations, streams: NDArray[np.int32], times: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return, in key order, the rows that have one of some keys; all of the keys are among the rows."""
    both = np.concatenate((ordered.datastream_id, streams)), np.concatenate((ordered.phenomenon_time, times))
    order = np.lexsort((both[1], both[0]))  # stable: a row comes before its key
    streams, times = both[0][order], both[1][order]
    rows: NDArray[np.intp] = order[:-1][(streams[1:] == streams[:-1]) & (times[1:] == times[:-1])]
    return rows


def _last_of_each_datastream(ordered: Observations) -> NDArray[np.bool_]:
    """Return which rows, ordered by datastream and time, are the last of their datastream."""
    last = np.ones(len(ordered), dtype=np.bool_)
    last[:-1] = ordered.datastream_id[1:] != ordered.datastream_id[:-1]
    return last
