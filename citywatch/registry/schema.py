"""The shape of seed files. Every model forbids unknown fields and turns itself into a type of ``citywatch.model``."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from citywatch.model.identifiers import (
    IDENTIFIER,
    AssetId,
    DistrictId,
    KindId,
    ModelId,
    PropertyId,
    RuleId,
    SensorId,
    SystemId,
)
from citywatch.model.names import Name
from citywatch.model.registry import (
    Asset,
    AssetKind,
    CoverageRule,
    DesignParameter,
    District,
    DistrictClass,
    Measure,
    ObservedProperty,
    Origin,
    QualityLimits,
    Range,
    Retention,
    Sampling,
    Sensor,
    SensorModel,
    System,
)
from citywatch.model.rules import Direction, Mark, Method, Rule, Severity, Tier
from citywatch.model.units import is_known
from citywatch.registry.recipes import RECIPES
from citywatch.registry.synthetic import Plan

Identifier = Annotated[str, StringConstraints(pattern=f"^{IDENTIFIER.pattern}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Label = Annotated[Line, StringConstraints(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Limits = tuple[float | None, float | None]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NameEntry(Strict):
    en: Text
    zh: Text

    def to_model(self) -> Name:
        return Name(self.en, self.zh)


def _known_unit(unit: str) -> str:
    if not is_known(unit):
        raise ValueError(f"unknown unit {unit!r}; use a UCUM or SenML unit that citywatch.model.units lists")
    return unit


class SyntheticEntry(Strict):
    seed: Annotated[int, Field(ge=0)]
    assets: dict[Identifier, Annotated[int, Field(ge=0, le=1_000_000)]]
    equipped: dict[Identifier, Annotated[float, Field(ge=0, le=1)]] = {}

    @field_validator("assets", "equipped")
    @classmethod
    def check_recipes(cls, counts: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(counts) - set(RECIPES))
        if unknown:
            raise ValueError(f"there is no way to draw {', '.join(unknown)}; known are {', '.join(RECIPES)}")
        return counts

    def to_model(self, seed: int | None) -> Plan:
        return Plan(self.seed if seed is None else seed, self.assets, self.equipped)


class CityEntry(Strict):
    city_id: Identifier
    name: NameEntry
    synthetic: SyntheticEntry | None = None


Days = Annotated[float, Field(ge=1, le=36_500)] | None


class RetentionEntry(Strict):
    raw: Days
    minutes: Days
    hours: Days
    days: Days
    source: Text
    mark: Mark
    waveforms: Days = None

    @model_validator(mode="after")
    def check_order(self) -> "RetentionEntry":
        kept = [math.inf if days is None else days for days in (self.raw, self.minutes, self.hours, self.days)]
        if kept != sorted(kept):
            raise ValueError("what is coarser is kept at least as long: raw <= minutes <= hours <= days")
        return self

    def to_model(self) -> Retention:
        return Retention(**dict(self))


class SystemEntry(Strict):
    system_id: Identifier
    name: NameEntry
    retention: RetentionEntry

    def to_model(self) -> System:
        return System(SystemId(self.system_id), self.name.to_model(), self.retention.to_model())


class PropertyEntry(Strict):
    property_id: Identifier
    name: NameEntry
    unit: Text
    decimals: Annotated[int, Field(ge=0, le=6)]

    check_unit = field_validator("unit")(_known_unit)

    def to_model(self) -> ObservedProperty:
        return ObservedProperty(PropertyId(self.property_id), self.name.to_model(), self.unit, self.decimals)


class QualityEntry(Strict):
    rate_limit: Positive | None = None
    spike_suspect: Positive | None = None
    spike_fail: Positive | None = None
    flat_suspect: Positive | None = None
    flat_fail: Positive | None = None
    gap_factor: Annotated[float, Field(ge=1)] = 5.0
    late_factor: Annotated[float, Field(ge=1)] = 3.0
    offline_factor: Annotated[float, Field(ge=1)] = 10.0

    @model_validator(mode="after")
    def check_factors(self) -> "QualityEntry":
        if self.offline_factor < self.late_factor:
            raise ValueError("offline_factor: must not be below late_factor; a sensor is late before it is offline")
        return self

    def to_model(self) -> QualityLimits:
        return QualityLimits(**self.model_dump())


class MeasureEntry(Strict):
    property_id: Identifier
    interval: Positive
    sampling: Sampling = Sampling.SCALAR
    span: Limits = (None, None)
    plausible: Limits = (None, None)
    resolution: Annotated[float, Field(ge=0)] = 0.0
    quality: QualityEntry = QualityEntry()

    @field_validator("span", "plausible")
    @classmethod
    def check_order(cls, limits: Limits) -> Limits:
        low, high = limits
        if low is not None and high is not None and low >= high:
            raise ValueError("the lower limit comes first and is smaller")
        return limits

    def to_model(self) -> Measure:
        return Measure(
            property_id=PropertyId(self.property_id),
            expected_interval=self.interval,
            sampling=self.sampling,
            span=_range(self.span),
            plausible=_range(self.plausible),
            resolution=self.resolution,
            limits=self.quality.to_model(),
        )


def _range(limits: Limits) -> Range:
    low, high = limits
    return Range(-math.inf if low is None else low, math.inf if high is None else high)


class SensorModelEntry(Strict):
    model_id: Identifier
    name: NameEntry
    measures: Annotated[list[MeasureEntry], Field(min_length=1)]

    def to_model(self) -> SensorModel:
        return SensorModel(
            ModelId(self.model_id), self.name.to_model(), tuple(measure.to_model() for measure in self.measures)
        )


class CoverageEntry(Strict):
    required: Annotated[list[Identifier], Field(min_length=1)]
    window: Positive
    min_share: Annotated[float, Field(ge=0, le=1)]
    calibration_days: Positive | None = None
    source: Text
    mark: Mark

    def to_model(self) -> CoverageRule:
        return CoverageRule(
            tuple(PropertyId(name) for name in self.required),
            self.window,
            self.min_share,
            self.source,
            self.mark,
            self.calibration_days,
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class DesignParameterEntry(Strict):
    name: Identifier
    unit: Text | None = None
    range: tuple[float, float] | None = None
    values: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def check_either(self) -> "DesignParameterEntry":
        if bool(self.values) == (self.range is not None) or (self.values and self.unit):
            raise ValueError("give a number its range (and unit), a text its values")
        if self.unit is not None:
            _known_unit(self.unit)
        if any(_is_number(value) for value in self.values):
            raise ValueError("values are words; numbers have a range")
        return self

    def to_model(self) -> DesignParameter:
        return DesignParameter(
            self.name, self.unit or "", None if self.range is None else Range(*self.range), self.values
        )


class KindEntry(Strict):
    kind_id: Identifier
    system_id: Identifier
    name: NameEntry
    coverage: CoverageEntry | None = None
    parameters: tuple[DesignParameterEntry, ...] = ()
    part_of: tuple[Identifier, ...] = ()

    @field_validator("parameters")
    @classmethod
    def check_unique(cls, parameters: tuple[DesignParameterEntry, ...]) -> tuple[DesignParameterEntry, ...]:
        names = [parameter.name for parameter in parameters]
        if len(set(names)) < len(names):
            raise ValueError("every parameter has a name of its own")
        return parameters

    def to_model(self) -> AssetKind:
        return AssetKind(
            kind_id=KindId(self.kind_id),
            system_id=SystemId(self.system_id),
            name=self.name.to_model(),
            coverage=None if self.coverage is None else self.coverage.to_model(),
            parameters=tuple(parameter.to_model() for parameter in self.parameters),
            part_of=tuple(KindId(kind_id) for kind_id in self.part_of),
        )


class TierEntry(Strict):
    severity: Annotated[int, Field(ge=1, le=4)]
    limit: float
    on_delay: Annotated[float, Field(ge=0)]
    source: Text
    mark: Mark

    def to_model(self) -> Tier:
        return Tier(Severity(self.severity), self.limit, self.on_delay, self.source, self.mark)


class RuleEntry(Strict):
    rule_id: Identifier
    method: Method
    kind_id: Identifier
    property_id: Identifier
    direction: Direction
    tiers: Annotated[list[TierEntry], Field(min_length=1)]
    dead_band: Annotated[float, Field(gt=0)]
    off_delay: Annotated[float, Field(ge=0)]
    name: NameEntry
    message: NameEntry
    advice: NameEntry

    @field_validator("tiers")
    @classmethod
    def check_tiers(cls, tiers: list[TierEntry]) -> list[TierEntry]:
        severities = [tier.severity for tier in tiers]
        if severities != sorted(set(severities)):
            raise ValueError("tiers rise in severity, each severity once")
        return tiers

    @field_validator("message")
    @classmethod
    def check_message(cls, message: NameEntry) -> NameEntry:
        for text in (message.en, message.zh):
            try:
                text.format(asset="", value=0.0, unit="", expected=0.0)
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(f"placeholder {error}: known are asset, value, unit, expected") from error
        return message

    @model_validator(mode="after")
    def check_order(self) -> "RuleEntry":
        falling = self.method is Method.LIMIT and self.direction is Direction.BELOW
        limits = [tier.limit for tier in self.tiers]
        if limits != sorted(set(limits), reverse=falling):
            raise ValueError(f"limits of the tiers must {'fall' if falling else 'rise'} with their severity")
        if self.dead_band == 1 or (self.dead_band > 1) != falling:
            raise ValueError(
                f"dead_band {self.dead_band:g} never lets go; it must be {'above' if falling else 'below'} 1,"
                " the share of the limit at which a tier ends"
            )
        return self

    def to_model(self) -> Rule:
        return Rule(
            rule_id=RuleId(self.rule_id),
            method=self.method,
            kind_id=KindId(self.kind_id),
            property_id=PropertyId(self.property_id),
            direction=self.direction,
            tiers=tuple(tier.to_model() for tier in self.tiers),
            dead_band=self.dead_band,
            off_delay=self.off_delay,
            name=self.name.to_model(),
            message=self.message.to_model(),
            advice=self.advice.to_model(),
        )


class AssetRow(Strict):
    asset_id: Identifier
    kind_id: Identifier
    district_id: Identifier
    name_en: Label
    name_zh: Label
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    responsible_unit: Label
    origin: Origin
    parent_id: Identifier | None = None
    street: Line = ""
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    parameters: dict[Identifier, float | Label] = {}

    @field_validator("valid_until")
    @classmethod
    def check_end(cls, valid_until: datetime | None, info: Any) -> datetime | None:
        return _after(valid_until, info.data.get("valid_from"), "an asset ends after it began")

    def to_model(self) -> Asset:
        return Asset(
            asset_id=AssetId(self.asset_id),
            kind_id=KindId(self.kind_id),
            district_id=DistrictId(self.district_id),
            name=Name(self.name_en, self.name_zh),
            latitude=self.latitude,
            longitude=self.longitude,
            responsible_unit=self.responsible_unit,
            origin=self.origin,
            parameters=self.parameters,
            parent_id=None if self.parent_id is None else AssetId(self.parent_id),
            street=self.street,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class SensorRow(Strict):
    asset_id: Identifier
    sensor_id: Identifier
    model_id: Identifier
    installed_at: AwareDatetime | None = None
    removed_at: AwareDatetime | None = None
    calibrated_at: AwareDatetime | None = None
    calibrated_until: AwareDatetime | None = None

    @field_validator("removed_at")
    @classmethod
    def check_removal(cls, removed_at: datetime | None, info: Any) -> datetime | None:
        return _after(removed_at, info.data.get("installed_at"), "a sensor is removed after it was installed")

    @field_validator("calibrated_until")
    @classmethod
    def check_calibration(cls, calibrated_until: datetime | None, info: Any) -> datetime | None:
        if calibrated_until is not None and info.data.get("calibrated_at") is None:
            raise ValueError("needs calibrated_at, the day of the calibration that expires")
        return _after(calibrated_until, info.data.get("calibrated_at"), "a calibration expires after it was made")

    def to_model(self) -> Sensor:
        return Sensor(
            asset_id=AssetId(self.asset_id),
            sensor_id=SensorId(self.sensor_id),
            model_id=ModelId(self.model_id),
            installed_at=self.installed_at,
            removed_at=self.removed_at,
            calibrated_at=self.calibrated_at,
            calibrated_until=self.calibrated_until,
        )


def _after(end: datetime | None, begin: datetime | None, rule: str) -> datetime | None:
    if end is not None and begin is not None and end <= begin:
        raise ValueError(f"{rule} ({begin.isoformat()})")
    return end


class DistrictProperties(Strict):
    district_id: Identifier
    name: NameEntry
    district_class: DistrictClass


class GeometryEntry(Strict):
    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]

    @field_validator("coordinates")
    @classmethod
    def check_rings(cls, coordinates: list[Any], info: Any) -> list[Any]:
        polygons = [coordinates] if info.data.get("type") == "Polygon" else coordinates
        for ring in (ring for polygon in polygons for ring in polygon):
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise ValueError("a ring has at least four positions and ends where it starts")
            if not all(-180 <= longitude <= 180 and -90 <= latitude <= 90 for longitude, latitude in ring):
                raise ValueError("positions are [longitude, latitude] in degrees")
        return coordinates


class DistrictFeature(Strict):
    type: Literal["Feature"]
    properties: DistrictProperties
    geometry: GeometryEntry

    def to_model(self, boundary_source: str) -> District:
        return District(
            district_id=DistrictId(self.properties.district_id),
            name=self.properties.name.to_model(),
            district_class=self.properties.district_class,
            boundary=self.geometry.model_dump(),
            boundary_source=boundary_source,
        )


class DistrictCollection(Strict):
    type: Literal["FeatureCollection"]
    boundary_source: Text
    features: Annotated[list[DistrictFeature], Field(min_length=1)]
