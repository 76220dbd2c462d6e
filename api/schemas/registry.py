"""Districts, assets and the rules that watch them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.schemas.indicators import CoverageRule

DistrictId = Annotated[str, Field(examples=["hanyang"])]
AssetId = Annotated[str, Field(examples=["yangtze-1"])]
SystemId = Annotated[str, Field(examples=["bridge"])]
KindId = Annotated[str, Field(examples=["bridge"])]
Latitude = Annotated[float, Field(ge=-90, le=90, description="WGS 84 [deg]", examples=[30.55])]
Longitude = Annotated[float, Field(ge=-180, le=180, description="WGS 84 [deg]", examples=[114.288])]
Origin = Annotated[
    str,
    Field(
        description="public: name and place are public knowledge; synthetic, recorded, imported; platform: citywatch",
        examples=["public"],
    ),
]


class City(BaseModel):
    """The city this installation watches."""

    city_id: str = Field(examples=["demo"])
    name_en: str = Field(examples=["Wuhan (demonstration)"])
    name_zh: str = Field(examples=["武汉（演示）"])
    assets: int
    sensors: int
    datastreams: int
    time_zone: str = Field(
        default="UTC", description="in which people of the city read times", examples=["Asia/Shanghai"]
    )


class System(BaseModel):
    """A lifeline."""

    system_id: SystemId
    name_en: str
    name_zh: str


class District(BaseModel):
    """A district or functional zone."""

    district_id: DistrictId
    name_en: str = Field(examples=["Hanyang"])
    name_zh: str = Field(examples=["汉阳区"])
    district_class: str = Field(description="central, outer, zone or elsewhere", examples=["central"])
    boundary_source: str = Field(description="where the boundary comes from")


class Boundary(District):
    """A district with its boundary."""

    boundary: dict[str, Any] = Field(description="GeoJSON geometry, WGS 84")


class Asset(BaseModel):
    """A monitored thing."""

    asset_id: AssetId
    system_id: SystemId
    kind_id: KindId
    district_id: DistrictId
    name_en: str = Field(examples=["Wuhan Yangtze River Bridge"])
    name_zh: str = Field(examples=["武汉长江大桥"])
    latitude: Latitude
    longitude: Longitude
    street: str = Field(description="empty when it is not known")
    responsible_unit: str
    origin: Origin
    parent_id: AssetId | None = Field(description="what it is part of, as a lamp is of its cabinet")
    valid_from: datetime | None = Field(description="since when it is there; null: since ever")
    valid_until: datetime | None = Field(description="until before when it is there; null: until further notice")
    parameters: dict[str, float | str] = Field(description="design parameters; `/kinds` has their units and ranges")


class AssetVersion(BaseModel):
    """What the record of an asset said from one moment until before another; the first one also before it."""

    valid_from: datetime
    valid_until: datetime | None = Field(description="null: until further notice")
    kind_id: KindId
    district_id: DistrictId
    street: str
    name_en: str
    name_zh: str
    responsible_unit: str
    origin: Origin


class ParameterRange(BaseModel):
    """Between which numbers a design parameter lies, ends included."""

    low: float
    high: float


class DesignParameter(BaseModel):
    """A number within a range, or a text out of some values."""

    name: str = Field(examples=["span_m"])
    unit: str = Field(description="UCUM; empty for plain numbers and texts", examples=["m"])
    range: ParameterRange | None = Field(description="null: a text")
    values: list[str] = Field(description="what a text may be; empty: a number")


class AssetKind(BaseModel):
    """A kind of asset."""

    kind_id: KindId
    system_id: SystemId
    name_en: str = Field(examples=["City bridge"])
    name_zh: str = Field(examples=["城市桥梁"])
    part_of: list[str] = Field(description="kinds of assets that one of this kind may be part of")
    parameters: list[DesignParameter]
    coverage: CoverageRule | None = Field(
        description="when such an asset counts as monitored; null: no coverage figure"
    )


class AssetPage(BaseModel):
    """Assets in the order of their identifiers."""

    items: list[Asset]
    next: str | None = Field(description="pass it as `after` to get the next page; null on the last one")


class AssetState(BaseModel):
    """How an asset is doing now."""

    asset_id: AssetId
    system_id: SystemId
    kind_id: KindId
    district_id: DistrictId
    name_en: str
    name_zh: str
    latitude: Latitude
    longitude: Longitude
    origin: Origin
    severity: int = Field(ge=0, le=4, description="of the worst active alarm: 0 none, 1 advisory ... 4 critical")
    unacknowledged: bool = Field(description="whether an open alarm waits for somebody")
    open_alarms: int
    datastreams: int
    heard_datastreams: int = Field(description="datastreams that have ever sent a value")
    silent_datastreams: int = Field(description="datastreams that fell silent")


class ObservedProperty(BaseModel):
    """What sensors measure."""

    property_id: str = Field(examples=["methane"])
    name_en: str = Field(examples=["Methane"])
    name_zh: str = Field(examples=["甲烷"])
    unit: str = Field(description="UCUM unit in which its values are stored", examples=["%{LEL}"])
    decimals: int = Field(description="decimals to show")


class Tier(BaseModel):
    """One step of a rule."""

    severity: int = Field(ge=1, le=4, description="1 advisory, 2 minor, 3 major, 4 critical")
    limit: float = Field(
        description="limit rules: in the unit of the property; residual rules: in robust standard deviations"
    )
    on_delay: float = Field(description="how long the limit has to be passed [s]")
    source: str = Field(description="where the number comes from")
    mark: str = Field(description="V verified, W weak source, D derived here, U unverified")


class Rule(BaseModel):
    """What is watched on every asset of a kind."""

    rule_id: str = Field(examples=["methane-in-well"])
    method: str = Field(description="limit, residual", examples=["limit"])
    kind_id: KindId
    property_id: str = Field(examples=["methane"])
    direction: str = Field(description="where the trouble lies: above, below, both (absolute value)")
    name_en: str
    name_zh: str
    advice_en: str = Field(description="what to do")
    advice_zh: str
    tiers: list[Tier]
    dead_band: float = Field(description="share of the limit on whose good side a tier lets go")
    off_delay_s: float = Field(description="how long the value has to stay there [s]")
