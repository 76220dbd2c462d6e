"""The write path of observations on both engines."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from citywatch.clock import from_micros, to_micros
from citywatch.errors import Reason
from citywatch.model.observations import Account, Batch, DeadLetter, Observations, Outcome
from citywatch.storage.columns import to_array, to_instants
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter, newest_batch_no, read_batches

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = NOW


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


def batch_of(rows: Sequence[tuple[int, float, float]], source: str = "hanyang/bridge") -> Batch:
    """Rows are (datastream, seconds after NOW, value)."""
    start = to_micros(NOW)
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3)
    observations = Observations(
        datastream_id=columns[:, 0].astype(np.int32),
        phenomenon_time=start + (columns[:, 1] * 1e6).astype(np.int64),
        received_time=np.full(len(rows), start, dtype=np.int64),
        result=columns[:, 2].copy(),
        quality=np.ones(len(rows), dtype=np.int16),
    )
    accounts = [Account(MINUTE, source, 1, len(rows), 0)]
    return Batch(observations, np.zeros(len(rows), dtype=np.int32), accounts, [], [])


def stored_rows(connection: Connection) -> list[tuple[int, float, float]]:
    query = (
        "SELECT datastream_id, extract(epoch FROM phenomenon_time - %s)::float8, result FROM observation ORDER BY 1, 2"
    )
    return [(stream, seconds, result) for stream, seconds, result in connection.execute(query, (NOW,))]


def ledger(connection: Connection) -> tuple[int, ...]:
    row = connection.execute(
        "SELECT sum(received), sum(stored), sum(duplicate), sum(conflict), sum(rejected) FROM ledger"
    ).fetchone()
    assert row is not None
    return tuple(int(number) for number in row)


def test_rows_are_stored_and_followers_read_them_in_key_order(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    report = writer.write(batch_of([(2, 1, 20.5), (1, 2, 11.0), (1, 1, 10.0)]))
    assert report.outcome.tolist() == [Outcome.STORED] * 3
    assert stored_rows(connection) == [(1, 1.0, 10.0), (1, 2.0, 11.0), (2, 1.0, 20.5)]
    (committed,) = read_batches(connection, after=0, limit=10)
    assert committed.batch_no == report.batch_no == newest_batch_no(connection) == 1
    assert committed.observations.datastream_id.tolist() == [1, 1, 2]
    assert committed.observations.result.tolist() == [10.0, 11.0, 20.5]


def test_redelivery_is_duplicate_and_another_value_is_conflict(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    writer.write(batch_of([(1, 1, 10.0), (1, 2, 11.0)]))
    report = writer.write(batch_of([(1, 1, 10.0), (1, 2, 99.0), (1, 3, 12.0)]))
    assert report.outcome.tolist() == [Outcome.DUPLICATE, Outcome.CONFLICT, Outcome.STORED]
    assert stored_rows(connection) == [(1, 1.0, 10.0), (1, 2.0, 11.0), (1, 3.0, 12.0)]
    kept = connection.execute("SELECT kept, refused, batch_no FROM conflict").fetchall()
    assert kept == [(11.0, 99.0, 2)]
    assert ledger(connection) == (5, 3, 1, 1, 0)
    assert read_batches(connection, after=1, limit=10)[0].observations.result.tolist() == [12.0]


def test_repeats_within_a_batch_meet_the_value_that_stays(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    first = writer.write(batch_of([(1, 1, 5.0), (1, 1, 5.0), (1, 1, 6.0)]))
    assert first.outcome.tolist() == [Outcome.STORED, Outcome.DUPLICATE, Outcome.CONFLICT]
    second = writer.write(batch_of([(1, 1, 6.0), (1, 1, 5.0)]))
    assert second.outcome.tolist() == [Outcome.CONFLICT, Outcome.DUPLICATE]
    assert connection.execute("SELECT kept, refused FROM conflict").fetchall() == [(5.0, 6.0), (5.0, 6.0)]


def test_latest_holds_the_newest_value_whatever_the_order_of_arrival(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    writer.write(batch_of([(1, 10, 1.0), (2, 5, 2.0)]))
    writer.write(batch_of([(1, 4, 0.5), (2, 6, 2.5)]))
    assert connection.execute("SELECT datastream_id, result FROM latest ORDER BY 1").fetchall() == [(1, 1.0), (2, 2.5)]


def test_batch_numbers_have_no_gaps_after_a_failed_batch(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    writer.write(batch_of([(1, 1, 1.0)]))
    broken = batch_of([(1, 2, 1.0)])
    too_old = np.array([-(2**62)], dtype=np.int64)
    impossible = Observations(
        broken.observations.datastream_id, too_old, too_old, broken.observations.result, broken.observations.quality
    )
    with pytest.raises(Exception, match=r".+"):
        writer.write(Batch(impossible, broken.row_account, broken.accounts, [], []))
    assert writer.write(batch_of([(1, 3, 1.0)])).batch_no == 2
    assert ledger(connection) == (2, 2, 0, 0, 0)


def test_a_partition_that_was_rolled_back_is_made_again(connection: Connection) -> None:
    writer = BatchWriter(connection, ingester="test")
    good = batch_of([(1, 1, 1.0)])
    impossible = [Account(MINUTE, "a\x00b", 1, 1, 0)]
    with pytest.raises(Exception, match=r".+"):
        writer.write(Batch(good.observations, good.row_account, impossible, [], []))
    assert writer.write(good).outcome.tolist() == [Outcome.STORED]


def test_observations_of_many_years_find_their_partitions(connection: Connection) -> None:
    years = [(1, -365.25 * 86400 * year, float(year)) for year in range(5)]
    BatchWriter(connection, ingester="test").write(batch_of(years))
    assert [result for _, _, result in stored_rows(connection)] == [4.0, 3.0, 2.0, 1.0, 0.0]


def test_dead_letters_keep_reason_and_raw_bytes(connection: Connection) -> None:
    letter = DeadLetter(
        received_at=NOW,
        topic="citywatch/v1/\x00/\ud800",
        content_type=None,
        reason=Reason.NOT_DECODABLE,
        detail="NUL \x00 inside",
        readings=1,
        indices=None,
        payload=b"\x00\xff[",
        payload_size=3,
        payload_sha256=b"\x01" * 32,
    )
    empty = batch_of([])
    BatchWriter(connection, ingester="test").write(
        Batch(empty.observations, empty.row_account, [Account(MINUTE, "?", 1, 1, 1)], [letter], [])
    )
    row = connection.execute("SELECT reason, detail, payload, readings FROM dead_letter").fetchone()
    assert row == ("not_decodable", "NUL \\x00 inside", b"\x00\xff[", 1)
    assert ledger(connection) == (1, 0, 0, 0, 1)


def test_columns_are_parameters_of_statements(connection: Connection) -> None:
    instants = [NOW, from_micros(0), from_micros(-1), from_micros(253_402_300_799_999_999)]
    sent = (
        to_array(np.array([-32768, 32767], dtype=np.int16)),
        to_array(np.array([-(2**31), 2**31 - 1], dtype=np.int32)),
        to_array(np.array([-(2**63), 2**63 - 1])),
        to_array(np.array([0.1, -1e300, 5e-324])),
        to_instants(np.array([to_micros(instant) for instant in instants])),
        to_array(np.empty(0)),
    )
    row = connection.execute(
        "SELECT %s::int2[], %s::int4[], %s::int8[], %s::float8[], %s::timestamptz[], %s::float8[]", sent
    ).fetchone()
    assert row == (
        [-32768, 32767], [-(2**31), 2**31 - 1], [-(2**63), 2**63 - 1], [0.1, -1e300, 5e-324], instants, [],
    )  # fmt: skip
