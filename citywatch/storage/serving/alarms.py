"""Alarms as people see and acknowledge them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from citywatch.errors import Conflict, NotFound
from citywatch.model.alarms import AlarmEvent, AlarmState, OpenAlarm, on_acknowledge
from citywatch.model.identifiers import AlarmId, AssetId, RuleId
from citywatch.model.rules import Severity
from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.serving", "alarms.sql")

CHANNEL: Final = "citywatch_alarm"
"""Announces every event of an alarm."""


async def alarms(
    database: Database,
    into: Callable[..., T],
    *,
    alarm_id: int | None = None,
    is_open: bool | None = None,
    asset_id: str | None = None,
    system: str | None = None,
    district: str | None = None,
    min_severity: int = 1,
    before: int | None = None,
    limit: int,
) -> list[T]:
    """Return up to ``limit`` alarms, newest first, with a number below ``before``."""
    values = {
        "alarm_id": alarm_id,
        "open": is_open,
        "asset_id": asset_id,
        "system": system,
        "district": district,
        "min_severity": min_severity,
        "before": before,
        "limit": limit,
    }
    return await database.rows(_SQL["alarms"], values, into)


async def events(database: Database, into: Callable[..., T], alarm_id: int) -> list[T]:
    """Return what happened to an alarm, in order."""
    return await database.rows(_SQL["events"], {"alarm_id": alarm_id}, into)


async def acknowledge(database: Database, alarm_id: int, *, actor: str, note: str | None, at: datetime) -> None:
    """Acknowledge an alarm; one that has returned to normal is closed by it.

    Raises
    ------
    NotFound
        There is no such alarm.
    Conflict
        It is acknowledged or closed already.
    """
    async with database.connection() as connection, connection.transaction():
        cursor = await connection.execute(_SQL["lock_alarm"], {"alarm_id": alarm_id})
        row = await cursor.fetchone()
        if row is None:
            raise NotFound(f"there is no alarm {alarm_id}")
        alarm = OpenAlarm(AlarmId(row[0]), AssetId(row[1]), RuleId(row[2]), AlarmState(row[3]), Severity(row[4]))
        transition = on_acknowledge(alarm)
        if transition is None:
            raise Conflict(f"alarm {alarm_id} is {alarm.state}; only an unacknowledged alarm can be acknowledged")
        values: dict[str, Any] = {
            "alarm_id": alarm_id,
            "state": transition.state.value,
            "event": transition.event.value,
            "severity": int(transition.severity),
            "at": at,
            "actor": actor,
            "note": note,
        }
        await connection.execute(_SQL["acknowledge"], values)
        if transition.event is AlarmEvent.CLOSED:  # the acknowledgement is an event of its own in the history
            await connection.execute(_SQL["record_event"], {**values, "event": AlarmEvent.ACKNOWLEDGED.value})
            values["note"] = None
        await connection.execute(_SQL["record_event"], values)


async def changes(database: Database, into: Callable[..., T], *, after: int, limit: int) -> list[T]:
    """Return what happened to alarms after an event number, in order, as it goes out to other systems."""
    return await database.rows(_SQL["changes"], {"after": after, "limit": limit}, into)


async def open_counts(database: Database) -> dict[tuple[str, int], int]:
    """Return how many alarms are open, by system and severity; every system is there."""
    rows: list[dict[str, Any]] = await database.rows(_SQL["open_counts"], {}, dict)
    return {(row["system_id"], row["severity"]): row["alarms"] for row in rows}


async def newest_event(database: Database) -> int:
    """Return the number of the newest event, 0 when there is none."""
    row: dict[str, int] | None = await database.row(_SQL["newest_event"], {}, dict)
    assert row is not None
    return row["event_id"]
