"""Measures of detection, against examples worked by hand and the published figures of trivial detectors."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from analytics.scoring.change_points import change_point_score
from analytics.scoring.compare import compare
from analytics.scoring.events import event_score
from analytics.scoring.frozen import DETECTORS
from analytics.scoring.labelled import Labelled, read_labelled
from analytics.scoring.nab import PROFILES, nab_score
from analytics.scoring.picture import picture
from analytics.scoring.points import point_score
from analytics.scoring.vus import vus_pr
from citywatch.errors import Misconfigured
from tests.support.servers import REPOSITORY

DATA = REPOSITORY.parent / "shared" / "data"
recorded = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded data at {DATA}")


def a_series(rows: int = 1000, windows: tuple[tuple[int, int], ...] = ((500, 599),), channels: int = 1) -> Labelled:
    """Return noise with a shift in the labelled windows, a row every 5 minutes."""
    values = np.random.default_rng(1).normal(0, 1, (rows, channels))
    for begin, end in windows:
        values[begin : end + 1] += 12
    time = np.arange(0.0, 300.0 * rows, 300.0)
    return Labelled("made/up", time, values, windows, tuple(begin for begin, _ in windows), 150)


def marked(series: Labelled, *rows: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    state = np.zeros(len(series.time), dtype=np.bool_)
    state[list(rows)] = True
    return state


def test_nab_rewards_early_hits_and_charges_false_rows() -> None:
    one, standard = a_series(), PROFILES["standard"]
    assert nab_score([one], [marked(one)], standard) == 0
    assert nab_score([one], [marked(one, 500)], standard) == pytest.approx(100)
    middle = (2 / (1 + np.exp(-2.5)) - 1) / (2 / (1 + np.exp(-5)) - 1)
    assert nab_score([one], [marked(one, 550, 560)], standard) == pytest.approx(100 * (1 + middle) / 2)
    assert nab_score([one], [marked(one, 500, 200)], standard) == pytest.approx(100 - 11 / 2)
    assert nab_score([one], [marked(one, 500, 20)], standard) == pytest.approx(100)  # not scored
    just_behind = 0.11 * (2 / (1 + np.exp(5 * 1 / 99)) - 1)
    assert nab_score([one], [marked(one, 500, 600)], standard) == pytest.approx(100 + 50 * just_behind)
    assert nab_score([one], [marked(one, 200)], PROFILES["low_fn"]) == pytest.approx(-11 / 3)
    assert nab_score([a_series(windows=())], [marked(one, 500)], standard) is None


def test_events_are_what_an_operator_notices() -> None:
    one = a_series(windows=((500, 599), (800, 849)))
    found = event_score([one], [marked(one, 505, 506, 560, 700)])
    assert (found.events, found.found, found.alarms, found.false) == (2, 1, 3, 1)
    assert found.precision == pytest.approx(2 / 3)
    assert (found.recall, found.duplicates) == (0.5, 1.0)
    assert found.delay_median == 5 * 300
    assert found.alarms_per_month == pytest.approx(3 / (850 * 300 / (30 * 86400)))
    silent = event_score([one], [marked(one)])
    assert (silent.recall, silent.precision, silent.delay_median, silent.duplicates) == (0, None, None, None)


def test_rows_are_counted_without_adjustment() -> None:
    one = a_series()
    score = point_score([one], [marked(one, *range(500, 550), *range(200, 225))])
    assert score.f1 == pytest.approx(2 * 50 / (2 * 50 + 25 + 50))
    assert score.false_alarm_rate == pytest.approx(100 * 25 / 750)
    assert score.missed_alarm_rate == pytest.approx(50)


def test_change_points_reward_the_first_change_behind_them() -> None:
    one, standard = a_series(), PROFILES["standard"]
    quick = Labelled(one.name, np.arange(1000.0), one.values, one.windows, (500, 600), 150)
    assert change_point_score([quick], [marked(quick)], standard) == 0
    state = marked(quick, *range(500, 600))
    assert change_point_score([quick], [state], standard) == pytest.approx(100)
    late = marked(quick, *range(530, 630))  # in the middle of both windows: (1 - 0.11) / 2
    assert change_point_score([quick], [late], standard) == pytest.approx(100 * (0.445 + 1) / 2)
    false = marked(quick, 300, *range(500, 600))
    assert change_point_score([quick], [false], standard) == pytest.approx(100 - 2 * 0.11 / 4 * 100)
    assert change_point_score([a_series(windows=())], [marked(one)], standard) is None


def test_volume_under_the_surface_ranks() -> None:
    one = a_series()
    rng = np.random.default_rng(2)
    perfect = vus_pr(one.anomalous, one.anomalous + 1e-3 * rng.random(1000))
    chance = vus_pr(one.anomalous, rng.random(1000))
    inverse = vus_pr(one.anomalous, 1e-3 * rng.random(1000) - one.anomalous)
    assert perfect is not None
    assert chance is not None
    assert inverse is not None
    assert perfect > 0.8
    assert 0.4 > chance > inverse
    assert vus_pr(one.anomalous, np.ones(1000)) == pytest.approx(0.1, abs=0.05)
    assert vus_pr(np.zeros(10, dtype=np.bool_), np.zeros(10)) is None


@pytest.mark.parametrize("seed", range(4))
def test_volume_agrees_with_its_twin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.zeros(300, dtype=np.bool_)
    labels[50:80], labels[200:210], labels[298:] = True, True, True
    scores = np.array(np.round(rng.random(300) + 0.5 * labels, 2), dtype=np.float64)
    thresholds = np.sort(scores)[::-1][np.linspace(0, 299, 250).astype(int)]
    areas: list[float] = []
    for buffer in range(0, 101, 10):
        sloped = [float(label) for label in labels]
        for begin, end in ((50, 80), (200, 210), (298, 300)):
            for distance in range(1, buffer // 2 + 1):
                for row in (begin - distance, end - 1 + distance):
                    if 0 <= row < 300:
                        sloped[row] = max(sloped[row], (1 - distance / buffer) ** 0.5)
        edges = [row for row in range(301) if (row < 300 and sloped[row] > 0) != (row > 0 and sloped[row - 1] > 0)]
        spans = list(zip(edges[::2], edges[1::2], strict=True))
        before = area = 0.0
        for limit in thresholds:
            chosen = scores >= limit
            hits = float(np.array(sloped)[chosen].sum())
            touched = sum(bool(chosen[begin:end].any()) for begin, end in spans) / len(spans)
            recall = min(hits / ((42 + sum(sloped)) / 2), 1.0) * touched
            area += (recall - before) * hits / np.count_nonzero(chosen)
            before = recall
        areas.append(area)
    assert vus_pr(labels, scores) == pytest.approx(np.mean(areas))


def test_a_verdict_does_not_change_with_what_comes_later_or_beside_it() -> None:
    one, wide = a_series(), a_series(channels=3)
    for detect in (DETECTORS["citywatch"], DETECTORS["range novelty"]):
        alone = [detect([series])[0] for series in (one, wide)]
        together = detect([one, wide, a_series(1400)])
        for verdict, series, again in zip(alone, (one, wide), together, strict=False):
            assert verdict.state.tolist() == again.state.tolist()
            early = Labelled(series.name, series.time[:700], series.values[:700], series.windows, (), series.fitted)
            assert detect([early])[0].state.tolist() == verdict.state[:700].tolist()


def test_the_comparison_ranks_the_detector_above_trivial_ones() -> None:
    begun: list[str] = []
    series = [a_series(), a_series(channels=3)]
    table = {one.detector: (one, verdicts) for one, verdicts in compare(series, begun.append)}
    assert begun == list(DETECTORS) == list(table)
    ours = table["citywatch"][0]
    assert ours.events.recall == 1
    for other in ("random", "always"):
        mine, theirs = ours.nab["standard"], table[other][0].nab["standard"]
        assert mine is not None
        assert theirs is not None
        assert mine > theirs
    page = picture(series, table["citywatch"][1])
    assert page.count("<svg") == 2
    assert page.count("<path") == 4
    assert "made/up" in page


def test_silent_and_constant_channels_disturb_nothing() -> None:
    wide = a_series(channels=4)
    wide.values[:, 1], wide.values[:, 2] = 7.0, np.nan
    still = Labelled("still", wide.time, np.ones((1000, 2)), (), (), 150)
    empty = Labelled("empty", wide.time, np.full((1000, 1), np.nan), (), (), 150)
    for name in ("citywatch", "range novelty"):
        verdicts = DETECTORS[name]([wide, still, empty])
        assert all(np.isfinite(verdict.scores).all() for verdict in verdicts)
        assert verdicts[0].state[500:600].any()
        assert not verdicts[1].state.any()
        assert not verdicts[2].state.any()


NAB = "timestamp,value\n" + "".join(f"2015-09-01 {hour:02}:00:00,{hour}\n" for hour in range(24))
SKAB = "datetime;Current;Pressure;anomaly;changepoint\n" + "".join(
    f"2020-03-09 10:{row // 60:02}:{row % 60:02};1.5;{row};{float(420 <= row < 430)};{float(row in (420, 430))}\n"
    for row in range(460)
)


def test_both_layouts_are_read(tmp_path: Path) -> None:
    (tmp_path / "nab" / "group").mkdir(parents=True)
    (tmp_path / "nab" / "group" / "one.csv.gz").write_bytes(gzip.compress(NAB.encode()))
    windows = {"group/one.csv": [["2015-09-01 05:00:00.000000", "2015-09-01 07:00:00"]]}
    (tmp_path / "nab" / "combined_windows.json").write_text(json.dumps(windows))
    (tmp_path / "valve.csv").write_text(SKAB)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    first, second = read_labelled([tmp_path])
    assert first.windows == ((5, 7),)
    assert (first.name, first.fitted, first.interval, first.values[:3, 0].tolist()) == ("group/one", 3, 3600, [0, 1, 2])
    assert second.values.shape == (460, 2)
    assert (second.windows, second.changes, second.fitted) == (((420, 429),), (420, 430), 400)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("x.csv", "a,b\n1,2\n", "neither of NAB nor"),
        ("x.csv", NAB, "no combined_windows.json"),
        ("x.csv", SKAB.replace("1.5", "much", 1), "row 2: Current is 'much'"),
        ("x.csv", SKAB.replace("2020-03-09 10:00:07", "late"), "row 9: 'late' is not a time"),
        ("x.csv", "datetime;a;anomaly\n", "0 rows"),
        ("x.csv", "\n".join(SKAB.splitlines()[:300]), "the first 400 are learned from"),
        ("x.csv.gz", "not gzip", "cannot be read"),
        ("missing/x.csv", "", "cannot be read"),
    ],
)
def test_files_that_cannot_be_scored_are_refused_by_name(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    if path.parent.is_dir():
        path.write_text(text)
    with pytest.raises(Misconfigured, match=says) as refused:
        read_labelled([path])
    assert str(path) in str(refused.value)


def test_a_folder_without_labelled_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no labelled file"):
        read_labelled([tmp_path])


@recorded
def test_frozen_setting_reaches_its_goals_on_the_recorded_loops() -> None:
    series = read_labelled([DATA / "skab_dev"])
    assert len(series) == 16
    everything = point_score(series, [verdict.state for verdict in DETECTORS["always"](series)])
    assert everything.f1 == pytest.approx(0.698, abs=0.001)  # as published
    ours = point_score(series, [verdict.state for verdict in DETECTORS["citywatch"](series)])
    assert ours.f1 is not None
    assert ours.false_alarm_rate is not None
    assert ours.f1 >= 0.83
    assert ours.false_alarm_rate <= 15


@recorded
@pytest.mark.slow
def test_frozen_setting_reaches_its_goals_on_the_recorded_series() -> None:
    series = read_labelled([DATA / "nab_dev"])
    assert sum(len(one.windows) for one in series) == 57
    states = [verdict.state for verdict in DETECTORS["citywatch"](series)]
    for profile, goal in (("standard", 64), ("low_fp", 59), ("low_fn", 67)):
        reached = nab_score(series, states, PROFILES[profile])
        assert reached is not None
        assert reached >= goal
