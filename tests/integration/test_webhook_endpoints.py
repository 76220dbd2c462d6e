"""The API of webhook endpoints: what it refuses and why, rotation, redelivery, on both engines."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.api import api_client

URL = "https://pager.example.org/citywatch"


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(database) as opened:
        yield opened


async def add(client: httpx.AsyncClient, **settings: object) -> Any:
    answer = await client.post("/webhooks", json={"url": URL, **settings})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_endpoint_is_registered_changed_and_removed(client: httpx.AsyncClient) -> None:
    created = await add(client, min_severity=3, systems=["gas"], events=["raised", "returned"])
    assert created["secret"].startswith("whsec_")
    assert created["public_key"] is None
    shown = (await client.get("/webhooks/1")).json()
    assert (shown["url"], shown["systems"], shown["events"]) == (URL, ["gas"], ["raised", "returned"])
    assert created["secret"] not in (await client.get("/webhooks")).text
    changed = await client.put("/webhooks/1", json={"url": URL, "shape": "pagerduty", "routing_key": "R" * 32})
    assert changed.json()["shape"] == "pagerduty"
    assert changed.json()["systems"] is None
    assert "R" * 32 not in (await client.get("/webhooks")).text
    assert (await client.delete("/webhooks/1")).status_code == 204
    assert (await client.get("/webhooks")).json() == []


@pytest.mark.parametrize(
    ("settings", "field", "says"),
    [
        ({"url": "ftp://files.example.org"}, "url", "scheme"),
        ({"url": "http://pager.example.org"}, "url", "write https://"),
        ({"url": "https://user:secret@pager.example.org"}, "url", "leave user and password out"),
        ({"url": "https://pager.example.org/#x"}, "url", "leave out the fragment"),
        ({"url": "https://10.1.2.3/hook"}, "url", "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS"),
        ({"url": "https://[::1]/hook"}, "url", "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS"),
        ({"url": "https://[::ffff:169.254.169.254]/latest"}, "url", "not a public address"),
        ({"url": "https://0x7f000001/"}, "url", "not a public address"),
        ({"systems": ["gaz"]}, "systems", "GET /systems lists them"),
        ({"systems": []}, "systems", "at least 1"),
        ({"districts": ["gotham"]}, "districts", "GET /districts lists them"),
        ({"events": ["exploded"]}, "events.0", "'raised'"),
        ({"min_severity": 5}, "min_severity", "less than or equal to 4"),
        ({"shape": "xml"}, "shape", "'cloudevents'"),
        ({"shape": "pagerduty"}, "body", "give routing_key"),
        ({"routing_key": "R1"}, "body", "leave it out or choose shape pagerduty"),
        ({"shape": "pagerduty", "routing_key": "no spaces"}, "routing_key", "pattern"),
        ({"distrits": ["hanyang"]}, "distrits", "not permitted"),
        ({"signing": "rsa"}, "signing", "'hmac' or 'ed25519'"),
    ],
    ids=str,
)
async def test_bad_settings_are_refused_by_field_and_fix(
    client: httpx.AsyncClient, settings: dict[str, object], field: str, says: str
) -> None:
    answer = await client.post("/webhooks", json={"url": URL, **settings})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert says in fault["message"]
    assert (await client.get("/webhooks")).json() == []


async def test_allowed_networks_may_be_reached_without_tls(plain_database: str) -> None:
    async with api_client(plain_database, webhook_networks=("10.0.0.0/8", "fd00::/8")) as client:
        for url in ("http://10.1.2.3/hook", "http://[fd00::1]/hook", "http://alertmanager.internal:9093/hook"):
            assert (await client.post("/webhooks", json={"url": url})).status_code == 201, url
        for url in ("http://192.168.1.1/hook", "http://8.8.8.8/hook"):
            assert (await client.post("/webhooks", json={"url": url})).status_code == 422, url


async def test_a_secret_is_rotated_with_an_overlap(client: httpx.AsyncClient) -> None:
    first = await add(client)
    rotated = (await client.post("/webhooks/1/rotate-secret", json={"overlap_hours": 2})).json()
    assert rotated["secret"] != first["secret"]
    assert rotated["previous_until"] == (await client.get("/webhooks/1")).json()["previous_until"]
    to_keys = (await client.post("/webhooks/1/rotate-secret", json={"signing": "ed25519", "overlap_hours": 0})).json()
    assert to_keys["secret"] is None
    assert to_keys["public_key"].startswith("whpk_")
    shown = (await client.get("/webhooks/1")).json()
    assert (shown["public_key"], shown["previous_until"]) == (to_keys["public_key"], None)
    assert (await client.post("/webhooks/1/rotate-secret", json={"overlap_hours": -1})).status_code == 422


async def test_redelivery_names_what_cannot_be_sent(client: httpx.AsyncClient) -> None:
    await add(client)
    sent = (await client.post("/webhooks/1/test")).json()["outbox_id"]
    for body, status, says in (
        ({}, 422, "name events by outbox_ids, or a span"),
        ({"outbox_ids": [1], "since": "2026-11-01T00:00:00Z"}, 422, "one of the two"),
        ({"since": "2026-11-01T00:00:00"}, 422, "timezone"),
        ({"outbox_ids": [sent + 1]}, 404, f"no delivery of event {sent + 1}"),
        ({"outbox_ids": [sent]}, 409, "on its way"),
    ):
        answer = await client.post("/webhooks/1/redeliver", json=body)
        assert answer.status_code == status, answer.text
        assert says in answer.json()["detail"]
    page = (await client.get("/webhooks/1/deliveries", params={"state": "queued"})).json()
    assert [(row["outbox_id"], row["alarm_id"], row["type"]) for row in page["items"]] == [
        (sent, None, "citywatch.test")
    ]
    assert page["next"] is None


async def test_a_disabled_endpoint_sends_neither_tests_nor_old_events(client: httpx.AsyncClient) -> None:
    await add(client, enabled=True)
    await client.put("/webhooks/1", json={"url": URL, "enabled": False})
    for path, body in (("test", None), ("redeliver", {"since": "2026-11-01T00:00:00Z"})):
        answer = await client.post(f"/webhooks/1/{path}", json=body)
        assert answer.status_code == 409
        assert "enable it first" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"url": URL}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", {}),
        ("POST", "/test", None),
        ("POST", "/redeliver", {"outbox_ids": [1]}),
        ("GET", "/attempts", None),
        ("GET", "/deliveries", None),
    ],
)
async def test_an_endpoint_that_is_not_there_is_not_found(
    client: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    answer = await client.request(method, f"/webhooks/7{path}", json=body)
    assert answer.status_code == 404
    assert "7" in answer.json()["detail"]
