"""Coverage: which assets that should be monitored are, and why the others are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.model.identifiers import AssetId, DistrictId, KindId, PropertyId
from citywatch.model.registry import CoverageRule


class Gap(StrEnum):
    """Why an asset does not count as monitored, the first reason that applies."""

    NONE = "monitored"
    NOT_INSTALLED = "not-installed"
    NOT_REPORTING = "not-reporting"
    NOT_PASSING = "not-passing"
    NOT_CALIBRATED = "not-calibrated"


class Fix(StrEnum):
    """The cheapest thing that closes a gap: register what sends already, calibrate, repair, or install."""

    NONE = "none"
    CLAIM = "claim"
    CALIBRATE = "calibrate"
    REPAIR = "repair"
    INSTALL = "install"


_FIXES: Final = {
    Gap.NONE: Fix.NONE,
    Gap.NOT_INSTALLED: Fix.INSTALL,
    Gap.NOT_REPORTING: Fix.REPAIR,
    Gap.NOT_PASSING: Fix.REPAIR,
    Gap.NOT_CALIBRATED: Fix.CALIBRATE,
}


def cheapest_fix(gap: Gap, *, unclaimed: bool) -> Fix:
    """Return what closes a gap; ``unclaimed``: a sensor that the registry does not know sends for the asset."""
    claimable = unclaimed and gap in {Gap.NOT_INSTALLED, Gap.NOT_REPORTING}
    return Fix.CLAIM if claimable else _FIXES[gap]


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


@dataclass(frozen=True, slots=True)
class Roster:
    """All assets of a kind that ever had to be monitored, and all datastreams of the properties its rule requires.

    Instants are int64 microseconds since the epoch, an end is not included. An asset that moved to another district
    stands here once for each stretch.

    Parameters
    ----------
    asset_id, district_id, begin, end
        Shape (n,): the stretch in which the asset counts in the district.
    datastream_id, slot, interval, installed, removed
        Shape (m,), ordered by ``slot``, which is row of the asset x number of required properties + place of the
        property in the rule; expected interval [s]; stretch in which the sensor is on the asset.
    calibration_of, calibrated, expires
        Shape (c,): calibrations by row of the datastream, and when they expire: by what was noted with them, or by
        their age where the rule names one.
    """

    kind_id: KindId
    rule: CoverageRule
    asset_id: Sequence[AssetId]
    district_id: Sequence[DistrictId]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    datastream_id: NDArray[np.int32]
    slot: NDArray[np.intp]
    interval: NDArray[np.float64]
    installed: NDArray[np.int64]
    removed: NDArray[np.int64]
    calibration_of: NDArray[np.intp]
    calibrated: NDArray[np.int64]
    expires: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """Coverage of a kind in a district on a day: the figures, and the verdicts they count.

    ``asset_id``, ``gap``, ``share`` (of the worst required property, 0-1) and ``property_id`` (that property) are of
    one length, the number of assets that should be monitored.
    """

    day: date
    kind_id: KindId
    district_id: DistrictId
    asset_id: Sequence[AssetId]
    gap: Sequence[Gap]
    share: Sequence[float]
    property_id: Sequence[PropertyId]
    required: int
    installed: int
    reporting: int
    passing: int
    monitored: int
