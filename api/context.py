"""What a request needs: the database, the clock and the live stream, handed to handlers by FastAPI."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.live import Live
from citywatch.clock import Clock
from citywatch.storage.serving.database import Database


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that all handlers share."""

    database: Database
    clock: Clock
    live: Live
    time_zone: str = "Asia/Shanghai"
    """In which people read times; the API itself speaks UTC."""


def context(request: Request) -> Context:
    """Return the context of the app a request came to."""
    found = request.app.state.context
    assert isinstance(found, Context)
    return found


Ctx = Annotated[Context, Depends(context)]
