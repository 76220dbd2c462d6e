"""Coverage by day."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.schemas.indicators import CoverageRule


class DayFigure(BaseModel):
    """Coverage on a day."""

    day: date
    required: int = Field(description="assets that should be monitored: the denominator")
    installed: int = Field(description="of these, equipped with everything the rule requires")
    reporting: int = Field(description="of these, with a good observation of everything")
    passing: int = Field(description="of these, with the required share of good observations")
    monitored: int = Field(description="of these, with valid calibrations where the rule asks for them")
    share: float | None = Field(description="monitored / required, 0-1; null when nothing is required")


class DistrictFigure(BaseModel):
    """Coverage of a kind of asset in a district on a day."""

    day: date
    kind_id: str = Field(examples=["bridge"])
    kind_en: str
    kind_zh: str
    system_id: str
    district_id: str
    district_en: str
    district_zh: str
    district_class: str = Field(description="central, outer, zone; central and outer are ranked apart")
    required: int
    installed: int
    reporting: int
    passing: int
    monitored: int


class AssetGap(BaseModel):
    """An asset that is not monitored on a day."""

    day: date
    kind_id: str
    kind_en: str
    kind_zh: str
    system_id: str
    district_id: str
    asset_id: str
    name_en: str
    name_zh: str
    street: str
    responsible_unit: str
    reason: str = Field(description="not-installed, not-reporting, not-passing, not-calibrated")
    share: float = Field(description="good / expected of the required property that did worst, 0-1")
    property_id: str = Field(description="that property")
    unclaimed: list[str] = Field(description="sensors that send for the asset and are not in the registry")
    fix: str = Field(description="the cheapest: claim, calibrate, repair, install")


class Gaps(BaseModel):
    """What is not monitored on a day: how many by fix, and the first of them, cheapest fix first."""

    day: date
    total: int
    fixes: dict[str, int]
    items: list[AssetGap]


class AssetRecord(BaseModel):
    """What the registry says of an asset."""

    asset_id: str
    name_en: str
    name_zh: str
    kind_id: str
    system_id: str
    district_id: str
    street: str
    responsible_unit: str
    origin: str
    valid_from: datetime | None
    valid_until: datetime | None
    rule: CoverageRule | None = Field(description="null: the kind has no coverage rule, so no denominator")


class AssetVerdict(BaseModel):
    """The verdict on an asset on a day."""

    kind_id: str
    district_id: str
    reason: str
    share: float
    property_id: str


class Evidence(BaseModel):
    """What a sensor did for a required property on a day."""

    property_id: str
    sensor_id: str
    expected_interval: float = Field(description="[s]")
    installed_at: datetime | None
    removed_at: datetime | None
    good: int = Field(description="good observations of the day")
    received: int = Field(description="observations of the day, good or not")
    calibrated_at: datetime | None = Field(description="newest calibration before the day was over")
    calibrated_until: datetime | None


class Stretch(BaseModel):
    """Consecutive days, both included, with one verdict."""

    reason: str
    first: date
    last: date


class Why(BaseModel):
    """Why an asset is monitored, is not, or is no part of the denominator."""

    day: date
    record: AssetRecord
    counts: bool = Field(description="whether it is part of the denominator")
    says: str = Field(examples=["not monitored: no sensor measures tilt since 2026-03-01"])
    verdict: AssetVerdict | None
    fix: str
    evidence: list[Evidence]
    past: list[Stretch] = Field(description="newest first")


class Effect(BaseModel):
    """What coverage would be when some assets are mended."""

    day: date = Field(description="day of the verdicts it starts from")
    by: date
    required: int
    monitored: int = Field(description="now")
    planned: int = Field(description="when all of the plan work")
    likely: float = Field(description="when they do as well as those that are equipped today")
    helped: list[str]
    already: list[str] = Field(description="asked for, but monitored already")
    unknown: list[str] = Field(description="asked for, but not in the denominator")
