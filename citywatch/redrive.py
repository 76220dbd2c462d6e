"""Re-driving: dead letters are published to their topics again, byte for byte, and so go the way of every message.

Published first, marked when the broker has confirmed. A crash between leaves a letter open; driven once more, its
readings come out as duplicates.
"""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.clock import Clock
from citywatch.model.dead_letters import LetterFilter, LetterState, StoredLetter, obstacle
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.dead_letters import mark_redriven, read_letters_upwards, read_payload
from citywatch.storage.pipeline.ledger import newest_dead_letter

_STEP: Final = 100  # letters confirmed and marked together
_REFUSED: Final = 1000  # refusals that are listed one by one


@dataclass(frozen=True, slots=True)
class RefusedLetter:
    """A letter that cannot be re-driven, and why."""

    dead_letter_id: int
    why: str


@dataclass(slots=True)
class RedriveReport:
    """What was published: ``messages``, and the ``letters`` they settle, which can be several for one message.

    ``refused`` lists the first refusals; ``refused_letters`` counts all. ``is_complete``: nothing was left for want
    of room.
    """

    messages: int = 0
    letters: int = 0
    refused_letters: int = 0
    refused: list[RefusedLetter] = field(default_factory=list)
    is_complete: bool = True


def redrive(
    database: str,
    broker: BrokerAddress,
    chosen: LetterFilter,
    *,
    actor: str,
    clock: Clock,
    limit: int | None = None,
    dry_run: bool = False,
) -> RedriveReport:
    """Publish the messages of some dead letters again, oldest first, at most ``limit`` letters.

    Without numbers in the filter, open letters are meant alone. What is rejected again becomes a new letter, which is
    not driven in its turn. ``dry_run`` counts, and publishes nothing.

    Raises
    ------
    Unavailable
        Database or broker do not answer; letters not marked by then can be re-driven again.
    """
    if chosen.ids is None:
        chosen = replace(chosen, state=LetterState.OPEN)
    with ExitStack() as open_things:
        connection = open_things.enter_context(connect(database, process="redrive"))
        publisher = None if dry_run else open_things.enter_context(_publisher(broker))
        report = RedriveReport()
        driven: set[object] = set()
        for letters in _steps(connection, chosen, limit, report):
            at = clock.now()  # before the first byte leaves: what comes back is later
            willing = [letter for letter in letters if _is_willing(letter, report)]
            for letter in willing:
                if letter.message not in driven:
                    driven.add(letter.message)
                    report.messages += 1
                    if publisher is not None:
                        payload = read_payload(connection, letter.dead_letter_id)
                        publisher.publish(letter.topic, payload, content_type=letter.content_type)
            if publisher is None:
                report.letters += len(willing)
            else:
                publisher.flush()
                ids = [letter.dead_letter_id for letter in willing]
                report.letters += mark_redriven(connection, ids, actor=actor, at=at)
        return report


def _steps(
    connection: Connection, chosen: LetterFilter, limit: int | None, report: RedriveReport
) -> Iterator[list[StoredLetter]]:
    """Yield the letters that exist now, some at a time; those that come back meanwhile are not among them."""
    last, after, seen = newest_dead_letter(connection), 0, 0
    while letters := read_letters_upwards(connection, chosen, after=after, last=last, limit=_STEP):
        room = len(letters) if limit is None else limit - seen
        if room < len(letters):
            report.is_complete = False
        yield list(letters[:room])
        if not report.is_complete:
            return
        seen += len(letters)
        after = letters[-1].dead_letter_id


def _is_willing(letter: StoredLetter, report: RedriveReport) -> bool:
    why = obstacle(letter)
    if why is None:
        return True
    report.refused_letters += 1
    if len(report.refused) < _REFUSED:
        report.refused.append(RefusedLetter(letter.dead_letter_id, why))
    return False


@contextmanager
def _publisher(broker: BrokerAddress) -> Iterator[Publisher]:
    with closing(Network()) as network:
        publisher = Publisher(network, broker, client_id=f"citywatch-redrive-{uuid.uuid4().hex[:12]}")
        publisher.open()
        with closing(publisher):
            yield publisher
