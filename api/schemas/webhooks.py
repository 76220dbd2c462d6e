"""Webhook endpoints and their deliveries."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, model_validator

from api.webhooks.shapes import Shape
from api.webhooks.signature import Signing
from citywatch.model.alarms import AlarmEvent

Names = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=63)]], Field(min_length=1, max_length=100)
]


class EndpointSettings(BaseModel):
    """Where to send what happens to alarms, which of it, and in what shape."""

    model_config = ConfigDict(extra="forbid")  # a filter that is misspelt would let everything through

    url: Annotated[HttpUrl, Field(examples=["https://pager.example.org/citywatch"])]
    shape: Shape = Field(default=Shape.STANDARD, description="how the body looks")
    min_severity: int = Field(default=1, ge=1, le=4, description="send only what is at least this severe")
    systems: Names | None = Field(default=None, description="only alarms of these systems; null: of all")
    districts: Names | None = Field(default=None, description="only alarms of these districts; null: of all")
    events: list[AlarmEvent] | None = Field(default=None, min_length=1, description="only these events; null: all")
    routing_key: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,64}$")] | None = Field(
        default=None, description="integration key of a PagerDuty service, for shape pagerduty; never shown again"
    )
    description: str | None = Field(default=None, max_length=500)
    enabled: bool = Field(default=True, description="false: nothing is sent, and what waits becomes failed")

    @model_validator(mode="after")
    def check_routing_key(self) -> Self:
        """Refuse a PagerDuty endpoint that calls nobody, and a key that nobody reads."""
        if self.shape is Shape.PAGERDUTY and self.routing_key is None:
            raise ValueError("routing_key: shape pagerduty needs the integration key of a service; give routing_key")
        if self.shape is not Shape.PAGERDUTY and self.routing_key is not None:
            raise ValueError(f"routing_key: shape {self.shape} has none; leave it out or choose shape pagerduty")
        return self


class NewEndpoint(EndpointSettings):
    """An endpoint to be registered."""

    signing: Signing = Field(default=Signing.HMAC, description="hmac: a shared secret; ed25519: a key pair")


class Key(BaseModel):
    """What a receiver verifies signatures with."""

    secret: str | None = Field(
        description="Standard Webhooks secret, shown this once; null for ed25519, whose private key stays here",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    public_key: str | None = Field(description="ed25519 public key; null for hmac", examples=["whpk_..."])


class CreatedEndpoint(Key):
    """A new endpoint."""

    endpoint_id: int


class RotateSecret(BaseModel):
    """Sign with a new secret from now on."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: float = Field(
        default=24, ge=0, le=720, description="how long the present secret signs too; 0 when it is no longer secret"
    )
    signing: Signing = Signing.HMAC


class RotatedSecret(Key):
    """The new secret."""

    previous_until: datetime | None = Field(description="until then the secret before signs too")


class Endpoint(BaseModel):
    """An endpoint and how its deliveries stand."""

    endpoint_id: int
    url: str
    shape: Shape
    min_severity: int
    systems: list[str] | None
    districts: list[str] | None
    events: list[str] | None
    description: str | None
    enabled: bool
    disabled_because: str | None
    public_key: str | None = Field(description="ed25519 public key; null: signed by HMAC")
    previous_until: datetime | None = Field(description="until then the secret before the last rotation signs too")
    created_at: datetime
    failures: int = Field(description="failed attempts in a row")
    open_until: datetime | None = Field(description="after many failures: nothing is sent before")
    pending: int = Field(description="deliveries on their way, those behind an earlier event of their alarm included")
    delivered: int
    failed: int = Field(description="dead letters: given up, and can be redelivered")


class DeliveryAttempt(BaseModel):
    """One try to deliver one event."""

    attempt_id: int
    outbox_id: int
    type: str = Field(examples=["citywatch.alarm.raised"])
    alarm_id: int | None = Field(description="null: a test event")
    at: datetime
    duration_ms: float = Field(description="of the attempt")
    latency_ms: float = Field(description="from the event to the end of the attempt")
    status: int | None = Field(description="HTTP status; null: no answer")
    error: str | None
    answer: str | None = Field(description="how the answer begins, when the attempt failed")
    state: str = Field(description="how the delivery stands now: queued, waiting, pending, delivered, failed")
    attempts: int
    next_attempt_at: datetime | None


class AttemptPage(BaseModel):
    """Attempts, newest first."""

    items: list[DeliveryAttempt]
    next: int | None = Field(description="pass it as `before` to get the next page; null on the last one")


class DeliveryState(BaseModel):
    """One event on its way to one endpoint."""

    outbox_id: int
    type: str = Field(examples=["citywatch.alarm.raised"])
    alarm_id: int | None = Field(description="null: a test event")
    created_at: datetime
    state: str = Field(
        description="queued, waiting (behind an earlier event of its alarm), pending, delivered, failed (a dead letter)"
    )
    attempts: int
    failures: int = Field(description="failed attempts since it was last queued")
    next_attempt_at: datetime | None
    finished_at: datetime | None
    error: str | None = Field(description="why the last attempt failed")


class DeliveryPage(BaseModel):
    """Deliveries, the newest event first."""

    items: list[DeliveryState]
    next: int | None = Field(description="pass it as `before` to get the next page; null on the last one")


class RedeliverRequest(BaseModel):
    """Which events to send again: by number, or a span of time."""

    model_config = ConfigDict(extra="forbid")

    outbox_ids: list[int] | None = Field(default=None, min_length=1, max_length=1000)
    since: AwareDatetime | None = Field(default=None, description="events at or after")
    until: AwareDatetime | None = Field(default=None, description="events before")
    which: Literal["failed", "all"] = Field(
        default="failed",
        description="of a span: what failed; or every event that the endpoint wants, whether it got it or not",
    )
    after: int = Field(default=0, ge=0, description="`next` of the answer before")
    limit: int = Field(default=1000, ge=1, le=10_000)

    @model_validator(mode="after")
    def check_choice(self) -> Self:
        """Refuse a request that names nothing, which would mean everything, or two things."""
        has_span = self.since is not None or self.until is not None
        if has_span == (self.outbox_ids is not None):
            raise ValueError("name events by outbox_ids, or a span by since or until; one of the two")
        return self


class RedeliverAnswer(BaseModel):
    """What is sent again."""

    outbox_ids: list[int]
    next: int | None = Field(description="`limit` was reached; pass it as `after` for the rest")


class SentTest(BaseModel):
    """A test event on its way; the log of the endpoint tells how it fared."""

    outbox_id: int
