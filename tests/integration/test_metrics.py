"""Metrics of all processes at one scrape point, in the words of their page."""

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from psycopg.types.json import Jsonb

from analytics.follow import Counters as AnalyticsCounters
from analytics.rollups import Counters as UpkeepCounters
from api.metrics import REPORTED
from citywatch.storage.connection import connect
from ingest.pipeline import Counters as IngestCounters
from tests.support.api import api_client

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
METRICS = "http://test/metrics"


class FixedClock:
    """Always NOW."""

    def now(self) -> datetime:
        return NOW


@pytest.fixture
async def client(plain_database: str) -> AsyncIterator[httpx.AsyncClient]:
    with connect(plain_database, process="test") as connection:
        for process, reported in REPORTED.items():
            beat = {field: number for number, field in enumerate(reported, start=2)}
            connection.execute(
                "INSERT INTO process_health VALUES (%s, %s, %s, %s, 'ok', %s)",
                (process, f"{process}-1", NOW - timedelta(hours=1), NOW - timedelta(seconds=3), Jsonb(beat)),
            )
        connection.execute(
            "INSERT INTO process_health VALUES ('ingest', 'ingest-2', %s, %s, 'degraded', %s)",
            (NOW, NOW, Jsonb({"messages": 40, "outage": "disk full", "pending": None, "invented": 3})),
        )
        connection.execute("INSERT INTO batch VALUES (12, %s, 'ingest-1', 1, 1, NULL)", (NOW - timedelta(seconds=7),))
        connection.execute(
            "INSERT INTO alarm (asset_id, rule_id, datastream_id, state, severity, peak_severity, measured_at,"
            " received_at, detected_at, message_en, message_zh, evidence)"
            " VALUES ('well-001', 'methane-in-well', 1, 'unacknowledged', 3, 3, now(), now(), now(), '', '', '{}')"
        )
    async with api_client(plain_database, FixedClock()) as opened:
        yield opened


async def scraped(client: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await client.get(METRICS)
    assert answer.status_code == 200
    samples: list[Sample] = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
    found = {(one.name, frozenset(one.labels.items())): one.value for one in samples}
    assert len(found) == len(samples), "a series stands there twice"
    return found


def series(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_beats_of_all_processes_are_exported(client: httpx.AsyncClient) -> None:
    found = await scraped(client)
    assert found[series("citywatch_ingest_messages_total", instance="ingest-1")] == 2
    assert found[series("citywatch_ingest_messages_total", instance="ingest-2")] == 40
    assert found[series("citywatch_ingest_readings_total", instance="ingest-1", outcome="duplicate")] == 5
    assert series("citywatch_ingest_messages_pending", instance="ingest-2") not in found
    assert found[series("citywatch_analytics_position", instance="analytics-1")] == 6
    assert found[series("citywatch_webhooks_attempts_total", instance="webhooks-1")] == 2
    assert found[series("citywatch_process_state", process="ingest", instance="ingest-2", state="degraded")] == 1
    assert found[series("citywatch_process_state", process="ingest", instance="ingest-2", state="ok")] == 0
    assert found[series("citywatch_process_beat_age_seconds", process="upkeep", instance="upkeep-1")] == 3
    assert found[series("citywatch_newest_batch_number")] == 12
    assert found[series("citywatch_newest_batch_age_seconds")] == 7
    assert found[series("citywatch_open_alarms", system="gas", severity="3")] == 1
    assert found[series("citywatch_open_alarms", system="bridge", severity="4")] == 0
    assert sum(value for (name, _), value in found.items() if name == "citywatch_sensors") > 100


async def test_answers_are_counted_by_route_and_never_by_identifier(client: httpx.AsyncClient) -> None:
    for asset in ("yangtze-1", "yangtze-2", "nobody"):
        await client.get(f"/assets/{asset}")
    await client.get("http://test/sta/v1.1/Things('yangtze-1')")
    found = await scraped(client)
    answers = {labels: value for (name, labels), value in found.items() if name == "citywatch_api_answers_total"}
    routes = {dict(labels)["route"] for labels in answers}
    assert sum(answers.values()) == 4
    assert routes == {"/assets/{asset_id}", "/sta/v1.1/{path:path}"}
    by_status = {dict(labels)["status"]: value for labels, value in answers.items() if "asset" in dict(labels)["route"]}
    assert by_status == {"200": 2, "404": 1}
    waits = [value for (name, _), value in found.items() if name == "citywatch_api_wait_seconds_count"]
    assert sum(waits) == 4


async def test_a_scraper_may_prefer_openmetrics(client: httpx.AsyncClient) -> None:
    answer = await client.get(METRICS, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "citywatch_database_up" in {family.name for family in parse_openmetrics(answer.text)}  # type: ignore[no-untyped-call]


async def test_without_the_database_the_process_still_speaks_for_itself() -> None:
    async with api_client("host=/nonexistent dbname=none") as client:
        found = await scraped(client)
    assert found[series("citywatch_database_up")] == 0
    assert not any(name.startswith("citywatch_ingest") for name, _ in found)


async def test_the_page_lists_what_is_exported(client: httpx.AsyncClient) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
    if not page.is_file():
        pytest.skip("the documents are not part of the wheel")
    listed = dict(re.findall(r"^\| `(citywatch_\w+)` \|([^|]*)\|", page.read_text(encoding="utf-8"), re.MULTILINE))
    await client.get("/city")
    exported: dict[str, set[str]] = {}
    for name, labels in await scraped(client):
        if name.startswith("citywatch_") and not name.endswith("_created"):
            plain = re.sub(r"_seconds_(bucket|count|sum)$", "_seconds", name)
            exported.setdefault(plain, set()).update(dict(labels).keys() - {"le"})
    assert {name: set(re.findall(r"\w+", labels)) for name, labels in listed.items()} == exported


def test_every_counter_of_a_process_is_exported() -> None:
    kept = {"ingest": IngestCounters, "analytics": AnalyticsCounters, "upkeep": UpkeepCounters}
    for process, counters in kept.items():
        assert {field.name for field in fields(counters)} <= REPORTED[process].keys()
