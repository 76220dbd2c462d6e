"""Whatever a request looks like, the API never fails: requests are drawn from its own description."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.support.api import api_server
from tests.support.filled_city import fill_city
from tests.support.servers import DatabaseServer

EXAMPLES = 5
"""Of each operation, valid ones and as many that are not; always the same, so that a failure is never by chance."""
# endless, or not to be had without a broker
_ELSEWHERE = ("/api/v1/stream", "/api/v1/dead-letters/redrive")


@pytest.fixture(scope="module")
def description(postgresql: DatabaseServer) -> Iterator[Any]:
    """The OpenAPI description of an API that runs over a city with a month of data."""
    database = postgresql.fresh("demo")
    fill_city(database)
    with api_server(database) as address:
        yield schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json").exclude(path=list(_ELSEWHERE))
    postgresql.drop(database)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as opened:
        yield opened


def sent(client: httpx.Client, case: Any) -> httpx.Response:
    """Return the answer to a request, sent byte for byte as it was drawn."""
    request: Any = requests.Request(**case.as_transport_kwargs()).prepare()
    body = request.body.encode() if isinstance(request.body, str) else request.body
    return client.request(request.method, request.url, headers=dict(request.headers), content=body)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_makes_the_api_fail(description: Any, client: httpx.Client, mode: GenerationMode) -> None:
    answered: set[str] = set()
    for found in description.get_all_operations():
        operation = found.ok()

        @given(operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
        )
        def answers(case: Any) -> None:
            answer = sent(client, case)
            answered.add(case.operation.label)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", case.as_curl_command()

        with suppress(Unsatisfiable):  # without a parameter nothing can be wrong
            answers()
    assert len(answered) > 20
