"""Coverage by day as it is read: figures, gaps, and why one asset counts or does not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from citywatch.model.coverage import Fix, Gap, cheapest_fix
from citywatch.model.registry import CoverageRule


@dataclass(frozen=True, slots=True)
class Scope:
    """What a figure is of; ``None`` leaves no choice, all of them: the whole city."""

    kind: str | None = None
    system: str | None = None
    district: str | None = None
    street: str | None = None


@dataclass(frozen=True, slots=True)
class DayFigure:
    """Numbers of assets on a day: that should be monitored, then of these each stage that holds for fewer."""

    day: date
    required: int
    installed: int
    reporting: int
    passing: int
    monitored: int

    @property
    def share(self) -> float | None:
        """Monitored of required, 0-1; ``None`` when nothing is required, which is never 100 %."""
        return self.monitored / self.required if self.required else None


@dataclass(frozen=True, slots=True)
class DistrictFigure:
    """The numbers of a kind of asset in a district on a day."""

    day: date
    kind_id: str
    kind_en: str
    kind_zh: str
    system_id: str
    district_id: str
    district_en: str
    district_zh: str
    district_class: str
    required: int
    installed: int
    reporting: int
    passing: int
    monitored: int


@dataclass(frozen=True, slots=True)
class AssetGap:
    """An asset that is not monitored on a day: why, how far it is, and the cheapest fix.

    ``share`` [0-1] is of ``property_id``, the required property that did worst; ``unclaimed`` are sensors that send
    for the asset and that the registry does not know.
    """

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
    reason: str
    share: float
    property_id: str
    unclaimed: Sequence[str]
    fix: Fix = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fix", cheapest_fix(Gap(self.reason), unclaimed=bool(self.unclaimed)))


_COST: Final = (Fix.CLAIM, Fix.CALIBRATE, Fix.REPAIR, Fix.INSTALL)


def cheapest_first(gaps: Iterable[AssetGap]) -> list[AssetGap]:
    """Return gaps by the cost of their fix: paper work, a visit, a part, an installation; then by how near they are."""
    return sorted(gaps, key=lambda gap: (_COST.index(gap.fix), -gap.share, gap.asset_id))


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """What the registry says of an asset, with the coverage rule of its kind as it is stored."""

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
    rule: CoverageRule | None


@dataclass(frozen=True, slots=True)
class AssetVerdict:
    """The verdict on an asset on a day."""

    kind_id: str
    district_id: str
    reason: str
    share: float
    property_id: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one sensor did for a required property on a day; ``expected`` observations of the whole day."""

    property_id: str
    sensor_id: str
    expected_interval: float
    installed_at: datetime | None
    removed_at: datetime | None
    good: int
    received: int
    calibrated_at: datetime | None
    calibrated_until: datetime | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive days, both included, with one reason."""

    reason: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Why:
    """Why an asset is monitored, is not, or is no part of the denominator at all; ``says`` is one sentence of it."""

    day: date
    record: AssetRecord
    counts: bool
    says: str
    verdict: AssetVerdict | None
    fix: Fix
    evidence: Sequence[Evidence]
    past: Sequence[Stretch]


def explain(
    record: AssetRecord,
    verdict: AssetVerdict | None,
    evidence: Sequence[Evidence],
    past: Sequence[Stretch],
    *,
    day: date,
    begin: datetime,
    unclaimed: bool,
) -> Why:
    """Return why an asset counts as it does on a day that begins at an instant."""
    if verdict is None:
        return Why(day, record, counts=False, says=_left_out(record, begin), verdict=None, fix=Fix.NONE,
                   evidence=evidence, past=past)  # fmt: skip
    gap = Gap(verdict.reason)
    fix = cheapest_fix(gap, unclaimed=unclaimed)
    return Why(day, record, counts=True, says=_says(gap, record, verdict, past), verdict=verdict, fix=fix,
               evidence=evidence, past=past)  # fmt: skip


def _left_out(record: AssetRecord, begin: datetime) -> str:
    if record.rule is None:
        return f"not in the denominator: kind {record.kind_id} has no coverage rule"
    if record.valid_from is not None and begin < record.valid_from:
        since = record.valid_from.isoformat(timespec="minutes")
        return f"not in the denominator: it is there from {since}, after the day began"
    if record.valid_until is not None and begin >= record.valid_until:
        return f"not in the denominator: it was there until {record.valid_until.isoformat(timespec='minutes')}"
    return "the day has not been judged since the registry knows the asset; run 'citywatch coverage compute --again'"


def _says(gap: Gap, record: AssetRecord, verdict: AssetVerdict, past: Sequence[Stretch]) -> str:
    assert record.rule is not None
    asked = f"{record.rule.min_share:.0%} of the expected observations of a day"
    since = f" since {past[0].first.isoformat()}" if past else ""
    what = {
        Gap.NONE: f"monitored: every required property reached {asked}, the worst is {verdict.property_id}"
        f" with {verdict.share:.1%}",
        Gap.NOT_INSTALLED: f"not monitored: no sensor measures {verdict.property_id}",
        Gap.NOT_REPORTING: f"not monitored: no good observation of {verdict.property_id}",
        Gap.NOT_PASSING: f"not monitored: {verdict.property_id} reached {verdict.share:.1%} and needs {asked}",
        Gap.NOT_CALIBRATED: f"not monitored: no sensor of {verdict.property_id} that passes has a valid calibration"
        + (f" of the last {record.rule.calibration_days:g} days" if record.rule.calibration_days else ""),
    }[gap]
    return f"{what}{since}"
