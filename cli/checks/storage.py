"""Storage: level, migrations, partitions, compression, followers, roll-ups, retention."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from citywatch.storage.compression import COMPRESSED_AFTER, lacking_policies
from citywatch.storage.connection import Connection
from citywatch.storage.inspect import Kept, count_compressed, count_due, read_kept, read_lags, read_server, read_table
from citywatch.storage.level import Level, detect_level
from citywatch.storage.migrate import migration_state
from cli.checks import Check, Finding

_USED: Final = {
    Level.POSTGRESQL: "native range partitions; roll-ups and retention by 'citywatch upkeep'",
    Level.TIMESCALEDB_APACHE: "hypertables, not compressed; roll-ups and retention by 'citywatch upkeep'",
    Level.TIMESCALEDB: "hypertables, compression; roll-ups and retention by 'citywatch upkeep'",
}
_PROCESS: Final = {"rollups": "upkeep"}  # the others are followed by the process of their name
_LATE: Final = {"rollups": timedelta(minutes=5)}
_LATE_OTHERWISE: Final = timedelta(minutes=2)
_GRACE: Final = timedelta(days=2)  # horizons move once a day, policies run once or twice


def check_level(connection: Connection, _now: datetime) -> Iterator[Finding]:
    """Say what the server is and what is used of it."""
    server = read_server(connection)
    extension = f", TimescaleDB {server.timescaledb} ({server.licence})" if server.timescaledb else ""
    yield Finding(
        "level",
        f"{server.level}: PostgreSQL {server.postgresql}{extension}: {_USED[server.level]}",
        facts=asdict(server),
    )


def check_migrations(connection: Connection, _now: datetime) -> Iterator[Finding]:
    """Say which migrations are missing."""
    applied, pending = migration_state(connection)
    facts = {"applied": applied, "pending": pending}
    if pending:
        yield Finding("migrations", f"pending: {', '.join(pending)}", "run 'citywatch migrate'", facts)
    else:
        yield Finding("migrations", f"{len(applied)} applied, none pending", facts=facts)


def check_tables(connection: Connection, _now: datetime) -> Iterator[Finding]:
    """Say how large observations and roll-ups are, and in how many partitions they stand."""
    unit = "partitions" if detect_level(connection) is Level.POSTGRESQL else "chunks"
    for name in ("observation", "rollup_1min", "rollup_1h", "rollup_1day", "waveform_block"):
        table = read_table(connection, name)
        parts = f" in {table.partitions} {unit}" if table.partitions else ""
        span = f", {table.begin_at:%Y-%m-%d} to {table.end_at:%Y-%m-%d}" if table.begin_at and table.end_at else ""
        yield Finding("table", f"{name}: {table.size / 1e6:,.1f} MB{parts}{span}", facts=asdict(table))


def check_compression(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Say whether old chunks are compressed, where the server can."""
    server = read_server(connection)
    if server.level is not Level.TIMESCALEDB:
        return
    lacking = lacking_policies(connection)
    if lacking:
        yield Finding("compression", f"nobody compresses {', '.join(lacking)}", "run 'citywatch migrate'")
    if server.background_workers == 0:
        yield Finding(
            "compression",
            "the server has no background workers, so no policy runs",
            "set timescaledb.max_background_workers to 16 and restart the server",
        )
    for name, age in COMPRESSED_AFTER.items():
        done, overdue = count_compressed(connection, name, before=now - age - _GRACE)
        facts = {"table": name, "compressed": done, "overdue": overdue}
        fix = "read timescaledb_information.job_errors, mend what it says" if overdue else None
        yield Finding("compression", f"{name}: {done} chunks compressed, {overdue} overdue", fix, facts)


def check_followers(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Say how far behind the batches their followers are."""
    for lag in read_lags(connection):
        seconds = (now - lag.waiting_since).total_seconds() if lag.waiting_since else 0.0
        process = _PROCESS.get(lag.follower, lag.follower)
        late = seconds > _LATE.get(lag.follower, _LATE_OTHERWISE).total_seconds()
        yield Finding(
            "follower",
            f"{lag.follower}: {lag.newest - lag.done} batches wait, the oldest for {seconds:.0f} s",
            f"start 'citywatch {process}'; if it runs, its log says why it is slow" if late else None,
            {"follower": lag.follower, "batches": lag.newest - lag.done, "seconds": seconds},
        )


def check_rollups(connection: Connection, _now: datetime) -> Iterator[Finding]:
    """Say how many flagged values wait for their roll-ups."""
    due = count_due(connection)
    fix = "start 'citywatch upkeep'; if it runs, give it time: it works off some thousands at a time"
    yield Finding("roll-ups", f"{due} changed stretches wait", fix if due > 100_000 else None, {"due": due})


def check_retention(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Say how long data are kept and whether the expired ones are gone."""
    for kept in read_kept(connection):
        facts = {**asdict(kept)}
        name = f"{kept.system_id} {kept.stored_in}"
        if kept.days is None:
            yield Finding("retention", f"{name}: kept for ever", facts=facts)
            continue
        gone = f"gone before {kept.removed_before:%Y-%m-%d}" if kept.removed_before else "nothing removed yet"
        fix = "start 'citywatch upkeep'; if it runs, its log says what it waits for" if _is_overdue(kept, now) else None
        yield Finding("retention", f"{name}: kept for {kept.days:g} days, {gone}", fix, facts)


def _is_overdue(kept: Kept, now: datetime) -> bool:
    """Return whether expired data are still there; before the first horizon there were none that upkeep has seen."""
    assert kept.days is not None
    wanted = now - timedelta(days=kept.days) - _GRACE
    return kept.horizon is not None and (kept.horizon < wanted or (kept.removed_before or kept.horizon) < wanted)


CHECKS: Final[tuple[Check, ...]] = (
    check_level,
    check_migrations,
    check_tables,
    check_compression,
    check_followers,
    check_rollups,
    check_retention,
)
