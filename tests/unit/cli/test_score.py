"""``citywatch score`` as a person runs it."""

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from citywatch.errors import Misconfigured
from cli.main import app


def a_loop(path: Path) -> Path:
    """Write a run of a pump loop whose two channels shift for a while."""
    rng = np.random.default_rng(1)
    rows = ["datetime;Current;Pressure;anomaly;changepoint"]
    for row in range(900):
        inside = 600 <= row < 700
        current, pressure = rng.normal(0, 1, 2) + 8 * inside
        moment = f"2020-03-09 10:{row // 60:02}:{row % 60:02}"
        rows.append(f"{moment};{current:.4f};{pressure:.4f};{float(inside)};{float(row in (600, 700))}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_table_a_page_and_json_say_the_same(tmp_path: Path) -> None:
    file, page = a_loop(tmp_path / "run.csv"), tmp_path / "page.html"
    shown = CliRunner().invoke(app, ["score", str(file), "--plot", str(page)])
    assert shown.exit_code == 0
    assert "1 series, 900 rows, 1 labelled windows" in shown.stdout
    assert "F1 of rows" in shown.stdout
    assert "<svg" in page.read_text(encoding="utf-8")
    printed = CliRunner().invoke(app, ["score", str(tmp_path), "--json"])
    figures = json.loads(printed.stdout)
    ours, *others = figures["detectors"]
    assert ours["detector"] == "citywatch"
    assert ours["events"]["recall"] == 1
    assert ours["points"]["f1"] > 0.8
    assert [one["detector"] for one in others] == ["range novelty", "random", "always"]


def test_a_file_without_labels_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("a,b\n1,2\n")
    refused = CliRunner().invoke(app, ["score", str(tmp_path / "plain.csv")])
    assert isinstance(refused.exception, Misconfigured)
    assert "plain.csv" in str(refused.exception)
