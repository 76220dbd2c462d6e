"""Sensors and whether they are there."""

from datetime import datetime

from pydantic import BaseModel, Field


class SensorCounts(BaseModel):
    """How many installed sensors are there."""

    online: int
    late: int = Field(description="nothing has come for `late_factor` expected intervals")
    offline: int = Field(
        description="gone by last will, silent for `offline_factor` expected intervals, or never heard"
    )


class Sensor(BaseModel):
    """One installed sensor."""

    asset_id: str = Field(examples=["yangtze-1"])
    sensor_id: str = Field(examples=["strain-1"])
    system_id: str
    district_id: str
    kind_id: str
    liveness: str = Field(description="online, late, offline; judged by arrivals, whatever their values")
    liveness_since: datetime | None = Field(description="as far as it is known")
    heard_at: datetime | None = Field(description="when anything last came from it, accepted or not; null: never")
    said: str | None = Field(description="what device and broker last said: online, offline; null: nothing")
    said_at: datetime | None = Field(description="when that was received")
    expected_interval_s: float = Field(description="shortest of its datastreams [s]")
    late_s: float = Field(description="silence after which it is late [s]")
    offline_s: float = Field(description="silence after which it is offline [s]")


class SensorPage(BaseModel):
    """Sensors in the order of asset and sensor."""

    items: list[Sensor]
    next: str | None = Field(description="pass it as `after` to get the next page; null on the last one")
