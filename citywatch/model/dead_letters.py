"""Dead letters: what was rejected, what would mend it, and whether it can be tried again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from citywatch.errors import Reason


class LetterState(StrEnum):
    """What became of a dead letter: nothing yet, published once more, or its bytes were dropped for their age."""

    OPEN = "open"
    REDRIVEN = "redriven"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which dead letters are meant; None means any.

    ``since <= received < until``; ``topic`` is an MQTT topic filter, such as ``citywatch/v1/hanyang/bridge/#``.
    """

    ids: tuple[int, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None
    topic: str | None = None
    state: LetterState | None = None


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter as it is stored; ``kept`` of ``payload_size`` bytes are there."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    content_type: str | None
    reason: str
    detail: str
    readings: int
    indices: list[int] | None
    payload_size: int
    payload_sha256: bytes
    kept: int
    state: LetterState
    state_at: datetime | None

    @property
    def message(self) -> tuple[datetime, str, bytes]:
        """The message it is about; a message has one letter for each reason some of its readings were rejected for."""
        return self.received_at, self.topic, self.payload_sha256


@dataclass(frozen=True, slots=True)
class LetterEvent:
    """Something that happened to a dead letter."""

    at: datetime
    event: str
    actor: str


_REMEDIES: Final[Mapping[str, str]] = {
    Reason.EMPTY: "Nothing to mend here; find out why the device sends nothing.",
    Reason.TOO_LARGE: "Raise CITYWATCH_INGEST_MAX_PAYLOAD, or have the device send smaller packs.",
    Reason.NOT_DECODABLE: "Mend the encoder of the device; these bytes will never be readable.",
    Reason.TOO_DEEP: "Mend the encoder of the device; no valid message is nested so deeply.",
    Reason.DUPLICATE_KEY: "Have the device write every field of a record once.",
    Reason.UNKNOWN_TOPIC: "Have the device publish to citywatch/v1/{district}/{system}/{asset}/{sensor}/{kind}.",
    Reason.UNKNOWN_FORMAT: "Have the device send a known format and name it in the MQTT 5 content type.",
    Reason.UNKNOWN_DATASTREAM: "Register asset, sensor and property ('citywatch seed'), then re-drive.",
    Reason.UNKNOWN_ALIAS: "Nothing to mend here: a rebirth was asked for, and after it the alias is known.",
    Reason.NAME_MISMATCH: "Correct the topic at the device, or the district and system in the registry, then re-drive.",
    Reason.WRONG_TYPE: "Have the device send a number as a JSON number.",
    Reason.NO_VALUE: "Have the device leave out records without a value.",
    Reason.NOT_FINITE: "Have the device leave out values it does not have.",
    Reason.UNIT_MISMATCH: "Correct the unit at the device, or the unit of the property in the registry, then re-drive.",
    Reason.TIME_MISSING: "Have the device send the time of its readings.",
    Reason.TIME_IN_FUTURE: "Set the clock of the device; re-driving helps once that time has come.",
    Reason.TIME_TOO_OLD: "Raise CITYWATCH_INGEST_MAX_AGE_DAYS and restart ingest, then re-drive.",
    Reason.REFUSED_BY_STORAGE: "Read the log of ingest for what the database said; mend that, then re-drive.",
}

_NOT_UTF8: Final = ("b'", 'b"')  # how the broker package writes a topic that cannot be decoded


def remedy(reason: str) -> str:
    """Return what would mend a reason; a reason of another release is not known here."""
    return _REMEDIES.get(reason, "This release does not know the reason; read the detail.")


def obstacle(letter: StoredLetter) -> str | None:
    """Return why a letter cannot be re-driven, None when it can."""
    if letter.state is LetterState.EXPIRED:
        return f"its bytes were dropped for their age on {letter.state_at:%Y-%m-%d}; the device has to send it again"
    if letter.kept < letter.payload_size:
        return (
            f"only {letter.kept} of its {letter.payload_size} bytes were kept;"
            " raise CITYWATCH_INGEST_MAX_PAYLOAD and have the device send it again"
        )
    if letter.topic.startswith(_NOT_UTF8):
        return "its topic is not valid UTF-8, so nobody can publish to it"
    if letter.topic.endswith("/status"):
        return "a status of then says nothing about now; the broker keeps the present one and delivers it by itself"
    return None


def topic_pattern(topic_filter: str) -> str:
    """Return the regular expression (Python's and PostgreSQL's) of the topics that an MQTT filter matches.

    ``#`` at the end stands for any number of levels, the parent included, and ``+`` for one level.
    """
    levels = topic_filter.split("/")
    rest = levels[-1] == "#"
    wanted = ["[^/]*" if level == "+" else re.escape(level) for level in (levels[:-1] if rest else levels)]
    if not rest:
        return f"^{'/'.join(wanted)}$"
    return f"^{'/'.join(wanted)}(/.*)?$" if wanted else "^.*$"
