"""Coverage: which assets that should be monitored are, and why the others are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from citywatch.model.identifiers import AssetId, DistrictId, KindId, PropertyId


class Gap(StrEnum):
    """Why an asset does not count as monitored, the first reason that applies."""

    NONE = "monitored"
    NOT_INSTALLED = "not-installed"
    NOT_REPORTING = "not-reporting"
    NOT_PASSING = "not-passing"


@dataclass(frozen=True, slots=True)
class PropertyCoverage:
    """A required property on an asset: how many sensors measure it, and the share [0-1] of the best of them."""

    sensors: int
    best_share: float


@dataclass(frozen=True, slots=True)
class AssetCoverage:
    """The verdict on an asset, and how each required property did."""

    asset_id: AssetId
    kind_id: KindId
    district_id: DistrictId
    gap: Gap
    properties: Mapping[PropertyId, PropertyCoverage]

    @property
    def is_monitored(self) -> bool:
        """Whether the rule of its kind holds."""
        return self.gap is Gap.NONE


@dataclass(frozen=True, slots=True)
class CoverageFigure:
    """Numbers of assets of a kind in a district: that should be monitored, are equipped, report, and are monitored."""

    kind_id: KindId
    district_id: DistrictId
    required: int
    installed: int
    reporting: int
    monitored: int
