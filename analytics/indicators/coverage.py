"""The coverage figure: assets monitored / assets that should be.

An asset is monitored when every property its kind requires is installed, and the best sensor of each reached the
required share of its expected observations, of good quality, within the trailing window.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from citywatch.model.coverage import AssetCoverage, CoverageFigure, Gap, PropertyCoverage
from citywatch.model.identifiers import DatastreamId, DistrictId, KindId
from citywatch.model.registry import Asset, CoverageRule, Datastream


def judge_asset(
    asset: Asset, rule: CoverageRule, datastreams: Iterable[Datastream], good: Mapping[DatastreamId, int]
) -> AssetCoverage:
    """Return the verdict on one asset.

    Parameters
    ----------
    datastreams
        Those of the asset that are installed.
    good
        How many observations of good quality each datastream has within the window; a repeated time counts once.
    """
    shares: dict[str, list[float]] = defaultdict(list)
    for stream in datastreams:
        expected = max(rule.window / stream.measure.expected_interval, 1.0)
        shares[stream.measure.property_id].append(min(good.get(stream.datastream_id, 0) / expected, 1.0))
    properties = {name: PropertyCoverage(len(shares[name]), max(shares[name], default=0.0)) for name in rule.required}
    return AssetCoverage(asset.asset_id, asset.kind_id, asset.district_id, _gap(rule, properties.values()), properties)


def _gap(rule: CoverageRule, properties: Iterable[PropertyCoverage]) -> Gap:
    found = list(properties)
    if any(one.sensors == 0 for one in found):
        return Gap.NOT_INSTALLED
    if any(one.best_share == 0 for one in found):
        return Gap.NOT_REPORTING
    if any(one.best_share < rule.min_share for one in found):
        return Gap.NOT_PASSING
    return Gap.NONE


def figures(verdicts: Iterable[AssetCoverage]) -> Sequence[CoverageFigure]:
    """Return the figures by kind and district, ordered; their sums are those of the city."""
    counts: dict[tuple[KindId, DistrictId], Counter[Gap]] = defaultdict(Counter)
    for verdict in verdicts:
        counts[verdict.kind_id, verdict.district_id][verdict.gap] += 1
    return [_figure(key, gaps) for key, gaps in sorted(counts.items())]


def _figure(key: tuple[KindId, DistrictId], gaps: Counter[Gap]) -> CoverageFigure:
    required = gaps.total()
    installed = required - gaps[Gap.NOT_INSTALLED]
    return CoverageFigure(
        kind_id=key[0],
        district_id=key[1],
        required=required,
        installed=installed,
        reporting=installed - gaps[Gap.NOT_REPORTING],
        monitored=gaps[Gap.NONE],
    )
