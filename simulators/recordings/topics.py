"""Choosing and renaming topics."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from citywatch.errors import Misconfigured
from simulators.recordings.message import RecordedMessage


def matches(topic: str, pattern: str) -> bool:
    """Return whether an MQTT topic filter covers a topic (MQTT 5.0 section 4.7)."""
    if topic.startswith("$") and pattern[:1] in {"+", "#"}:
        return False
    levels, wanted = topic.split("/"), pattern.split("/")
    for place, want in enumerate(wanted):
        if want == "#":
            return True
        if place >= len(levels) or want not in {"+", levels[place]}:
            return False
    return len(levels) == len(wanted)


def check_filter(pattern: str) -> str:
    """Return a topic filter that is well formed.

    Raises
    ------
    Misconfigured
        A wildcard stands where none may.
    """
    levels = pattern.split("/")
    wrong = [level for level in levels if ("#" in level or "+" in level) and len(level) > 1]
    if not pattern or wrong or "#" in levels[:-1]:
        raise Misconfigured(
            f"{pattern!r} is no topic filter; write levels with + for one and # at the end for all below,"
            " such as citywatch/v1/+/bridge/#"
        )
    return pattern


@dataclass(frozen=True, slots=True)
class Remap:
    """Topics that begin with the levels ``old`` begin with ``new`` instead."""

    old: str
    new: str

    @classmethod
    def parse(cls, text: str) -> "Remap":
        """Return what ``OLD=NEW`` means.

        Raises
        ------
        Misconfigured
            The text is of another form, or holds a wildcard.
        """
        old, sign, new = text.partition("=")
        if not (old and sign and new) or any(mark in text for mark in "+#"):
            raise Misconfigured(
                f"{text!r} renames no topics; write OLD=NEW, such as citywatch/v1/hongshan=citywatch/v1/hanyang"
            )
        return cls(old.rstrip("/"), new.rstrip("/"))

    def of(self, topic: str) -> str:
        """Return the new name of a topic."""
        if topic == self.old or topic.startswith(self.old + "/"):
            return self.new + topic[len(self.old) :]
        return topic


def remapped(messages: Iterable[RecordedMessage], remaps: Sequence[Remap]) -> Iterator[RecordedMessage]:
    """Yield messages under their new names; the first rename that changes a topic counts."""
    for message in messages:
        renamed = (remap.of(message.topic) for remap in remaps)
        topic = next((one for one in renamed if one != message.topic), message.topic)
        yield message if topic == message.topic else replace(message, topic=topic)
