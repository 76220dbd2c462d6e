"""What a request needs: the database, the clock and the live stream, handed to handlers by FastAPI."""

from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request

from api.live import Live
from api.webhooks.addresses import AddressRules
from citywatch.clock import Clock
from citywatch.model.dead_letters import LetterFilter
from citywatch.redrive import RedriveReport
from citywatch.storage.serving.database import Database


class Redrive(Protocol):
    """Publishes the messages of dead letters again; blocks until the broker has confirmed them."""

    def __call__(self, chosen: LetterFilter, *, actor: str, limit: int | None, dry_run: bool) -> RedriveReport:
        """See :func:`citywatch.redrive.redrive`."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that all handlers share."""

    database: Database
    clock: Clock
    live: Live
    time_zone: str = "Asia/Shanghai"
    """In which people read times; the API itself speaks UTC."""
    redrive: Redrive | None = None
    """None: this API has no broker."""
    webhook_addresses: AddressRules = field(default_factory=AddressRules)
    """Where webhooks may go."""


def context(request: Request) -> Context:
    """Return the context of the app a request came to."""
    found = request.app.state.context
    assert isinstance(found, Context)
    return found


Ctx = Annotated[Context, Depends(context)]
