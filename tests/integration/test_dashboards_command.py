"""``citywatch dashboards`` against a server that answers as Grafana does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from citywatch.errors import Misconfigured, Unavailable
from cli.embedded.ports import free_port
from cli.main import app
from dashboards.remote import canonical, generated
from tests.support.grafana_server import GrafanaServer, grafana_server

OURS = generated()


@pytest.fixture
def grafana() -> Iterator[GrafanaServer]:
    with grafana_server() as server:
        yield server


def run(grafana: GrafanaServer, *arguments: str, token: str = "glsa_editor") -> Result:
    found = CliRunner().invoke(
        app, ["dashboards", *arguments], env={"GRAFANA_URL": grafana.url, "GRAFANA_TOKEN": token}
    )
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def test_what_was_pushed_is_what_the_release_has(grafana: GrafanaServer) -> None:
    assert run(grafana, "diff").exit_code == 1
    pushed = run(grafana, "push")
    assert pushed.output.count("was missing") == len(OURS)
    assert grafana.folder_of == {model["uid"]: f"citywatch-{file.split('/')[0]}" for file, model in OURS.items()}
    assert grafana.folders.keys() == {"citywatch-en", "citywatch-zh"}
    for model in OURS.values():
        assert canonical(grafana.dashboards[model["uid"]]) == canonical(model)
    same = run(grafana, "diff")
    assert (same.exit_code, same.output) == (0, "all dashboards are those of this release\n")
    assert "all dashboards" in run(grafana, "push").output
    assert {len(texts) for texts in grafana.messages.values()} == {1}, "nothing was written twice"


def test_what_somebody_changed_is_shown_exported_and_overwritten(grafana: GrafanaServer, tmp_path: Path) -> None:
    run(grafana, "push")
    grafana.dashboards["gas"] = {**grafana.dashboards["gas"], "title": "My gas"}
    shown = run(grafana, "diff")
    assert shown.exit_code == 1
    assert '-  "title": "My gas"' in shown.output
    assert '+  "title": "Gas network"' in shown.output
    found: dict[str, Any] = json.loads(run(grafana, "diff", "--json").output)
    assert {uid for uid, difference in found.items() if difference != "same"} == {"gas"}

    exported = run(grafana, "export", str(tmp_path / "new"), "--json")
    assert sorted(json.loads(exported.output)["exported"]) == sorted(grafana.dashboards)
    assert json.loads((tmp_path / "new" / "gas.json").read_text("utf-8"))["title"] == "My gas"

    assert json.loads(run(grafana, "push", "--dry-run", "--json").output) == {"pushed": ["gas"], "dry_run": True}
    assert grafana.dashboards["gas"]["title"] == "My gas"
    assert run(grafana, "push").output == "pushed gas: was differs\n"
    assert grafana.dashboards["gas"]["version"] == 2
    assert run(grafana, "diff").exit_code == 0


def test_dashboards_from_files_are_left_alone_with_the_reason(grafana: GrafanaServer) -> None:
    run(grafana, "push")
    grafana.provisioned.update(grafana.dashboards)
    assert "all dashboards" in run(grafana, "push").output
    grafana.dashboards["gas"] = {**grafana.dashboards["gas"], "title": "Old"}
    del grafana.dashboards["city"]
    with pytest.raises(Misconfigured, match="reads gas from files"):
        run(grafana, "push")
    assert "city" not in grafana.dashboards, "nothing is written when one cannot be"


def test_refusals_name_the_remedy(grafana: GrafanaServer) -> None:
    with pytest.raises(Misconfigured, match="set GRAFANA_TOKEN"):
        run(grafana, "diff", token="")
    with pytest.raises(Misconfigured, match="check GRAFANA_TOKEN") as wrong:
        run(grafana, "diff", token="glsa_wrong")
    assert "glsa_wrong" not in str(wrong.value)
    assert run(grafana, "diff", token="glsa_viewer").exit_code == 1
    with pytest.raises(Misconfigured, match="role Editor"):
        run(grafana, "push", token="glsa_viewer")
    grafana.failing = True
    with pytest.raises(Unavailable, match="database is locked"):
        run(grafana, "diff")
    grafana.url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match="is Grafana there"):
        run(grafana, "diff")
