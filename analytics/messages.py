"""The sentence an operator reads, in both languages."""

from collections.abc import Mapping

from citywatch.model.alarms import Anomaly
from citywatch.model.identifiers import AssetId
from citywatch.model.names import Name
from citywatch.model.rules import Rule


def message(rule: Rule, anomaly: Anomaly, assets: Mapping[AssetId, Name]) -> Name:
    """Return the rule's message filled with the asset's name and the numbers of the evidence."""
    asset = assets.get(anomaly.asset_id) or Name(anomaly.asset_id, anomaly.asset_id)
    return Name(
        en=_filled(rule.message.en, asset.en, anomaly),
        zh=_filled(rule.message.zh, asset.zh, anomaly),
    )


def _filled(template: str, asset: str, anomaly: Anomaly) -> str:
    evidence = anomaly.evidence
    return template.format(
        asset=asset,
        value=evidence["value"],
        unit=evidence["unit"],
        expected=evidence.get("expected") if evidence.get("expected") is not None else float("nan"),
    )
