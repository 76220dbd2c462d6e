"""Dead letters: what was rejected, why, and what became of it since."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator


class DeadLetter(BaseModel):
    """A message, or some readings of it, that could not be accepted."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    content_type: str | None
    reason: str = Field(examples=["unit_mismatch"])
    detail: str = Field(description="what is wrong")
    remedy: str = Field(description="what would mend it")
    readings: int
    indices: list[int] | None = Field(description="places of the readings in the message; null: the whole message")
    payload_size: int = Field(description="[bytes]")
    kept: int = Field(description="how many of these bytes are still there")
    payload_sha256: str = Field(description="hexadecimal")
    state: str = Field(description="open, redriven, expired (bytes dropped)", examples=["open"])
    state_at: datetime | None = Field(description="since when; null: since it was received")
    obstacle: str | None = Field(description="why it cannot be re-driven; null: it can")


class DeadLetterPage(BaseModel):
    """Dead letters, newest first."""

    items: list[DeadLetter]
    next: int | None = Field(description="pass it as `before` to get the next page; null on the last one")


class DeadLetterEvent(BaseModel):
    """Something that happened to a dead letter."""

    at: datetime
    event: str = Field(description="redriven, expired")
    actor: str


class DecodedReading(BaseModel):
    """One reading as it was sent."""

    name: str
    unit: str | None
    time: float | None = Field(description="[s since 1970]; null: not finite")
    value: float | None = Field(description="null: not finite")


class DeadLetterWithPayload(DeadLetter):
    """A dead letter with its bytes and what can be read of them."""

    payload_base64: str = Field(description="the bytes that were kept")
    payload_hex: str = Field(description="the first 512 of them as a hex dump")
    decoded: list[DecodedReading] = Field(description="the first 100 readings that can be decoded")
    decoded_readings: int = Field(description="how many readings can be decoded")
    decoding_trouble: str | None = Field(description="what no decoder gets over; null: decoded to the end")
    history: list[DeadLetterEvent]
    came_back_as: list[int] = Field(description="letters of the same bytes, rejected again after a re-drive")


class RedriveRequest(BaseModel):
    """Which letters to publish again: by number, or open ones by filter."""

    ids: list[int] | None = Field(default=None, min_length=1, max_length=1000)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    reason: str | None = Field(default=None, max_length=63)
    topic: str | None = Field(
        default=None, max_length=500, description="MQTT topic filter", examples=["citywatch/v1/hanyang/bridge/#"]
    )
    limit: int = Field(default=1000, ge=1, le=10_000, description="letters at most; call again for the rest")
    dry_run: bool = Field(default=False, description="count, and publish nothing")
    actor: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        description="who re-drives", examples=["li.wei"]
    )

    @model_validator(mode="after")
    def check_choice(self) -> "RedriveRequest":
        """Refuse a request that names nothing, which would mean everything."""
        if all(one is None for one in (self.ids, self.since, self.until, self.reason, self.topic)):
            raise ValueError("name letters by ids, or open ones by since, until, reason or topic")
        return self


class RefusedLetter(BaseModel):
    """A letter that cannot be re-driven."""

    dead_letter_id: int
    why: str


class RedriveAnswer(BaseModel):
    """What was published; how it fared stands in the ledger, and what was rejected again is a new letter."""

    messages: int
    letters: int = Field(description="letters these messages settle; a message can have several")
    refused_letters: int
    refused: list[RefusedLetter] = Field(description="the first of them, with the reason")
    is_complete: bool = Field(description="false: `limit` was reached; call again")
    dry_run: bool
