"""The platform judges itself: figures about citywatch, on which the rules of kind ``platform`` raise alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from analytics.alarms import write_anomalies
from citywatch.clock import Clock
from citywatch.model.alarms import Anomaly, Evidence
from citywatch.model.identifiers import AssetId, PropertyId, RuleId
from citywatch.model.names import Name
from citywatch.model.registry import PLATFORM, PLATFORM_ASSET
from citywatch.model.rules import Rule
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.balance import Imbalance, read_imbalance
from citywatch.storage.pipeline.health import Beat, read_beats

_LOOK_BACK: Final = timedelta(days=1)
_SETTLING: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value about the platform in the unit of its property, since when it is so, and what an operator asks next."""

    value: float
    unit: str
    since: datetime
    evidence: Evidence = field(default_factory=dict)


class PlatformWatch:
    """Judges the platform; without its asset and rules in the registry it only looks."""

    def __init__(
        self, connection: Connection, *, rules: Sequence[Rule], assets: Mapping[AssetId, Name], clock: Clock
    ) -> None:
        self._connection = connection
        self._rules: dict[RuleId, Rule] = {rule.rule_id: rule for rule in rules if rule.kind_id == PLATFORM}
        self._assets = assets
        self._clock = clock
        self._since = clock.now()

    def look(self) -> Imbalance | None:
        """Raise and return alarms by how things are now; return what the ledger cannot account for, if anything."""
        now = self._clock.now()
        with self._connection.transaction():
            imbalance = read_imbalance(self._connection, since=now - _LOOK_BACK)
            figures = {PropertyId("unaccounted_readings"): of_ledger(imbalance, now)}
            if now - self._since >= _SETTLING:  # where everything starts again, everybody was silent
                figures[PropertyId("process_silence")] = of_processes(read_beats(self._connection), now)
            if PLATFORM_ASSET in self._assets:
                found = [
                    judge(rule, figures[rule.property_id], now)
                    for rule in self._rules.values()
                    if rule.property_id in figures
                ]
                write_anomalies(self._connection, found, rules=self._rules, assets=self._assets, at=self._clock.now)
        return imbalance


def judge(rule: Rule, figure: Figure, at: datetime) -> Anomaly:
    """Return what a rule says of a figure: the severity of the worst tier it is beyond, at once."""
    passed = [tier for tier in rule.tiers if figure.value > tier.limit]
    worst = max(passed, key=lambda tier: tier.severity, default=None)
    evidence: dict[str, float | str | None] = {
        "property": rule.property_id,
        "value": figure.value,
        "unit": figure.unit,
        **figure.evidence,
    }
    if worst is not None:
        evidence |= {"limit": worst.limit, "limit_source": worst.source, "limit_mark": worst.mark.value}
    return Anomaly(
        rule_id=rule.rule_id,
        asset_id=PLATFORM_ASSET,
        datastream_id=None,
        severity=None if worst is None else worst.severity,
        measured_at=figure.since,
        received_at=at,
        evidence=evidence,
    )


def of_ledger(imbalance: Imbalance | None, at: datetime) -> Figure:
    """Return how many readings the ledger cannot account for, with the oldest minute and source."""
    if imbalance is None:
        return Figure(0.0, "1", at)
    oldest = imbalance.oldest
    evidence: Evidence = {
        "minute": oldest.minute.isoformat(),
        "source": oldest.source,
        "received": oldest.received,
        "stored": oldest.stored,
        "duplicate": oldest.duplicate,
        "conflict": oldest.conflict,
        "rejected": oldest.rejected,
        "unbalanced_minutes": imbalance.minutes,
    }
    return Figure(float(imbalance.readings), "1", oldest.minute, evidence)


def of_processes(beats: Sequence[Beat], at: datetime) -> Figure:
    """Return how long [s] the process has been silent that was heard least lately; one that was stopped may be."""
    running = [beat for beat in beats if beat.state != "stopped"]
    if not running:
        return Figure(0.0, "s", at)
    silent = min(running, key=lambda beat: beat.at)
    evidence: Evidence = {"process": silent.process, "instance": silent.instance}
    return Figure(max(0.0, (at - silent.at).total_seconds()), "s", silent.at, evidence)
