"""Webhook endpoints and their deliveries."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, HttpUrl


class NewEndpoint(BaseModel):
    """Where to send what happens to alarms."""

    url: Annotated[HttpUrl, Field(examples=["https://pager.example.org/citywatch"])]
    min_severity: int = Field(default=1, ge=1, le=4, description="send only what is at least this severe")


class CreatedEndpoint(BaseModel):
    """A new endpoint; its secret is shown this once."""

    endpoint_id: int
    secret: str = Field(
        description="Standard Webhooks secret for verifying signatures",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class Endpoint(BaseModel):
    """An endpoint and how its deliveries stand."""

    endpoint_id: int
    url: str
    min_severity: int
    enabled: bool
    created_at: datetime
    pending: int
    delivered: int
    failed: int


class DeliveryAttempt(BaseModel):
    """One try to deliver one event."""

    attempt_id: int
    outbox_id: int
    type: str = Field(examples=["citywatch.alarm.raised"])
    alarm_id: int
    at: datetime
    duration_ms: float
    status: int | None = Field(description="HTTP status; null: no answer")
    error: str | None
    state: str = Field(description="how the delivery stands now: pending, delivered, failed")
    attempts: int
    next_attempt_at: datetime | None


class DeliveryPage(BaseModel):
    """Attempts, newest first."""

    items: list[DeliveryAttempt]
    next: int | None = Field(description="pass it as `before` to get the next page; null on the last one")
