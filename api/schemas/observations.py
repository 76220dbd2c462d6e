"""Datastreams and their observations."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

Quality = Annotated[
    int, Field(description="QARTOD: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing", examples=[1])
]


class Datastream(BaseModel):
    """One observed property of one sensor, and its newest value."""

    datastream_id: int
    asset_id: str
    sensor_id: str = Field(examples=["strain-1"])
    property_id: str = Field(examples=["strain"])
    property_en: str = Field(examples=["Strain"])
    property_zh: str = Field(examples=["应变"])
    unit: str = Field(description="UCUM unit of every result", examples=["um/m"])
    decimals: int = Field(description="decimals to show")
    expected_interval_s: float = Field(description="[s]")
    model_name_en: str
    model_name_zh: str
    calibrated_at: datetime | None
    plausible_low: float | None = Field(description="lowest value the site can show, in the unit")
    plausible_high: float | None = Field(description="highest value the site can show, in the unit")
    phenomenon_time: datetime | None = Field(description="when the newest value was measured; null: never heard")
    received_time: datetime | None
    result: float | None = Field(description="newest value, in the unit")
    quality: Quality | None
    silent_since: datetime | None = Field(description="last observation before the present gap; null: no gap")
    presence: str | None = Field(description="what device and broker say: online, offline; null: nothing")
    learned_slots: int | None = Field(description="hours of the day the residual rule knows; null: no such rule")
    total_slots: int | None
    expected: float | None = Field(description="what the residual rule expects now, in the unit")
    scale: float | None = Field(description="robust deviation of the present hour, in the unit")


class DatastreamPage(BaseModel):
    """Datastreams in the order of their numbers."""

    items: list[Datastream]
    next: int | None = Field(description="pass it as `after` to get the next page; null on the last one")


class Observation(BaseModel):
    """One stored value."""

    phenomenon_time: datetime = Field(description="when it was measured")
    received_time: datetime = Field(description="when ingest received it")
    result: float = Field(description="in the unit of the datastream")
    quality: Quality
    tests: list[str] = Field(description="quality tests that found fault", examples=[["spike"]])


class ObservationPage(BaseModel):
    """Observations in time order."""

    datastream_id: int
    unit: str
    items: list[Observation]
    next: AwareDatetime | None = Field(description="pass it as `begin` to get the next page; null on the last one")


class Waveform(BaseModel):
    """One block of evenly sampled values."""

    start_time: datetime = Field(description="when the first value was measured")
    received_time: datetime = Field(description="when ingest received it")
    sampling_rate_hz: float = Field(description="values per second", examples=[100.0])
    quality: Quality = Field(description="QARTOD flag of the worst value")
    values: list[float] = Field(description="in the unit of the datastream, one every 1 / sampling_rate_hz seconds")


class WaveformPage(BaseModel):
    """Waveform blocks in time order."""

    datastream_id: int
    unit: str
    items: list[Waveform]
    next: AwareDatetime | None = Field(description="pass it as `begin` to get the next page; null on the last one")
