"""Ledger: whether what was received is accounted for, what was rejected, which devices are there."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from citywatch.model.dead_letters import remedy
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.balance import (
    compare_stored,
    count_waiting_devices,
    read_conflicts,
    read_liveness,
    read_missing,
    read_open_letters,
    read_stored_totals,
    read_sums,
    read_unbalanced,
)
from citywatch.storage.pipeline.health import read_beats
from cli.checks import Check, Finding

_DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(hours=1)
_MOST_ROWS: Final = 1_000_000  # looked up one by one
_SHOWN: Final = 10
_BEHIND: Final = 2000  # batches
_REPORT: Final = "keep the database as it is and report it: no operation of citywatch does this"


def check_balance(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Compare received with stored + duplicate + conflict + rejected, per minute and source."""
    unbalanced = read_unbalanced(connection, since=now - 30 * _DAY, limit=_SHOWN + 1)
    for one in unbalanced[:_SHOWN]:
        yield Finding("ledger", str(one), _REPORT, asdict(one))
    if len(unbalanced) > _SHOWN:
        yield Finding("ledger", "more minutes do not balance; these are the newest", _REPORT)
    sums = read_sums(connection, since=now - _DAY)
    says = (
        f"last 24 h: {sums.messages:,} messages with {sums.received:,} readings = {sums.stored:,} stored"
        f" + {sums.duplicate:,} duplicate + {sums.conflict:,} conflict + {sums.rejected:,} rejected"
    )
    yield Finding("ledger", says, None if sums.is_balanced() else _REPORT, asdict(sums))


def check_stored(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Compare ledger, batches and observations: in total, and row by row for the last hour."""
    ledger, batches = read_stored_totals(connection)
    facts = {"ledger": ledger, "batches": batches}
    if ledger == batches:
        yield Finding("stored", f"{ledger:,} rows since the beginning, by ledger and by batches", facts=facts)
    else:
        says = f"the ledger says {ledger:,} rows were ever stored, the batches {batches:,}"
        yield Finding("stored", says, _REPORT, facts)
    report = compare_stored(connection, end=now, longest=_LONGEST, most_rows=_MOST_ROWS)
    span = f"{report.begin:%H:%M} to {report.end:%H:%M} UTC"
    for one in report.differences[:_SHOWN]:
        yield Finding("stored", str(one), _REPORT, asdict(one))
    if report.pruned:
        yield Finding("stored", f"{span}: {report.pruned} batches are pruned, so their rows cannot be looked for")
    elif not report.differences:
        says = f"{span}: all {report.rows:,} rows of the batches are observations"
        yield Finding("stored", says, facts={"rows": report.rows})


def check_pending(connection: Connection, _now: datetime) -> Iterator[Finding]:
    """Say what ingest holds and has not committed; what waits in the broker is visible there alone."""
    for beat in read_beats(connection, "ingest"):
        says = f"{beat.instance} holds {beat.pending} messages; what waits in the broker is visible there alone"
        fix = f"database or disk: {beat.cause}" if beat.cause else None
        yield Finding("pending", says, fix, {"instance": beat.instance, "pending": beat.pending, "cause": beat.cause})


def check_dead_letters(connection: Connection, _now: datetime) -> Iterator[Finding]:
    """Say which dead letters wait for somebody, and what would mend each reason."""
    found = read_open_letters(connection)
    for one in found:
        says = f"{one.letters:,} open for {one.reason}, {one.first_at:%Y-%m-%d %H:%M} to {one.last_at:%Y-%m-%d %H:%M}"
        look = f"citywatch dead-letters list --state open --reason {one.reason}"
        yield Finding("dead letters", says, f"{remedy(one.reason)} ({look})", asdict(one))
    if not found:
        yield Finding("dead letters", "none open")


def check_conflicts(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Say which datastreams sent two values for one time."""
    found = read_conflicts(connection, since=now - _DAY, limit=_SHOWN)
    for name, count in found:
        says = f"{name} sent {count:,} second values for times that had one, in the last 24 h"
        yield Finding(
            "conflicts", says, "look for two devices of one name, or a clock that stands", {"conflicts": count}
        )
    if not found:
        yield Finding("conflicts", "none in the last 24 h")


def check_devices(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Say which devices are there, and of which messages are missing."""
    online, late, offline = read_liveness(connection)
    facts = {"online": online, "late": late, "offline": offline}
    yield Finding("devices", f"{online} sensors online, {late} late, {offline} offline", facts=facts)
    for name, count in read_missing(connection, since=now - _DAY, limit=_SHOWN):
        says = f"{name} sent {count:,} messages in the last 24 h that never arrived"
        yield Finding("devices", says, "look at its network, and at what the broker dropped ($SYS)", {"missing": count})
    waiting = count_waiting_devices(connection)
    if waiting > _BEHIND:
        says = f"the device ledger has not taken in {waiting:,} batches"
        yield Finding("devices", says, "start analytics: it keeps the device ledger", {"waiting": waiting})


CHECKS: Final[tuple[Check, ...]] = (
    check_balance,
    check_stored,
    check_pending,
    check_dead_letters,
    check_conflicts,
    check_devices,
)
