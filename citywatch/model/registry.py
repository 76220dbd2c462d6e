"""What a city consists of: districts, assets, sensors, datastreams, and the vocabulary that describes them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from citywatch.model.identifiers import (
    AssetId,
    DatastreamId,
    DistrictId,
    KindId,
    ModelId,
    PropertyId,
    SensorId,
    SystemId,
)
from citywatch.model.names import Name
from citywatch.model.rules import Mark, Rule

PLATFORM: Final = KindId("platform")
PLATFORM_ASSET: Final = AssetId("platform")
"""The platform itself is an asset of every city, the only one of its kind; no seed file lists it."""


class DistrictClass(StrEnum):
    """Central and outer districts are ranked apart; functional zones report like districts."""

    CENTRAL = "central"
    OUTER = "outer"
    ZONE = "zone"
    ELSEWHERE = "elsewhere"


class Origin(StrEnum):
    """Where the record of an asset comes from; shown beside everything that is not official."""

    PUBLIC = "public"
    SYNTHETIC = "synthetic"
    RECORDED = "recorded"
    IMPORTED = "imported"
    PLATFORM = "platform"


class Sampling(StrEnum):
    """How a datastream arrives."""

    SCALAR = "scalar"
    WAVEFORM = "waveform"


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days the data of a system are kept, ``None`` for ever: observations, roll-ups by minute, hour and day.

    What is coarser is kept at least as long. ``waveforms`` are blocks outside event windows.
    ``source`` and ``mark`` say how sure we are.
    """

    raw: float | None
    minutes: float | None
    hours: float | None
    days: float | None
    source: str
    mark: Mark
    waveforms: float | None = None


@dataclass(frozen=True, slots=True)
class System:
    """A lifeline: bridge, gas, drainage, lighting, ..."""

    system_id: SystemId
    name: Name
    retention: Retention


@dataclass(frozen=True, slots=True)
class District:
    """A district or functional zone; ``boundary`` is a GeoJSON geometry (WGS 84)."""

    district_id: DistrictId
    name: Name
    district_class: DistrictClass
    boundary: Mapping[str, Any]
    boundary_source: str


@dataclass(frozen=True, slots=True)
class ObservedProperty:
    """What is observed, in which UCUM unit it is stored, and with how many decimals people see it."""

    property_id: PropertyId
    name: Name
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Range:
    """Closed interval; infinite where there is no limit."""

    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Limits of the quality tests of one measure, in its unit.

    ``rate_limit`` [unit/s], ``spike_suspect`` and ``spike_fail`` [unit], ``flat_suspect`` and ``flat_fail`` [s],
    ``gap_factor`` [expected intervals]. ``None`` switches a test off. A sensor of which nothing has come for
    ``late_factor`` expected intervals is late, for ``offline_factor`` of them offline.
    """

    rate_limit: float | None = None
    spike_suspect: float | None = None
    spike_fail: float | None = None
    flat_suspect: float | None = None
    flat_fail: float | None = None
    gap_factor: float = 5.0
    late_factor: float = 3.0
    offline_factor: float = 10.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One observed property of a sensor model: interval [s], span, plausible range, resolution [unit], test limits."""

    property_id: PropertyId
    expected_interval: float
    sampling: Sampling = Sampling.SCALAR
    span: Range = field(default_factory=Range)
    plausible: Range = field(default_factory=Range)
    resolution: float = 0.0
    limits: QualityLimits = field(default_factory=QualityLimits)


@dataclass(frozen=True, slots=True)
class SensorModel:
    """A type of device and what it measures."""

    model_id: ModelId
    name: Name
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class CoverageRule:
    """When an asset of a kind counts as monitored.

    All ``required`` properties are installed, and within the trailing ``window`` [s] each of them reached at least
    ``min_share`` [0-1] of its expected observations with good quality, by a sensor whose calibration has not expired
    and, unless ``calibration_days`` is None, is at most so old [days]. ``source`` and ``mark`` say how sure we are.
    """

    required: tuple[PropertyId, ...]
    window: float
    min_share: float
    source: str
    mark: Mark
    calibration_days: float | None = None


@dataclass(frozen=True, slots=True)
class DesignParameter:
    """Something that is designed about assets of a kind: a number in ``unit`` within ``range``, or one of ``values``.

    The unit is UCUM, empty for plain numbers; a text has neither unit nor range.
    """

    name: str
    unit: str = ""
    range: Range | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetKind:
    """A kind of asset of a system; without a coverage rule it has no denominator.

    Its assets may be part of assets of the kinds in ``part_of``.
    """

    kind_id: KindId
    system_id: SystemId
    name: Name
    coverage: CoverageRule | None
    parameters: tuple[DesignParameter, ...] = ()
    part_of: tuple[KindId, ...] = ()


@dataclass(frozen=True, slots=True)
class Asset:
    """A monitored thing at a place (WGS 84, degrees).

    It is there from ``valid_from`` (None: since ever) until before ``valid_until`` (None: until further notice), and is
    part of ``parent_id``, as a lamp is of its cabinet. ``street`` is empty when it is not known.
    """

    asset_id: AssetId
    kind_id: KindId
    district_id: DistrictId
    name: Name
    latitude: float
    longitude: float
    responsible_unit: str
    origin: Origin
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    parent_id: AssetId | None = None
    street: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sensor:
    """A device on an asset; its newest calibration expires at ``calibrated_until`` (None: never)."""

    asset_id: AssetId
    sensor_id: SensorId
    model_id: ModelId
    installed_at: datetime | None = None
    removed_at: datetime | None = None
    calibrated_at: datetime | None = None
    calibrated_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Datastream:
    """One measure of one installed sensor, with everything ingest and analytics need to know of it."""

    datastream_id: DatastreamId
    system_id: SystemId
    kind_id: KindId
    district_id: DistrictId
    asset_id: AssetId
    sensor_id: SensorId
    unit: str
    measure: Measure
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a city has, without the vocabulary: what is imported and exported."""

    city_id: str
    name: Name
    districts: Sequence[District]
    assets: Sequence[Asset]
    sensors: Sequence[Sensor]


@dataclass(frozen=True, slots=True)
class Registry:
    """A whole city, as its seed files describe it."""

    city_id: str
    name: Name
    systems: Sequence[System]
    districts: Sequence[District]
    properties: Sequence[ObservedProperty]
    kinds: Sequence[AssetKind]
    models: Sequence[SensorModel]
    assets: Sequence[Asset]
    sensors: Sequence[Sensor]
    rules: Sequence[Rule]

    @property
    def inventory(self) -> Inventory:
        """Return what the city has; the platform is in every city and so in no inventory."""
        assets = [asset for asset in self.assets if asset.asset_id != PLATFORM_ASSET]
        return Inventory(self.city_id, self.name, self.districts, assets, self.sensors)


class Change(StrEnum):
    """What loading a registry does to an entry that the database does not hold just so."""

    NEW = "new"
    CHANGED = "changed"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """An asset, or a sensor when ``sensor_id`` is not empty, and the ``fields`` that differ when it has changed."""

    change: Change
    asset_id: AssetId
    sensor_id: SensorId
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryChanges:
    """How many entries are new, changed and retired, and the first of them."""

    assets: Mapping[Change, int]
    sensors: Mapping[Change, int]
    first: tuple[RegistryChange, ...]
