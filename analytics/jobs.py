"""What analytics does on a timer beside following the batches."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.evaluate import Evaluator
from analytics.indicators.coverage import figures, judge_asset
from citywatch.model.coverage import AssetCoverage
from citywatch.model.registry import Asset, CoverageRule, Datastream
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.batches import prune_batches
from citywatch.storage.pipeline.coverage import count_good, write_coverage
from citywatch.storage.pipeline.dead_letters import expire_letters
from citywatch.storage.pipeline.findings import write_baselines


def compute_coverage(
    connection: Connection,
    assets: Sequence[tuple[Asset, CoverageRule]],
    datastreams: Sequence[Datastream],
    *,
    at: datetime,
) -> list[AssetCoverage]:
    """Judge all assets with a coverage rule at an instant, and write figures and verdicts."""
    verdicts: list[AssetCoverage] = []
    for window in sorted({rule.window for _, rule in assets}):
        group = [(asset, rule) for asset, rule in assets if rule.window == window]
        wanted = {asset.asset_id: set(rule.required) for asset, rule in group}
        streams = [
            stream
            for stream in datastreams
            if stream.removed_at is None and stream.measure.property_id in wanted.get(stream.asset_id, ())
        ]
        numbers = [stream.datastream_id for stream in streams]
        good = count_good(connection, numbers, until=at, window=timedelta(seconds=window))
        for asset, rule in group:
            own = [stream for stream in streams if stream.asset_id == asset.asset_id]
            verdicts.append(judge_asset(asset, rule, own, good))
    write_coverage(connection, at=at, figures=figures(verdicts), verdicts=verdicts)
    return verdicts


def publish_baselines(connection: Connection, evaluator: Evaluator, *, at: datetime) -> None:
    """Write what the residual rules know at an instant."""
    found = evaluator.baselines(at)
    write_baselines(
        connection,
        at=at,
        datastream_ids=[one.datastream_id for one in found],
        learned_slots=[one.learned_slots for one in found],
        expected=[one.expected for one in found],
        scales=[one.scale for one in found],
    )


def prune(connection: Connection, *, at: datetime, keep: timedelta) -> int:
    """Drop the column copies of batches that are old and that every follower has done with. Return how many."""
    return prune_batches(connection, committed_before=at - keep)


def expire_dead_letters(connection: Connection, *, at: datetime, keep: timedelta) -> int:
    """Drop the bytes of dead letters that are too old to be re-driven. Return how many."""
    return expire_letters(connection, before=at - keep, actor="analytics", at=at)
