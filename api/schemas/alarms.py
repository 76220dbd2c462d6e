"""Alarms."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

Severity = Annotated[int, Field(ge=1, le=4, description="1 advisory, 2 minor, 3 major, 4 critical", examples=[2])]


class Alarm(BaseModel):
    """What an operator handles."""

    alarm_id: int
    asset_id: str = Field(examples=["well-003"])
    asset_en: str
    asset_zh: str
    system_id: str = Field(examples=["gas"])
    kind_id: str
    district_id: str
    origin: str
    rule_id: str = Field(examples=["methane-in-well"])
    rule_en: str
    rule_zh: str
    advice_en: str = Field(description="what to do")
    advice_zh: str
    datastream_id: int | None = Field(description="the datastream that decided; null for alarms of the platform itself")
    state: str = Field(
        description="ISA-18.2: unacknowledged, acknowledged, returned-unacknowledged, normal",
        examples=["unacknowledged"],
    )
    severity: Severity
    peak_severity: Severity
    occurrences: int = Field(description="how often it came back before it was closed, the first time included")
    measured_at: datetime = Field(description="when the value that raised the alarm was measured")
    received_at: datetime = Field(description="when ingest received it")
    detected_at: datetime = Field(description="when analytics raised the alarm")
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    returned_at: datetime | None
    closed_at: datetime | None
    message_en: str = Field(examples=["Methane 23.1 %LEL in Hanyang valve well 3"])
    message_zh: str
    evidence: dict[str, float | str | None] = Field(
        description="the numbers that speak for its present severity, when they were measured, the limit and its source"
    )


class AlarmPage(BaseModel):
    """Alarms, newest first."""

    items: list[Alarm]
    next: int | None = Field(description="pass it as `before` to get the next page; null on the last one")


class AlarmEvent(BaseModel):
    """Something that happened to an alarm."""

    event_id: int
    at: datetime
    event: str = Field(examples=["raised"])
    severity: Severity
    actor: str = Field(description="detector, or the name of a person")
    note: str | None


class AlarmWithHistory(Alarm):
    """An alarm and everything that happened to it."""

    events: list[AlarmEvent]


class Acknowledgement(BaseModel):
    """Somebody has seen an alarm."""

    actor: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        description="who acknowledges", examples=["li.wei"]
    )
    note: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        default=None, examples=["Crew 4 is on its way"]
    )
