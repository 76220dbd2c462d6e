"""Dead letters as the API lists and shows them."""

from collections.abc import Callable
from typing import Final, TypeVar

from citywatch.model.dead_letters import LetterFilter
from citywatch.storage.pipeline.dead_letters import filter_values
from citywatch.storage.serving.database import Database
from citywatch.storage.sql import load_sql

T = TypeVar("T")
_SQL: Final = load_sql("citywatch.storage.pipeline", "dead_letters.sql")


async def letters(
    database: Database, into: Callable[..., T], chosen: LetterFilter, *, before: int | None = None, limit: int
) -> list[T]:
    """Return up to ``limit`` letters numbered below ``before``, newest first."""
    return await database.rows(_SQL["letters"], {**filter_values(chosen), "before": before, "limit": limit}, into)


async def payload(database: Database, dead_letter_id: int) -> bytes:
    """Return the bytes that were kept of a letter, none when there is no such letter."""
    found: list[bytes] = await database.rows(_SQL["payload"], {"dead_letter_id": dead_letter_id}, _payload)
    return found[0] if found else b""


async def events(database: Database, into: Callable[..., T], dead_letter_id: int) -> list[T]:
    """Return what happened to a letter."""
    return await database.rows(_SQL["events"], {"dead_letter_id": dead_letter_id}, into)


async def later_letters(database: Database, dead_letter_id: int) -> list[int]:
    """Return the letters with which a re-driven one came back."""
    return await database.rows(_SQL["later_letters"], {"dead_letter_id": dead_letter_id}, _number)


def _payload(*, payload: bytes) -> bytes:
    return bytes(payload)


def _number(*, dead_letter_id: int) -> int:
    return dead_letter_id
