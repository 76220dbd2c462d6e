"""Documents say what is: links and paths resolve; settings, commands, reasons, rules and routes are all there."""

import re
from pathlib import Path

import pytest
import typer.main
import yaml

from analytics.settings import AnalyticsSettings
from api.context import Context
from api.live import Live
from api.main import create_app
from api.settings import ApiSettings
from citywatch.clock import SystemClock
from citywatch.errors import Reason
from citywatch.settings import PREFIX
from citywatch.storage.serving.database import Database
from cli.main import app
from ingest.settings import IngestSettings

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not part of the wheel")

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = [
    path
    for folder in ("citywatch", "ingest", "analytics", "api", "simulators", "seeds", "dashboards", "cli", "docker")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".sql", ".yaml", ".yml", ".conf", ".js"} and "vendor" not in path.parts
] + [ROOT / name for name in ("pyproject.toml", "docker-compose.yml", "Makefile", "CONTRIBUTING.md")]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_documents_that_the_code_mentions_exist() -> None:
    mentioned = {
        (path, found)
        for path in SOURCES
        for found in re.findall(r"(?<![\w/])docs/[\w./-]+[\w]", path.read_text(encoding="utf-8"))
    }
    lost = [(str(path), found) for path, found in mentioned if not list(ROOT.glob(f"{found}*"))]
    assert mentioned
    assert lost == []


@pytest.mark.parametrize("settings", [IngestSettings, AnalyticsSettings, ApiSettings])
def test_every_setting_is_described_with_its_default(settings: type[IngestSettings]) -> None:
    rows = dict(re.findall(r"^\| `(CITYWATCH_\w+)` \| (?:`([^`]*)`)?", page("reference/settings.md"), re.MULTILINE))
    for name, field in settings.model_fields.items():
        default = field.default
        if hasattr(default, "get_secret_value"):
            default = default.get_secret_value()
        expected = {(): "[]"}.get(default, f"{default:g}" if isinstance(default, float) else str(default))
        assert rows[f"{PREFIX}{name.upper()}"] == expected, name


def test_no_setting_is_described_that_does_not_exist() -> None:
    described = set(re.findall(r"CITYWATCH_[A-Z_]+[A-Z]", "".join(path.read_text("utf-8") for path in PAGES)))
    known = {
        f"{PREFIX}{name.upper()}"
        for one in (IngestSettings, AnalyticsSettings, ApiSettings)
        for name in one.model_fields
    }
    assert described <= known


def test_the_page_of_commands_is_complete() -> None:
    commands = set(typer.main.get_group(app).commands)
    assert set(re.findall(r"^\| `citywatch ([\w-]+)", page("reference/commands.md"), re.MULTILINE)) == commands


def test_every_method_says_what_it_is_for() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "methods").glob("*.md"))
    described = re.findall(r"^## `(\w+)`$", pages, re.MULTILINE)
    methods = {path.stem for path in (ROOT / "analytics" / "methods").glob("*.py")} - {"__init__"}
    assert sorted(described) == sorted(methods)


def test_every_reason_of_rejection_is_explained() -> None:
    described = set(
        re.findall(r"^\| `(\w+)` \|", page("reference/wire.md").split("## What is rejected")[1], re.MULTILINE)
    )
    assert described == {reason.value for reason in Reason}


def test_every_route_is_listed() -> None:
    listed = set(re.findall(r"(/[\w/{}.-]+)`?", page("reference/api.md").split("| path | |")[1].split("\n\n")[0]))
    database = Database("", process="test", connections=1)
    context = Context(database=database, clock=SystemClock(), live=Live(database))
    routes = {path.removeprefix("/api/v1") for path in create_app(context).openapi()["paths"]}
    assert {path for path in routes if path} == listed


def test_every_tier_of_every_rule_is_listed_with_its_source_and_mark() -> None:
    rules = yaml.safe_load((ROOT / "seeds" / "vocabulary" / "rules.yaml").read_text(encoding="utf-8"))
    table = page("explanation/thresholds.md").split("## Rules")[1].split("##")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")][
        1:
    ]
    listed = [(row[1].split()[0], re.findall(r"[\d.]+", row[2])[0], row[4], row[5]) for row in rows]
    expected = [
        (str(tier["severity"]), f"{tier['limit']:g}", tier["source"], tier["mark"])
        for rule in rules
        for tier in rule["tiers"]
    ]
    assert listed == expected
    assert [row[0].strip("`") for row in rows if row[0]] == [rule["rule_id"] for rule in rules]


def test_the_glossary_is_in_alphabetical_order_and_defines_a_word_once() -> None:
    words = re.findall(r"^\| ([a-z][\w ,-]*) \|", page("glossary.md"), re.MULTILINE)[1:]
    assert len(words) > 50
    assert words == sorted(set(words), key=str.lower)
