"""Coverage and health."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.schemas.sensors import SensorCounts


class CoverageFigure(BaseModel):
    """Coverage of one kind of asset in one district."""

    at: datetime
    kind_id: str = Field(examples=["bridge"])
    kind_en: str
    kind_zh: str
    system_id: str
    district_id: str
    district_en: str
    district_zh: str
    district_class: str
    required: int = Field(description="assets that should be monitored: the denominator")
    installed: int = Field(description="of these, equipped with everything the rule requires")
    reporting: int = Field(description="of these, heard within the window")
    monitored: int = Field(description="of these, with the required share of good observations")


class CoverageRule(BaseModel):
    """When an asset counts as monitored."""

    required: list[str] = Field(description="observed properties that must be there")
    window: float = Field(description="trailing window [s]")
    min_share: float = Field(description="share of expected observations that must be good, 0-1")
    source: str
    mark: str = Field(description="V verified, W weak source, D derived here, U unverified")


class KindCoverage(BaseModel):
    """Coverage of one kind in the whole city, with its denominator and rule."""

    kind_id: str
    kind_en: str
    kind_zh: str
    at: datetime
    required: int
    installed: int
    reporting: int
    monitored: int
    share: float | None = Field(description="monitored / required, 0-1; null when nothing is required")
    rule: CoverageRule
    districts: list[CoverageFigure]


class AssetCoverage(BaseModel):
    """Whether an asset counts as monitored, and why not."""

    asset_id: str
    name_en: str
    name_zh: str
    kind_id: str
    district_id: str
    origin: str
    at: datetime
    monitored: bool
    reason: str = Field(description="monitored, not-installed, not-reporting, not-passing", examples=["not-installed"])
    details: dict[str, Any] = Field(description="by required property: number of sensors, share of the best of them")


class ProcessHealth(BaseModel):
    """The last sign of life of a process."""

    process: str = Field(examples=["ingest"])
    instance: str
    started_at: datetime
    beat_at: datetime
    state: str = Field(description="ok, degraded, stopped; late when the sign of life is overdue")
    details: dict[str, Any]


class Health(BaseModel):
    """How the platform itself is doing."""

    state: str = Field(description="ok, or degraded with the reasons", examples=["ok"])
    reasons: list[str]
    at: datetime
    newest_batch_no: int | None
    newest_batch_at: datetime | None
    sensors: SensorCounts
    processes: list[ProcessHealth]
