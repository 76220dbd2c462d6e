"""Roll-ups of observations."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

from citywatch.model.rollups import Resolution

_GOOD = "share of the stored values, failed ones included, that nothing is known against (flags 1 and 2)"


class Rollup(BaseModel):
    """What one bucket holds; values that failed quality control (flag 4) count in `good_share` alone."""

    bucket: datetime = Field(description="begin: minute and hour of UTC, midnight of the city for days")
    n: int = Field(description="values that did not fail")
    min: float | None = Field(description="in the unit of the datastream; null when all values failed")
    max: float | None
    mean: float | None
    last: float | None
    last_at: datetime | None = Field(description="when `last` was measured")
    good_share: float = Field(description=_GOOD, ge=0, le=1)


class RollupPage(BaseModel):
    """Roll-ups in time order."""

    datastream_id: int
    unit: str
    resolution: Resolution
    items: list[Rollup]
    next: AwareDatetime | None = Field(
        description="pass it as `begin`, with the `resolution` of this page, to get the next; null on the last one"
    )


class CityRollup(BaseModel):
    """What one bucket of all datastreams of an observed property holds."""

    bucket: datetime
    property_id: str
    datastreams: int = Field(description="datastreams with a stored value in the bucket")
    n: int = Field(description="values that did not fail")
    min: float | None = Field(description="in the unit of the property")
    max: float | None
    good_share: float = Field(description=_GOOD, ge=0, le=1)
