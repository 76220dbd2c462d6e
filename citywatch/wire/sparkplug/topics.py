"""Topics ``spBv1.0/{group}/{type}/{edge node}[/{device}]`` (section 4.1)."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from citywatch.errors import Reason, Rejected

NAMESPACE: Final = "spBv1.0"


class MessageType(StrEnum):
    """What a message means, of those that edge nodes send."""

    NODE_BIRTH = "NBIRTH"
    NODE_DEATH = "NDEATH"
    NODE_DATA = "NDATA"
    DEVICE_BIRTH = "DBIRTH"
    DEVICE_DEATH = "DDEATH"
    DEVICE_DATA = "DDATA"

    @property
    def is_birth(self) -> bool:
        """Whether the message defines metrics."""
        return self in (MessageType.NODE_BIRTH, MessageType.DEVICE_BIRTH)

    @property
    def is_of_device(self) -> bool:
        """Whether a device is named as the last level of the topic."""
        return self.startswith("D")


FILTERS: Final = tuple(f"{NAMESPACE}/+/{kind}/+{'/+' if kind.is_of_device else ''}" for kind in MessageType)
"""Subscriptions for everything edge nodes send; what hosts send, as we do, is left out."""


@dataclass(frozen=True, slots=True)
class NodeId:
    """An edge node: the identifiers of its group and of itself."""

    group: str
    node: str

    @property
    def command_topic(self) -> str:
        """Topic on which the node takes commands."""
        return f"{NAMESPACE}/{self.group}/NCMD/{self.node}"


@dataclass(frozen=True, slots=True)
class SparkplugTopic:
    """The parts of a topic; ``device`` is None on messages of the node itself."""

    node_id: NodeId
    kind: MessageType
    device: str | None = None

    def __str__(self) -> str:
        start = f"{NAMESPACE}/{self.node_id.group}/{self.kind}/{self.node_id.node}"
        return start if self.device is None else f"{start}/{self.device}"


def is_sparkplug(topic: str) -> bool:
    """Return whether a topic lies in the Sparkplug namespace."""
    return topic.startswith(NAMESPACE + "/")


@lru_cache(maxsize=65_536)
def parse_sparkplug_topic(text: str) -> SparkplugTopic:
    """Return the parts of a topic.

    Raises
    ------
    Rejected
        Reason ``unknown_topic``.
    """
    levels = text.split("/")
    if len(levels) in (4, 5) and levels[0] == NAMESPACE and levels[2] in set(MessageType) and all(levels):
        kind = MessageType(levels[2])
        if kind.is_of_device == (len(levels) == 5):
            return SparkplugTopic(NodeId(levels[1], levels[3]), kind, levels[4] if kind.is_of_device else None)
    raise Rejected(
        Reason.UNKNOWN_TOPIC,
        f"topic {text[:200]!r}: expected {NAMESPACE}/{{group}}/{{{', '.join(MessageType)}}}/{{edge node}}[/{{device}}]",
    )
