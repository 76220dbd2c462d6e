"""The API over a real database on both engines."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from analytics.jobs import compute_coverage
from citywatch.clock import to_micros
from citywatch.errors import Conflict
from citywatch.model.alarms import AlarmState, Anomaly, OpenAlarm, on_severity
from citywatch.model.identifiers import AssetId, DatastreamId, RuleId
from citywatch.model.names import Name
from citywatch.model.observations import Account, Batch, Observations
from citywatch.model.rules import Severity
from citywatch.registry import load_city
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.alarms import AlarmChange, write_change
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.registry import read_covered_assets, read_datastreams, write_registry
from tests.support.api import api_client

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FixedClock:
    """Always NOW."""

    def now(self) -> datetime:
        return NOW


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(database, FixedClock()) as opened:
        yield opened


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


def store(connection: Connection, datastream_id: int, values: list[float], *, step: float = 10.0) -> None:
    """Store values that end at NOW, ``step`` seconds apart."""
    count = len(values)
    micros = to_micros(NOW) - (np.arange(count)[::-1] * step * 1e6).astype(np.int64)
    rows = Observations(
        np.full(count, datastream_id, dtype=np.int32),
        micros,
        micros.copy(),
        np.array(values),
        np.ones(count, dtype=np.int16),
    )
    account = Account(NOW, "hanyang/bridge", 1, count, 0)
    BatchWriter(connection, ingester="test").write(Batch(rows, np.zeros(count, dtype=np.int32), [account], [], []))


def change(connection: Connection, alarm: OpenAlarm | None, severity: Severity | None) -> OpenAlarm | None:
    """Let the methane of a valve well get better or worse."""
    anomaly = Anomaly(
        rule_id=RuleId("methane-in-well"),
        asset_id=AssetId("well-001"),
        datastream_id=DatastreamId(1),
        severity=severity,
        measured_at=NOW,
        received_at=NOW,
        evidence={"value": 23.0, "unit": "%{LEL}", "limit": 20.0},
    )
    transition = on_severity(alarm, severity)
    assert transition is not None
    text = Name("Methane 23 %LEL", "甲烷 23 %LEL")
    with connection.transaction():
        return write_change(connection, AlarmChange(alarm, transition, anomaly, text), NOW)


async def get(client: httpx.AsyncClient, path: str, **query: object) -> Any:
    answer = await client.get(path, params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_registry_can_be_walked_in_pages(client: httpx.AsyncClient) -> None:
    city = await get(client, "/city")
    assert city["assets"] == 151
    assert city["time_zone"] == "Asia/Shanghai"
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await get(client, "/assets", after=after, limit=47)
        seen += [asset["asset_id"] for asset in page["items"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 151
    assert seen == sorted(seen)
    found = await get(client, "/assets", text="长江大桥", system="bridge")
    assert {asset["origin"] for asset in found["items"]} == {"public"}


async def test_kinds_say_what_is_designed_and_what_founds_their_coverage(client: httpx.AsyncClient) -> None:
    kinds = {kind["kind_id"]: kind for kind in await get(client, "/kinds")}
    assert {"bridge", "gas-pipe-segment", "manhole-cover", "utility-tunnel", "sewage-outlet", "smart-pole"} <= set(
        kinds
    )
    span = next(one for one in kinds["bridge"]["parameters"] if one["name"] == "span_m")
    assert span == {"name": "span_m", "unit": "m", "range": {"low": 2, "high": 3000}, "values": []}
    assert kinds["lamp"]["part_of"] == ["lighting-cabinet", "smart-pole"]
    assert kinds["lpg-depot"]["coverage"] is None
    assert all(kind["coverage"]["mark"] == "U" for kind in kinds.values() if kind["coverage"])


async def test_parts_and_their_whole(client: httpx.AsyncClient) -> None:
    lamps = (await get(client, "/assets", parent="cabinet-001"))["items"]
    assert [lamp["asset_id"] for lamp in lamps] == [f"lamp-001-0{number}" for number in range(1, 5)]
    cabinet = await get(client, "/assets/cabinet-001")
    assert (cabinet["parent_id"], cabinet["parameters"]["lamps"]) == (None, 4)
    assert {lamp["street"] for lamp in lamps} == {cabinet["street"]}
    assert "synthetic" in cabinet["street"]


async def test_an_asset_that_has_ended_keeps_its_history(client: httpx.AsyncClient, connection: Connection) -> None:
    registry = load_city("demo")
    renamed = [
        replace(asset, name=Name("New name", asset.name.zh)) if asset.asset_id == "well-001" else asset
        for asset in registry.assets
    ]
    write_registry(connection, replace(registry, assets=renamed))
    write_registry(
        connection,
        replace(
            registry,
            assets=[asset for asset in renamed if asset.asset_id != "well-001"],
            sensors=[sensor for sensor in registry.sensors if sensor.asset_id != "well-001"],
        ),
    )
    assert (await get(client, "/city"))["assets"] == 150
    assert (await get(client, "/assets", text="well-001"))["items"] == []
    (ended,) = (await get(client, "/assets", text="well-001", ended=True))["items"]
    assert (ended["name_en"], ended["valid_from"]) == ("New name", None)
    assert (await get(client, "/assets/well-001"))["valid_until"] == ended["valid_until"] is not None
    old, new = await get(client, "/assets/well-001/versions")
    assert (old["name_en"] != new["name_en"], old["valid_until"], new["valid_until"]) == (
        True, new["valid_from"], ended["valid_until"],
    )  # fmt: skip
    assert "well-001" not in {state["asset_id"] for state in await get(client, "/asset-states")}
    assert (await get(client, "/datastreams", asset_id="well-001"))["items"] == []


async def test_rules_say_what_founds_their_numbers(client: httpx.AsyncClient) -> None:
    rules = await get(client, "/rules", kind="gas-valve-well")
    assert [rule["rule_id"] for rule in rules] == ["methane-in-well"]
    assert [tier["limit"] for tier in rules[0]["tiers"]] == [5, 20, 50, 80]
    assert all(tier["source"] and tier["mark"] for tier in rules[0]["tiers"])
    units = {entry["property_id"]: entry["unit"] for entry in await get(client, "/properties")}
    assert units["methane"] == "%{LEL}"


async def test_districts_come_as_geojson(client: httpx.AsyncClient) -> None:
    collection = await get(client, "/districts.geojson")
    assert len(collection["features"]) == 17
    first = collection["features"][0]
    assert first["geometry"]["type"] == "Polygon"
    assert "not administrative" in first["properties"]["boundary_source"]


async def test_observations_come_in_time_order_with_unit_and_quality(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    store(connection, 1, [1.0, 2.0, 3.0, 4.0, 5.0])
    connection.execute(
        "INSERT INTO quality_finding SELECT datastream_id, phenomenon_time, 2, 3 FROM observation WHERE result = 3"
    )
    page = await get(client, "/datastreams/1/observations", limit=3)
    assert [item["result"] for item in page["items"]] == [1.0, 2.0, 3.0]
    assert page["items"][2]["tests"] == ["spike"]
    rest = await get(client, "/datastreams/1/observations", begin=page["next"])
    assert [item["result"] for item in rest["items"]] == [4.0, 5.0]
    (stream,) = (await get(client, "/datastreams", after=0, limit=1))["items"]
    assert (stream["result"], stream["unit"]) == (5.0, page["unit"])


async def test_an_alarm_is_acknowledged_once_and_keeps_its_history(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    alarm = change(connection, None, Severity.MINOR)
    assert alarm is not None
    page = await get(client, "/alarms")
    (shown,) = page["items"]
    assert (shown["severity"], shown["state"], shown["system_id"]) == (2, "unacknowledged", "gas")
    assert shown["advice_en"]
    path = f"/alarms/{alarm.alarm_id}/acknowledge"
    first = await client.post(path, json={"actor": "li.wei", "note": "crew 4 goes"})
    assert first.status_code == 200
    assert first.json()["state"] == "acknowledged"
    second = await client.post(path, json={"actor": "li.wei"})
    assert second.status_code == 409
    assert second.headers["content-type"] == "application/problem+json"
    acknowledged = replace(alarm, state=AlarmState.ACKNOWLEDGED)
    assert change(connection, acknowledged, None) is None
    history = await get(client, f"/alarms/{alarm.alarm_id}")
    assert [event["event"] for event in history["events"]] == ["raised", "acknowledged", "closed"]
    assert (await get(client, "/alarms"))["items"] == []
    assert len((await get(client, "/alarms", state="closed"))["items"]) == 1


async def test_acknowledging_a_returned_alarm_closes_it(client: httpx.AsyncClient, connection: Connection) -> None:
    alarm = change(connection, change(connection, None, Severity.MINOR), None)
    assert alarm is not None
    assert alarm.state is AlarmState.RETURNED
    answer = await client.post(f"/alarms/{alarm.alarm_id}/acknowledge", json={"actor": "li.wei"})
    assert answer.json()["state"] == "normal"
    assert [event["event"] for event in answer.json()["events"]][-2:] == ["acknowledged", "closed"]


async def test_one_open_alarm_per_asset_and_rule_in_the_database_itself(connection: Connection) -> None:
    change(connection, None, Severity.MINOR)
    with pytest.raises(Conflict, match="one_open_alarm"):
        change(connection, None, Severity.MAJOR)
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)


async def test_coverage_names_its_denominator_and_every_gap(client: httpx.AsyncClient, connection: Connection) -> None:
    streams = read_datastreams(connection)
    for stream in streams:
        if stream.asset_id == "yangtze-1" and stream.measure.property_id in {"strain", "tilt", "acceleration_rms"}:
            store(connection, stream.datastream_id, [1.0] * 360)
        if stream.asset_id == "yangtze-2" and stream.measure.property_id == "strain":
            store(connection, stream.datastream_id, [1.0] * 100)
    compute_coverage(connection, read_covered_assets(connection), streams, at=NOW)
    figures = {figure["kind_id"]: figure for figure in await get(client, "/coverage")}
    assert set(figures) == {"bridge", "gas-valve-well", "ponding-point", "lighting-cabinet", "lamp"}
    bridges = figures["bridge"]
    assert (bridges["required"], bridges["installed"], bridges["reporting"], bridges["monitored"]) == (40, 33, 1, 1)
    assert bridges["share"] == pytest.approx(1 / 40)
    assert sum(district["required"] for district in bridges["districts"]) == 40
    assert bridges["rule"]["mark"] == "U"
    reasons = {one["asset_id"]: one["reason"] for one in await get(client, "/coverage/assets", kind="bridge")}
    assert reasons["yangtze-1"] == "monitored"
    assert reasons["yangtze-2"] == "not-reporting"
    assert list(reasons.values()).count("not-installed") == 7


async def test_health_says_what_is_wrong(client: httpx.AsyncClient, connection: Connection) -> None:
    health = await get(client, "/health")
    assert health["state"] == "degraded"
    assert "nothing has been ingested yet" in health["reasons"]
    assert "analytics has never reported; is it running?" in health["reasons"]
    assert "upkeep has never reported; is it running?" in health["reasons"]
    connection.execute(
        "INSERT INTO process_health"
        " VALUES ('ingest', 'ingest-1', %(at)s, %(at)s, 'degraded', '{\"outage\": \"disk full\"}')",
        {"at": NOW - timedelta(seconds=3)},
    )
    health = await get(client, "/health")
    assert "ingest (ingest-1) is degraded: disk full" in health["reasons"]
    connection.execute(
        "INSERT INTO process_health VALUES ('upkeep', 'upkeep-1', %(at)s, %(at)s, 'stopped', '{}')", {"at": NOW}
    )
    assert "upkeep (upkeep-1) is stopped" in (await get(client, "/health"))["reasons"]
    assert (await client.get("/health/ready")).status_code == 204


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/assets/atlantis", 404, "atlantis"),
        ("/assets/atlantis/versions", 404, "atlantis"),
        ("/alarms/99", 404, "99"),
        ("/datastreams/999999", 404, "999999"),
        ("/assets?limit=0", 422, "limit"),
        ("/alarms?state=odd", 422, "state"),
        ("/alarms?min_severty=3", 422, "min_severty: unknown parameter; did you mean min_severity?"),
        (
            "/datastreams/1/rollups?zoom=3&limit=5",
            422,
            "zoom: unknown parameter; known are resolution, begin",
        ),
        ("/systems?limit=3", 422, "limit: unknown parameter; this route has none"),
        ("/health/live?x=1&y=2", 422, "y: unknown parameter"),
        ("/datastreams/1/observations?begin=yesterday", 422, "begin"),
        ("/datastreams/1/observations?begin=2026-01-02T00:00:00", 422, "begin"),
        ("/datastreams/1/observations?begin=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", 422, "not before"),
        ("/nowhere", 404, "Not Found"),
    ],
)
async def test_errors_are_problem_details(client: httpx.AsyncClient, path: str, status: int, says: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


async def test_a_database_that_is_away_is_a_problem_with_a_time_to_come_back() -> None:
    async with api_client("host=/nonexistent dbname=none") as client:
        answer = await client.get("/assets")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert (await client.get("/health/live")).status_code == 204


async def test_pages_may_run_our_scripts_alone(client: httpx.AsyncClient) -> None:
    answer = await client.get("http://test/")
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]


async def test_openapi_describes_every_route(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 20
    assert all(operation.get("description") for _, _, operation in operations)
    assert document["openapi"].startswith("3.1")
