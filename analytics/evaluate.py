"""One committed batch in, everything that follows from it out; no I/O, no clock, so the same in gives the same out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.detectors.limit import LimitDetector
from analytics.detectors.residual import ResidualDetector
from analytics.detectors.scored import SeverityChange
from analytics.gaps import GapChanges, GapWatch
from analytics.local_time import LocalHours
from analytics.quality import QualityControl, QualityFindings
from analytics.state import SavedState, pack_columns, unpack_columns
from analytics.streams import Streams, to_block
from citywatch.clock import from_micros
from citywatch.model.alarms import Anomaly, Evidence
from citywatch.model.identifiers import AssetId, DatastreamId, RuleId
from citywatch.model.observations import CommittedBatch
from citywatch.model.registry import Datastream
from citywatch.model.rules import Method, Rule, Severity


@dataclass(frozen=True, slots=True)
class Baseline:
    """How well a residual rule knows a datastream: hours of the day learned of 24, and what it expects now [unit]."""

    datastream_id: DatastreamId
    learned_slots: int
    expected: float | None
    scale: float | None


@dataclass(frozen=True, slots=True)
class Results:
    """What follows from one batch."""

    batch_no: int
    committed_at: datetime
    quality: QualityFindings
    gaps: GapChanges
    anomalies: Sequence[Anomaly]


class Evaluator:
    """Quality control, gap watch and all detectors over a city's datastreams."""

    def __init__(self, datastreams: Sequence[Datastream], rules: Sequence[Rule], *, time_zone: str) -> None:
        self._streams = Streams(datastreams)
        hours = LocalHours(time_zone)
        self._quality = QualityControl(self._streams)
        self._gaps = GapWatch(self._streams)
        self._limits = [LimitDetector(rule, self._streams) for rule in rules if rule.method is Method.LIMIT]
        self._residuals = [
            ResidualDetector(rule, self._streams, hours) for rule in rules if rule.method is Method.RESIDUAL
        ]
        self._detectors: list[LimitDetector | ResidualDetector] = [*self._limits, *self._residuals]
        # severity by rule and asset, then by datastream: an asset is as bad as its worst datastream
        self._severities: dict[tuple[RuleId, AssetId], dict[DatastreamId, Severity]] = {}

    def evaluate(self, batch: CommittedBatch) -> Results:
        """Return what follows from a batch; batches come in the order of their numbers."""
        block = to_block(batch.observations, self._streams, self._gaps.state["newest"])
        quality = self._quality.update(block)
        self._gaps.hear(block.place, block.received, block.micros)
        changes = [change for detector in self._detectors for change in detector.update(block)]
        changes.sort(key=lambda change: (change.micros, change.rule.rule_id, change.stream.datastream_id))
        anomalies = [anomaly for change in changes for anomaly in self._of_asset(change)]
        return Results(batch.batch_no, batch.committed_at, quality, self._gaps.tick(batch.committed_at), anomalies)

    def _of_asset(self, change: SeverityChange) -> list[Anomaly]:
        """Return the change of severity of the asset, if the change on its datastream makes one."""
        stream = change.stream
        severities = self._severities.setdefault((change.rule.rule_id, stream.asset_id), {})
        before = max(severities.values(), default=None)
        if change.severity is None:
            severities.pop(stream.datastream_id, None)
        else:
            severities[stream.datastream_id] = change.severity
        after = max(severities.values(), default=None)
        if after == before:
            return []
        return [
            Anomaly(
                rule_id=change.rule.rule_id,
                asset_id=stream.asset_id,
                datastream_id=stream.datastream_id,
                severity=after,
                measured_at=from_micros(change.micros),
                received_at=from_micros(change.received),
                evidence=self._evidence(change),
            )
        ]

    def _evidence(self, change: SeverityChange) -> Evidence:
        evidence: dict[str, float | str | None] = {
            "property": change.stream.measure.property_id,
            "sensor": change.stream.sensor_id,
            "value": change.value,
            "unit": change.stream.unit,
        }
        tier = next((tier for tier in change.rule.tiers if tier.severity == change.severity), None)
        if tier is not None:
            evidence |= {"limit": tier.limit, "limit_source": tier.source, "limit_mark": tier.mark.value}
        detector = next((one for one in self._residuals if one.scored.rule is change.rule), None)
        if detector is not None:
            known = detector.expectation(self._streams.place_of(change.stream), change.micros / 1e6)
            evidence |= {"deviations": change.score, "expected": known[0] if known else None}
        return evidence

    def baselines(self, at: datetime) -> list[Baseline]:
        """Return what the residual rules know, for people who wonder why they are silent."""
        found = []
        for detector in self._residuals:
            learned = detector.learned_slots()
            for place in detector.scored.applies.nonzero()[0].tolist():
                known = detector.expectation(place, at.timestamp())
                number = DatastreamId(int(self._streams.numbers[place]))
                mean, scale = known or (None, None)
                found.append(Baseline(number, int(learned[place]), mean, scale))
        return found

    def save(self) -> bytes:
        """Return the state as bytes."""
        facts: dict[str, Any] = {
            "now": self._gaps.now,
            "tiers": {one.scored.rule.rule_id: one.scored.to_facts() for one in self._detectors},
            "severities": [
                [rule, asset, stream, severity.value]
                for (rule, asset), severities in self._severities.items()
                for stream, severity in severities.items()
            ],
        }
        return SavedState(pack_columns(self._streams.numbers, self._groups()), facts).to_bytes()

    def restore(self, data: bytes) -> None:
        """Take over what :meth:`save` returned; what the registry no longer holds is forgotten."""
        saved = SavedState.from_bytes(data)
        unpack_columns(saved.columns, self._streams.numbers, self._groups())
        self._gaps.now = saved.facts["now"]
        tiers: Mapping[str, Any] = saved.facts["tiers"]
        for one in self._detectors:
            one.scored.restore(tiers.get(one.scored.rule.rule_id, {}))
        for rule, asset, stream, severity in saved.facts["severities"]:
            severities = self._severities.setdefault((RuleId(rule), AssetId(asset)), {})
            severities[DatastreamId(stream)] = Severity(severity)

    def _groups(self) -> dict[str, Any]:
        residuals = {f"residual.{one.scored.rule.rule_id}": one.columns for one in self._residuals}
        return {"quality": self._quality.state, "gaps": self._gaps.state, **residuals}
