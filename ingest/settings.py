"""Settings of ingest."""

from typing import Annotated

from pydantic import Field

from citywatch.settings import ProcessSettings


class IngestSettings(ProcessSettings):
    """``CITYWATCH_INGEST_...``"""

    ingest_instance: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "ingest-1"
    """Name of this ingester; its MQTT session continues under it."""

    ingest_group: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,40}$")] = ""
    """Ingesters of one group share the messages (MQTT 5 shared subscription); empty: this one gets all of them."""

    ingest_sparkplug: bool = True
    """Read the Sparkplug namespace too. An edge node must be heard whole, so of a group one ingester alone does."""

    ingest_window: Annotated[int, Field(ge=10, le=65_535)] = 20_000
    """Unacknowledged messages the broker may have under way (MQTT Receive Maximum)."""

    ingest_batch_readings: Annotated[int, Field(ge=1, le=200_000)] = 20_000
    ingest_batch_messages: Annotated[int, Field(ge=1, le=65_535)] = 10_000
    ingest_beat: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Longest time without a committed batch [s]."""

    ingest_max_payload: Annotated[int, Field(ge=100)] = 1_048_576
    """Largest accepted payload [bytes]; of a rejected one as much is kept."""

    ingest_max_ahead: Annotated[float, Field(ge=0)] = 300.0
    """How far the time of a reading may lie ahead of its reception [s]."""

    ingest_max_age_days: Annotated[float, Field(gt=0)] = 3650.0
    """How far it may lie back [days]."""

    ingest_session_expiry: Annotated[int, Field(ge=0, le=4_294_967_295)] = 604_800
    """How long the broker keeps our session while we are away [s]."""
