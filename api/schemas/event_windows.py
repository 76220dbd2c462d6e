"""Event windows."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class NewEventWindow(BaseModel):
    """A stretch of time of which waveform blocks are to be kept for ever."""

    asset_id: str = Field(max_length=63, examples=["yangtze-1"])
    datastream_id: int | None = Field(default=None, description="null: all waveform datastreams of the asset")
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Line = Field(examples=["ship strike on pier 4"])
    actor: Line = Field(description="who asks for it", examples=["li.wei"])


class EventWindow(BaseModel):
    """Waveform blocks of which any value lies in it are kept, however long their system keeps others."""

    event_window_id: int
    asset_id: str
    datastream_id: int | None = Field(description="null: all waveform datastreams of the asset")
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    reason: str
    actor: str = Field(description="who asked for it; detector: an alarm did")
    alarm_id: int | None = Field(description="the alarm it surrounds; null: a person asked for it")
    blocks: int = Field(description="blocks that begin in it and are there now")


class EventWindowPage(BaseModel):
    """Event windows, newest first."""

    items: list[EventWindow]
    next: int | None = Field(description="pass it as `before` to get the next page; null on the last one")
