"""One table: the detectors of ``frozen`` on the same series, by all measures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analytics.scoring.change_points import change_point_score
from analytics.scoring.events import EventScore, event_score
from analytics.scoring.frozen import DETECTORS, Verdict
from analytics.scoring.labelled import Labelled
from analytics.scoring.nab import PROFILES, nab_score
from analytics.scoring.points import PointScore, point_score
from analytics.scoring.vus import vus_pr


@dataclass(frozen=True, slots=True)
class Comparison:
    """The measures of one detector; ``nab`` and ``change_points`` by profile [-], ``vus_pr`` the mean over series with
    an anomaly [-]; None where the labels allow no such measure.
    """

    detector: str
    nab: dict[str, float | None]
    change_points: dict[str, float | None]
    points: PointScore
    events: EventScore
    vus_pr: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the measures for scripts."""
        return asdict(self)


def compare(series: Sequence[Labelled], begin: Callable[[str], None]) -> Iterator[tuple[Comparison, Sequence[Verdict]]]:
    """Yield the measures of each detector with what it said; ``begin`` is told whose turn it is."""
    for name, detector in DETECTORS.items():
        begin(name)
        verdicts = detector(series)
        yield _compared(name, series, verdicts), verdicts


def _compared(name: str, series: Sequence[Labelled], verdicts: Sequence[Verdict]) -> Comparison:
    states = [verdict.state for verdict in verdicts]
    volumes = [
        volume
        for one, verdict in zip(series, verdicts, strict=True)
        if (volume := vus_pr(one.anomalous[one.fitted :], verdict.scores[one.fitted :])) is not None
    ]
    return Comparison(
        detector=name,
        nab={profile: nab_score(series, states, costs) for profile, costs in PROFILES.items()},
        change_points={profile: change_point_score(series, states, costs) for profile, costs in PROFILES.items()},
        points=point_score(series, states),
        events=event_score(series, states),
        vus_pr=float(np.mean(volumes)) if volumes else None,
    )
