"""Targets in the database: written from seed files, values entered by people, and how they stand."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from citywatch.errors import Conflict, NotFound
from citywatch.model.progress import on_path
from citywatch.model.targets import Indicator, Target, TargetEntry, TargetState, standing
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "targets.sql")


def write_targets(connection: Connection, indicators: Sequence[Indicator], targets: Sequence[Target]) -> None:
    """Make the database hold these indicators and targets and no others, in their order."""
    with translated(), connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_SQL["keep_indicators"], ([one.indicator_id for one in indicators],))
        cursor.execute(_SQL["keep_targets"], ([one.target_id for one in targets],))
        cursor.executemany(
            _SQL["upsert_indicator"],
            [(one.indicator_id, place, Jsonb(msgspec.to_builtins(one))) for place, one in enumerate(indicators)],
        )
        cursor.executemany(
            _SQL["upsert_target"],
            [(one.target_id, place, Jsonb(msgspec.to_builtins(one))) for place, one in enumerate(targets)],
        )


def read_targets(connection: Connection) -> list[Target]:
    """Return all targets in their order."""
    with translated():
        return [msgspec.convert(definition, Target) for (definition,) in connection.execute(_SQL["targets"])]


def read_target(connection: Connection, target_id: str) -> Target:
    """Return one target.

    Raises
    ------
    NotFound
        There is none of that name.
    """
    found = [target for target in read_targets(connection) if target.target_id == target_id]
    if not found:
        raise NotFound(f"there is no target {target_id!r}; 'citywatch targets' lists them")
    return found[0]


def read_coverage_target(connection: Connection, kind_id: str) -> Target | None:
    """Return the target of the coverage of a kind of asset, ``None`` where nothing was promised."""
    with translated():
        row = connection.execute(_SQL["coverage_target"], {"kind_id": kind_id}).fetchone()
    return None if row is None else msgspec.convert(row[0], Target)


def read_target_states(connection: Connection, day: date) -> list[TargetState]:
    """Return how every target stood on a day, from what is known of that day and those before."""
    with translated():
        figures = {row[0]: row[1:] for row in connection.execute(_SQL["newest_figures"], {"day": day})}
        with connection.cursor(row_factory=class_row(TargetEntry)) as cursor:
            entries = {one.target_id: one for one in cursor.execute(_SQL["newest_entries"], {"day": day})}
    states = []
    for target in read_targets(connection):
        entry = entries.get(target.target_id) if target.indicator_id is None else None
        known = (entry.day, entry.value) if entry else figures.get(target.indicator_id or "", (None, None))
        states.append(
            TargetState(
                target=target,
                day=day,
                value=known[1],
                value_day=known[0],
                entered_by=entry.author if entry else None,
                on_linear=on_path(target.linear, day),
                on_plan=on_path(target.planned, day),
                standing=standing(target, known[1], day),
            )
        )
    return states


def read_entries(connection: Connection, target_id: str) -> list[TargetEntry]:
    """Return all values that were entered for a target, the oldest entry first."""
    with translated(), connection.cursor(row_factory=class_row(TargetEntry)) as cursor:
        return cursor.execute(_SQL["entries"], {"target_id": target_id}).fetchall()


def enter_value(connection: Connection, entry: TargetEntry) -> None:
    """Enter a value for a target that is followed by hand.

    Raises
    ------
    NotFound
        There is no such target.
    Conflict
        citywatch computes the value of this target itself, or the day is yet to come.
    """
    target = read_target(connection, entry.target_id)
    if target.indicator_id is not None:
        raise Conflict(
            f"target {entry.target_id!r} is computed (indicator {target.indicator_id}); nothing is entered by hand"
        )
    if entry.day > entry.entered_at.date():
        raise Conflict(f"day {entry.day.isoformat()} is yet to come; enter values of days that are over")
    values = {name: getattr(entry, name) for name in ("target_id", "day", "value", "author", "note", "entered_at")}
    with translated():
        connection.execute(_SQL["enter"], values)
