"""Dead letters as those who look after them read and mark them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row

from citywatch.errors import NotFound
from citywatch.model.dead_letters import LetterEvent, LetterFilter, LetterState, StoredLetter, topic_pattern
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "dead_letters.sql")
_AT_ONCE: Final = 5000  # letters that expire in one transaction


def filter_values(chosen: LetterFilter) -> dict[str, Any]:
    """Return a filter as the values of the statements."""
    values = asdict(chosen)
    values["ids"] = None if chosen.ids is None else list(chosen.ids)
    values["topic"] = None if chosen.topic is None else topic_pattern(chosen.topic)
    return values


def read_letters(
    connection: Connection, chosen: LetterFilter, *, before: int | None = None, limit: int
) -> Sequence[StoredLetter]:
    """Return up to ``limit`` letters numbered below ``before``, newest first."""
    return _letters(connection, "letters", {**filter_values(chosen), "before": before, "limit": limit})


def read_letters_upwards(
    connection: Connection, chosen: LetterFilter, *, after: int, last: int, limit: int
) -> Sequence[StoredLetter]:
    """Return up to ``limit`` letters numbered above ``after`` and up to ``last``, oldest first."""
    values = {**filter_values(chosen), "after": after, "last": last, "limit": limit}
    return _letters(connection, "letters_upwards", values)


def read_letter(connection: Connection, dead_letter_id: int) -> StoredLetter:
    """Return one letter.

    Raises
    ------
    NotFound
        There is none of this number.
    """
    found = read_letters(connection, LetterFilter(ids=(dead_letter_id,)), limit=1)
    if not found:
        raise NotFound(f"there is no dead letter {dead_letter_id}")
    return found[0]


def read_payload(connection: Connection, dead_letter_id: int) -> bytes:
    """Return the bytes that were kept of a letter."""
    with translated():
        row = connection.execute(_SQL["payload"], {"dead_letter_id": dead_letter_id}, binary=True).fetchone()
    if row is None:
        raise NotFound(f"there is no dead letter {dead_letter_id}")
    return bytes(row[0])


def read_letter_events(connection: Connection, dead_letter_id: int) -> Sequence[LetterEvent]:
    """Return what happened to a letter."""
    with translated():
        return [LetterEvent(*row) for row in connection.execute(_SQL["events"], {"dead_letter_id": dead_letter_id})]


def read_later_letters(connection: Connection, dead_letter_id: int) -> Sequence[int]:
    """Return the letters with which a re-driven one came back."""
    with translated():
        return [number for (number,) in connection.execute(_SQL["later_letters"], {"dead_letter_id": dead_letter_id})]


def mark_redriven(connection: Connection, ids: Sequence[int], *, actor: str, at: datetime) -> int:
    """Note that the messages of some letters were published again; return how many letters that settles."""
    if not ids:
        return 0
    with translated():
        return connection.execute(_SQL["mark_redriven"], {"ids": list(ids), "actor": actor, "at": at}).rowcount


def count_older_letters(connection: Connection, *, before: datetime) -> int:
    """Return how many letters received before an instant still have their bytes."""
    with translated():
        row = connection.execute(_SQL["count_older"], {"before": before}).fetchone()
    assert row is not None
    return int(row[0])


def expire_letters(connection: Connection, *, before: datetime, actor: str, at: datetime) -> int:
    """Drop the bytes of letters received before an instant; their records stay. Return how many."""
    values = {"before": before, "actor": actor, "at": at, "limit": _AT_ONCE}
    total = 0
    with translated():
        while count := connection.execute(_SQL["expire"], values).rowcount:
            total += count
    return total


def _letters(connection: Connection, statement: str, values: dict[str, Any]) -> Sequence[StoredLetter]:
    with translated(), connection.cursor(row_factory=class_row(StoredLetter)) as cursor:
        found = cursor.execute(_SQL[statement], values).fetchall()
    return [_typed(letter) for letter in found]


def _typed(letter: StoredLetter) -> StoredLetter:
    return StoredLetter(**{**asdict(letter), "state": LetterState(letter.state)})
