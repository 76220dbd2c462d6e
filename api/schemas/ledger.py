"""The ledger: what became of everything that was received."""

from datetime import datetime

from pydantic import BaseModel, Field


class LedgerCounts(BaseModel):
    """Readings: received = stored + duplicate + conflict + rejected."""

    messages: int
    received: int
    stored: int
    duplicate: int
    conflict: int
    rejected: int


class LedgerTotal(LedgerCounts):
    """The sums of a span."""

    unbalanced: int = Field(description="minutes and sources whose readings are not accounted for")


class LedgerRow(LedgerCounts):
    """The account of one minute of reception and one source."""

    minute: datetime
    source: str = Field(
        description="district/system of the topics, ? where the topic names none", examples=["hanyang/gas"]
    )


class Ledger(BaseModel):
    """What became of everything that was received."""

    since: datetime
    total: LedgerTotal
    balanced: bool
    rows: list[LedgerRow]


class DeviceFigures(BaseModel):
    """Messages of one sensor, gaps in their numbers, the error of its clock, and how late its readings come."""

    messages: int
    readings: int = Field(description="accepted or not")
    repeated: int = Field(description="messages with nothing new in them: delivered again")
    missing: int = Field(description="messages that were sent and never arrived, by their sequence numbers")
    out_of_order: int
    restarts: int = Field(description="how often the sequence numbers began anew")
    skew_min_s: float | None = Field(description="received - sent [s]; null: the device sends no time")
    skew_median_s: float | None = Field(description="median, from a histogram; of several hours that of the newest")
    skew_max_s: float | None
    lateness_mean_s: float | None = Field(description="received - measured [s]; null: nothing was stored")
    lateness_p95_s: float | None = Field(description="95 % are faster; from a histogram; of several hours the worst")
    lateness_max_s: float | None


class DeviceTotal(DeviceFigures):
    """The figures of one sensor over a span."""

    asset_id: str
    sensor_id: str


class DevicePage(BaseModel):
    """Sensors in the order of asset and sensor."""

    since: datetime
    items: list[DeviceTotal]
    next: str | None = Field(description="pass it as `after` to get the next page; null on the last one")


class DeviceHour(DeviceFigures):
    """The figures of one hour of reception."""

    hour: datetime
