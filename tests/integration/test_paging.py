"""Every list that can be long comes in pages, and its pages are the list: nothing twice, nothing left out."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from citywatch.storage.connection import connect
from tests.support.api import api_client
from tests.support.filled_city import fill_city

CURSORS = {"after", "before", "begin"}
# `until` of the ledger leads on, minute by minute; verdicts and gaps of a day are asked for at once, reports are few
WITHOUT_CURSOR = {
    "/api/v1/ledger",
    "/api/v1/coverage/assets",
    "/api/v1/coverage/days/{day}/gaps",
    "/api/v1/reports",
}

_LETTERS = """
INSERT INTO dead_letter (received_at, topic, reason, detail, readings, payload, payload_size, payload_sha256)
SELECT now(), 'citywatch/v1/a/b/c/d/senml', 'empty', '', 1, '', 0, '' FROM generate_series(1, 41)
"""


@pytest.fixture
async def client(plain_database: str) -> AsyncIterator[httpx.AsyncClient]:
    fill_city(plain_database)
    with connect(plain_database, process="test") as connection:
        connection.execute(_LETTERS)
    async with api_client(plain_database) as opened:
        yield opened


async def get(client: httpx.AsyncClient, path: str, **query: object) -> Any:
    answer = await client.get(path, params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_pages_are_the_list(client: httpx.AsyncClient) -> None:
    lists: list[tuple[str, dict[str, object], str, int]] = [
        ("/assets", {}, "after", 97),
        ("/assets", {"system": "bridge", "text": "bridge"}, "after", 7),
        ("/sensors", {}, "after", 97),
        ("/sensors", {"system": "gas", "liveness": "online"}, "after", 11),
        ("/datastreams", {"property_id": "strain"}, "after", 7),
        ("/datastreams/1/observations", {}, "begin", 7),
        ("/alarms", {"state": "all"}, "before", 53),
        ("/alarms", {"state": "closed", "system": "gas", "min_severity": 2}, "before", 7),
        ("/dead-letters", {}, "before", 6),
    ]
    for path, query, cursor, size in lists:
        whole = await walked(client, path, query, cursor, size=500)
        assert len(whole) > size, f"{path}: too few for two pages"
        assert await walked(client, path, query, cursor, size=size) == whole, path


async def walked(
    client: httpx.AsyncClient, path: str, query: dict[str, object], cursor: str, *, size: int
) -> list[dict[str, Any]]:
    """Return what all pages hold."""
    items: list[dict[str, Any]] = []
    position: object = None
    while True:
        page = await get(client, path, **query, limit=size, **({} if position is None else {cursor: position}))
        items += map(_without_now, page["items"])
        position = page["next"]
        assert len(page["items"]) == size or position is None, path
        if position is None:
            return items


def _without_now(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "liveness_since"}


async def test_whatever_takes_a_limit_says_where_its_next_page_begins(client: httpx.AsyncClient) -> None:
    document = await get(client, "/openapi.json")
    paged = set()
    for path, methods in document["paths"].items():
        parameters = {one["name"] for one in methods.get("get", {}).get("parameters", ())}
        if "limit" not in parameters or path in WITHOUT_CURSOR:
            continue
        (answer,) = methods["get"]["responses"]["200"]["content"].values()
        page = document["components"]["schemas"][answer["schema"]["$ref"].rsplit("/", 1)[-1]]
        assert {"items", "next"} <= page["properties"].keys(), path
        assert parameters & CURSORS, path
        paged.add(path)
    assert len(paged) > 8


async def test_every_parameter_but_a_cursor_has_an_example(client: httpx.AsyncClient) -> None:
    document = await get(client, "/openapi.json")
    bare = {
        f"{path} {one['name']}"
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for one in operation.get("parameters", ())
        if one["name"] not in {"after", "before"} and not one["schema"].get("examples")
    }
    assert bare == set()


async def test_who_has_the_newest_answer_is_told_so(client: httpx.AsyncClient) -> None:
    for path in ("/assets?limit=3", "/assets/yangtze-1", "/rules", "/districts.geojson", "/systems"):
        first = await client.get(path)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "no-cache"
        for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
            again = await client.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), path
        other = await client.get(path, headers={"If-None-Match": '"other"'})
        assert (other.status_code, other.json()) == (200, first.json())
    assert (await client.get("/assets/nobody")).headers.get("etag") is None


async def test_a_tag_changes_with_what_it_stands_for(client: httpx.AsyncClient, plain_database: str) -> None:
    tag = (await client.get("/assets/yangtze-1")).headers["etag"]
    with connect(plain_database, process="test") as connection:
        connection.execute("UPDATE asset SET name_en = 'Renamed' WHERE asset_id = 'yangtze-1'")
    again = await client.get("/assets/yangtze-1", headers={"If-None-Match": tag})
    assert (again.status_code, again.json()["name_en"]) == (200, "Renamed")
    assert again.headers["etag"] != tag
