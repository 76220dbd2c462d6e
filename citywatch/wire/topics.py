"""Topic grammar: ``citywatch/v1/{district}/{system}/{asset}/{sensor}/{kind}`` and its shorter relative for alarms."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from citywatch.errors import Reason, Rejected
from citywatch.model.identifiers import IDENTIFIER, AssetId, DistrictId, SensorId, SystemId

PREFIX: Final = "citywatch/v1"
_LEVELS: Final = ("district", "system", "asset", "sensor")


class TopicKind(StrEnum):
    """What a topic carries."""

    SENML = "senml"
    WAVE = "wave"
    STATUS = "status"
    CMD = "cmd"


@dataclass(frozen=True, slots=True)
class Topic:
    """The address of one sensor's messages of one kind."""

    district_id: DistrictId
    system_id: SystemId
    asset_id: AssetId
    sensor_id: SensorId
    kind: TopicKind

    def __str__(self) -> str:
        return f"{PREFIX}/{self.district_id}/{self.system_id}/{self.asset_id}/{self.sensor_id}/{self.kind}"


def subscription(kind: TopicKind, prefix: str = PREFIX) -> str:
    """Return the filter that matches every topic of a kind."""
    return f"{prefix}/+/+/+/+/{kind}"


def alarm_topic(district_id: DistrictId, system_id: SystemId, asset_id: AssetId) -> str:
    """Return the topic on which the alarms of an asset are published."""
    return f"{PREFIX}/{district_id}/{system_id}/{asset_id}/alarm"


@lru_cache(maxsize=262_144)
def parse_topic(text: str) -> Topic:
    """Return the parts of a topic.

    Raises
    ------
    Rejected
        Reason ``unknown_topic``; the text names the level that is wrong.
    """
    levels = text.removeprefix(PREFIX + "/").split("/")
    if not text.startswith(PREFIX + "/") or len(levels) != 5:
        raise Rejected(
            Reason.UNKNOWN_TOPIC,
            f"topic {text[:200]!r}: expected {PREFIX}/{{district}}/{{system}}/{{asset}}/{{sensor}}/{{kind}}",
        )
    *names, kind = levels
    for level, name in zip(_LEVELS, names, strict=True):
        if not IDENTIFIER.fullmatch(name):
            raise Rejected(
                Reason.UNKNOWN_TOPIC,
                f"topic {text[:200]!r}: {level} {name!r} is not an identifier ({IDENTIFIER.pattern})",
            )
    try:
        topic_kind = TopicKind(kind)
    except ValueError:
        raise Rejected(
            Reason.UNKNOWN_TOPIC, f"topic {text[:200]!r}: kind {kind!r} is none of {', '.join(TopicKind)}"
        ) from None
    district, system, asset, sensor = names
    return Topic(DistrictId(district), SystemId(system), AssetId(asset), SensorId(sensor), topic_kind)
