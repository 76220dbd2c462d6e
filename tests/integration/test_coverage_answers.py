"""A judged year asked through commands and API: figures, gaps, why, outlook, what-if, targets, reports."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import docx
import httpx
import pytest
from typer.testing import CliRunner

from analytics.coverage_history import judge_due
from analytics.indicator_history import compute_due
from analytics.reports.issue import issue_due
from citywatch.errors import Misconfigured, NotFound
from citywatch.model.coverage import Gap
from citywatch.model.identifiers import DistrictId
from citywatch.model.reports import ReportKind
from citywatch.registry import load_targets
from citywatch.storage.connection import connect
from citywatch.storage.pipeline.targets import write_targets
from cli.main import app
from tests.support.api import api_client
from tests.support.coverage import RULE, ZONE, expected_days, expected_verdict, write_city, year_of_bridges
from tests.support.servers import DatabaseServer

FIRST = date(2025, 11, 21)
LAST = FIRST + timedelta(days=364)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SITES = year_of_bridges(FIRST)
EXPECTED = {site.asset_id: expected_verdict(site, RULE, LAST) for site in SITES}
GAPS = {asset: one[1] for asset, one in EXPECTED.items() if one is not None and one[1] is not Gap.NONE}
COUNTED = sum(one is not None for one in EXPECTED.values())


class FixedClock:
    """Always NOW."""

    def now(self) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def judged(postgresql: DatabaseServer) -> Iterator[str]:
    """A database with a judged year, the indicators of its last week and the reports that are due."""
    address = postgresql.fresh()
    with connect(address, process="test") as connection:
        write_city(connection, SITES)
        connection.execute("INSERT INTO city (city_id, name_en, name_zh) VALUES ('test', 'Test city', '测试市')")
        write_targets(connection, *load_targets())
        connection.execute(
            "INSERT INTO dead_letter (received_at, topic, reason, detail, readings, payload, payload_size,"
            " payload_sha256) VALUES ('2026-11-19T01:00Z', 'citywatch/v1/hanyang/bridge/b-095/strain-9/senml',"
            " 'unknown_datastream', '', 1, '', 0, '')"
        )
        assert list(judge_due(connection, time_zone=str(ZONE), at=NOW))
        for _, _ in zip(range(7), compute_due(connection, time_zone=str(ZONE), at=NOW), strict=False):
            pass
        assert [one.kind for one in issue_due(connection, time_zone=str(ZONE), at=NOW)] == list(ReportKind)
        assert list(issue_due(connection, time_zone=str(ZONE), at=NOW)) == []
    yield address
    postgresql.drop(address)


@pytest.fixture
async def client(judged: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(judged, FixedClock()) as opened:
        yield opened


async def test_days_of_the_city_a_district_and_a_street(client: httpx.AsyncClient) -> None:
    days = (await client.get("/coverage/days", params={"begin": str(FIRST), "end": str(LAST)})).json()
    twin = expected_days(SITES, RULE, [FIRST, LAST])
    assert len(days) == 365
    for day in (days[0], days[-1]):
        own = [one for one in twin if str(one.day) == day["day"]]
        assert day["required"] == sum(one.required for one in own)
        assert day["monitored"] == sum(one.monitored for one in own)
        assert day["share"] == pytest.approx(day["monitored"] / day["required"])
    assert days[0]["share"] == pytest.approx(0.47, abs=0.02)
    by_district = (await client.get(f"/coverage/days/{LAST}")).json()
    assert sum(one["monitored"] for one in by_district) == days[-1]["monitored"]
    streets = [
        (await client.get("/coverage/days", params={"begin": str(LAST), "street": f"street {number}"})).json()[0]
        for number in range(10)
    ]
    for stage in ("required", "installed", "reporting", "passing", "monitored"):
        assert sum(street[stage] for street in streets) == days[-1][stage], stage


async def test_every_gap_comes_with_its_reason_and_the_cheapest_fix(client: httpx.AsyncClient) -> None:
    gaps = (await client.get(f"/coverage/days/{LAST}/gaps")).json()
    assert {one["asset_id"]: one["reason"] for one in gaps["items"]} == GAPS
    assert gaps["total"] == len(GAPS) == sum(gaps["fixes"].values())
    assert gaps["items"][0] | {"asset_id": "b-095", "fix": "claim", "unclaimed": ["strain-9"]} == gaps["items"][0]


@pytest.mark.parametrize(
    ("asset", "counts", "says"),
    [
        ("b-000", True, "monitored: every required property"),
        ("b-003", True, "monitored"),
        ("b-020", True, "no sensor of strain that passes has a valid calibration of the last 365 days"),
        ("b-095", True, "no sensor measures strain since 2025-11-21"),
        ("b-007", False, "it was there until"),
    ],
)
async def test_why_an_asset_counts_as_it_does(client: httpx.AsyncClient, asset: str, counts: bool, says: str) -> None:
    why = (await client.get(f"/coverage/assets/{asset}")).json()
    assert why["counts"] is counts
    assert says in why["says"]
    days = [date.fromisoformat(one["first"]) for one in why["past"]]
    assert days == sorted(days, reverse=True)


async def test_an_asset_was_not_there_before_it_was_opened(client: httpx.AsyncClient) -> None:
    why = (await client.get("/coverage/assets/b-008", params={"day": str(FIRST)})).json()
    assert not why["counts"]
    assert "it is there from" in why["says"]
    assert (await client.get("/coverage/assets/b-008")).json()["counts"]


async def test_where_it_is_going_and_what_a_plan_would_change(client: httpx.AsyncClient) -> None:
    outlook = (await client.get("/coverage/outlook", params={"kind": "bridge"})).json()
    assert (outlook["target_id"], outlook["target"], outlook["on_linear"]) == ("bridge-coverage", 100, 100)
    trend = outlook["projection"]
    assert trend["slope_low"] < trend["slope"] < trend["slope_high"]
    assert str(LAST) < trend["earliest"] < trend["reached"]
    effect = (
        await client.get("/coverage/what-if", params={"by": "2027-06-30", "asset": ["b-000", "nope"], "cheapest": 3})
    ).json()
    assert (effect["already"], effect["unknown"]) == (["b-000"], ["nope"])
    assert len(effect["helped"]) == 3
    assert "b-095" in effect["helped"]
    assert effect["planned"] == effect["monitored"] + 3 == COUNTED - len(GAPS) + 3


async def test_targets_show_computed_and_entered_values(client: httpx.AsyncClient) -> None:
    states = {one["target"]["target_id"]: one for one in (await client.get("/targets")).json()}
    assert len(states) == 42
    assert states["bridge-coverage"]["value"] == pytest.approx(100 * (1 - len(GAPS) / COUNTED))
    assert states["bridge-coverage"]["standing"] == "overdue"
    assert states["lamps-lit"]["standing"] == "no-data"
    entry = {"day": "2026-09-30", "value": 81.9, "author": "li.wei", "note": "survey of the third quarter"}
    assert (await client.post("/targets/complaints-satisfied/entries", json=entry)).status_code == 201
    assert (await client.post("/targets/complaints-satisfied/entries", json=entry | {"value": 82.5})).status_code == 201
    entries = (await client.get("/targets/complaints-satisfied/entries")).json()
    assert [one["value"] for one in entries] == [81.9, 82.5]
    (state,) = (one for one in (await client.get("/targets")).json() if one["entered_by"])
    assert (state["value"], state["entered_by"], state["standing"]) == (82.5, "li.wei", "met")
    refused = await client.post("/targets/bridge-coverage/entries", json=entry)
    assert (refused.status_code, "nothing is entered by hand" in refused.text) == (409, True)
    early = await client.post("/targets/complaints-satisfied/entries", json=entry | {"day": "2027-01-01"})
    assert (early.status_code, "yet to come" in early.text) == (409, True)


async def test_indicators_carry_their_definition_and_history(client: httpx.AsyncClient) -> None:
    found = {one["indicator_id"]: one for one in (await client.get("/indicators")).json()}
    bridges = found["bridge-coverage"]
    assert bridges["definition"]["zh"]
    assert {one["district_id"] for one in bridges["figures"]} == {"", "hanyang", "huangpi", "jiangan"}
    history = (await client.get("/indicators/bridge-coverage", params={"begin": "2026-11-01", "end": str(LAST)})).json()
    assert [one["last"] for one in history] == [str(LAST - timedelta(days=age)) for age in range(6, -1, -1)]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/coverage/assets/atlantis", 404, "atlantis"),
        ("/coverage/days/2020-01-01", 404, "judged are 2025-11-21 to 2026-11-20"),
        ("/coverage/outlook?district=atlantis", 404, "nothing is required there"),
        ("/targets/atlantis/entries", 404, "atlantis"),
        ("/indicators/atlantis?begin=2026-11-01&end=2026-11-02", 404, "atlantis"),
        ("/reports/99", 404, "report 99"),
        ("/coverage/days/yesterday", 422, "day"),
    ],
)
async def test_what_is_not_there_is_said(client: httpx.AsyncClient, path: str, status: int, says: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]


async def test_reports_say_the_same_in_every_format_and_language(client: httpx.AsyncClient) -> None:
    issued = (await client.get("/reports", params={"kind": "monthly"})).json()
    (report,) = issued
    assert (report["first_day"], report["last_day"], report["due_day"]) == ("2026-10-01", "2026-10-31", "2026-11-01")

    async def file(language: str, form: str) -> bytes:
        answer = await client.get(f"/reports/{report['report_id']}", params={"language": language, "format": form})
        assert answer.status_code == 200, answer.text
        return answer.content

    content = json.loads(await file("en", "json"))
    twin = expected_days(SITES, RULE, [date(2026, 10, 31)])
    (line,) = content["coverage"]
    assert line["figure"]["monitored"] == sum(one.monitored for one in twin)
    shares = {one.district_id: one.monitored / one.required for one in twin}
    central = content["rankings"]["central"]
    assert [one["district_id"] for one in central] == sorted(
        ("hanyang", "jiangan"), key=lambda district: -shares[DistrictId(district)]
    )
    assert [one["mark"] for one in central] == ["first", "last"]
    assert [one["district_id"] for one in content["rankings"]["outer"]] == ["huangpi"]

    share = f"{100 * line['figure']['monitored'] / line['figure']['required']:.1f} %"
    for language, title in (("en", "Monthly ranking"), ("zh", "每月排名")):
        html = (await file(language, "html")).decode()
        rows = list(csv.reader(io.StringIO((await file(language, "csv")).decode("utf-8-sig"))))
        document = docx.Document(io.BytesIO(await file(language, "docx")))
        texts = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        assert title in html
        assert title in rows[0][0]
        assert title in document.paragraphs[0].text
        assert share in html
        assert any(share in row for row in rows)
        assert share in texts
        assert f'<html lang="{language}">' in html
        assert 'class="first"' in html
        for definition in (one["indicator"]["definition"][language] for one in content["indicators"]):
            assert definition in texts


def test_commands_answer_the_same(judged: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, env={"CITYWATCH_DATABASE_URL": judged}, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    shown = json.loads(run("coverage", "--at", str(LAST), "--kind", "bridge", "--gaps", "1000", "--json"))
    assert {one["asset_id"]: one["reason"] for one in shown["gaps"]} == GAPS
    assert shown["total"]["required"] == COUNTED
    text = run("coverage", "--at", str(LAST), "--kind", "bridge")
    assert f"{len(GAPS)} not monitored" in text
    assert "target 100 % by 2025-12-31" in text
    assert "cheapest fix: claim" in run("coverage", "--at", str(LAST), "--why", "b-095")
    assert "already monitored: b-000" in run("coverage", "what-if", "--by", "2027-06-30", "b-000")
    assert len(json.loads(run("targets", "--json"))) == 42
    assert "bridge-coverage" in run("targets")
    entry = ("--value", "77", "--on", "2026-06-30", "--note", "letter", "--author", "zhang")
    assert "entered by zhang" in run("targets", "enter", "road-chiefs", *entry)
    assert "report" in run("report", "weekly", "--at", "2026-11-10", "--into", str(tmp_path), "--language", "zh")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"weekly-2026-11-09-zh.{form}" for form in ("csv", "docx", "html", "json")
    ]


def test_a_broken_question_is_told_so(judged: str) -> None:
    for arguments, error, says in (
        (("coverage", "--at", "2001-01-01"), NotFound, "has not been judged"),
        (("coverage", "compute", "--again"), Misconfigured, "--again needs --from"),
        (("report", "weekly", "--at", "2001-01-01"), NotFound, "has not been judged"),
    ):
        done = CliRunner().invoke(app, arguments, env={"CITYWATCH_DATABASE_URL": judged})
        assert isinstance(done.exception, error), arguments
        assert says in str(done.exception)
    done = CliRunner().invoke(app, ["coverage", "--at", "tomorrow"], env={"COLUMNS": "200"})
    assert (done.exit_code, "write one such as 2026-06-30" in " ".join(done.output.split())) == (2, True)
