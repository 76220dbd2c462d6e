"""OGC SensorThings over HTTP and a real database on both engines: a corpus, hostile texts, a slow twin, a client."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import frost_sta_client  # type: ignore[import-untyped]
import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citywatch.clock import to_micros
from citywatch.model.observations import Account, Batch, Observations
from citywatch.storage.connection import connect
from citywatch.storage.pipeline.batches import BatchWriter
from tests.support.api import api_server
from tests.support.servers import DatabaseServer

NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STREAMS: Final = 12
EACH: Final = 40
Document = dict[str, Any]


def store(database: str) -> None:
    """Store observations of the first datastreams, ten seconds apart up to NOW, some of them suspect."""
    with connect(database, process="test") as connection:
        count = STREAMS * EACH
        stream = np.repeat(np.arange(1, STREAMS + 1, dtype=np.int32), EACH)
        step = np.tile(np.arange(EACH), STREAMS)
        micros = to_micros(NOW) - ((EACH - 1 - step) * 10_000_000).astype(np.int64)
        quality = np.where(step % 7 == 3, 3, 1).astype(np.int16)
        rows = Observations(stream, micros, micros + 1_500_000, (stream * 100 + step % 10) / 4.0, quality)
        account = Account(NOW, "hanyang/bridge", 1, count, 0)
        BatchWriter(connection, ingester="test").write(Batch(rows, np.zeros(count, dtype=np.int32), [account], [], []))


@pytest.fixture(scope="module", params=["postgresql", "timescaledb"])
def service(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """The service over a city with observations, on each engine in turn."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, DatabaseServer)
    database = server.fresh("demo")
    store(database)
    with api_server(database) as address, httpx.Client(base_url=f"{address}/sta/v1.1") as client:
        yield client
    server.drop(database)


def get(service: httpx.Client, path: str, **options: object) -> Any:
    answer = service.get(path, params={f"${name}": str(value) for name, value in options.items()} or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def everything(service: httpx.Client, path: str, **options: object) -> list[Document]:
    """Return a whole collection, page by page as the links lead."""
    page = get(service, path, **options)
    found = list(page["value"])
    while "@iot.nextLink" in page:
        answer = service.get(page["@iot.nextLink"])
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["value"], "a link to a further page led to an empty one"
        found += page["value"]
    return found


def ids(documents: list[Document]) -> list[Any]:
    return [document["@iot.id"] for document in documents]


def test_the_root_lists_sets_that_answer(service: httpx.Client) -> None:
    root = get(service, "")
    assert len(root["value"]) == 8
    for entry in root["value"]:
        answer = service.get(entry["url"], params={"$top": "1"})
        assert answer.status_code == 200
        assert len(answer.json()["value"]) == (0 if entry["name"] == "HistoricalLocations" else 1)
    assert all(one.startswith("http://www.opengis.net/spec/iot_sensing/1.1/") for one in _conformance(root))


def _conformance(root: Document) -> list[str]:
    named: list[str] = root["serverSettings"]["conformance"]
    assert named
    return named


def test_every_link_of_an_entity_leads_on(service: httpx.Client) -> None:
    seen: set[str] = set()
    for kind in get(service, "")["value"]:
        for entity in get(service, kind["name"], top=1)["value"]:
            links = [link for name, link in entity.items() if name.endswith(("Link",))]
            assert links
            for link in links:
                answer = service.get(link)
                assert answer.status_code == 200, link
                seen.add(link.rsplit("/", 1)[-1])
    assert {"Datastreams", "Observations", "Thing", "ObservedProperty", "Sensor", "FeatureOfInterest"} <= seen


def test_nested_expansions_bring_the_newest_values_at_once(service: httpx.Client) -> None:
    newest = "Observations($orderby=phenomenonTime desc;$top=1;$count=true;$select=result,phenomenonTime)"
    (thing,) = get(
        service,
        "Things",
        filter="id eq 'yangtze-1'",
        expand=f"Locations,Datastreams($top=3;$count=true;$expand={newest},ObservedProperty,Sensor/Datastreams($select=id))",
    )["value"]
    assert thing["Locations"][0]["location"] == {"type": "Point", "coordinates": [114.288, 30.55]}
    assert len(thing["Datastreams"]) == 3 < thing["Datastreams@iot.count"]
    for stream in thing["Datastreams"]:
        (value,) = stream["Observations"]
        assert value == {"phenomenonTime": "2026-11-20T12:00:00Z", "result": (stream["@iot.id"] * 100 + 9) / 4}
        assert stream["Observations@iot.count"] == EACH
        assert stream["@iot.id"] in ids(stream["Sensor"]["Datastreams"])
        assert stream["unitOfMeasurement"]["symbol"] == stream["ObservedProperty"]["properties"]["unit"]
        rest = service.get(stream["Observations@iot.nextLink"]).json()["value"]
        assert rest == [{"phenomenonTime": "2026-11-20T11:59:50Z", "result": (stream["@iot.id"] * 100 + 8) / 4}]
    more = service.get(thing["Datastreams@iot.nextLink"]).json()
    assert ids(more["value"])[0] > ids(thing["Datastreams"])[-1]
    assert more["@iot.count"] == thing["Datastreams@iot.count"]


@pytest.mark.parametrize("order", [None, "id", "id desc", "name", "phenomenonTime desc", "result,phenomenonTime desc"])
def test_pages_are_without_gap_or_repetition(service: httpx.Client, order: str | None) -> None:
    if order == "name":
        found = everything(service, "Things", orderby=order, top=37)
        assert len(set(ids(found))) == len(found) == get(service, "Things", top=0, count="true")["@iot.count"]
        assert [one["name"] for one in found] == sorted(one["name"] for one in found)
        return
    options = {} if order is None else {"orderby": order}
    found = everything(service, "Observations", top=113, **options)
    assert len(set(ids(found))) == len(found) == STREAMS * EACH
    if order == "result,phenomenonTime desc":
        assert found == sorted(
            sorted(found, key=lambda one: one["phenomenonTime"], reverse=True), key=lambda one: one["result"]
        )
    if order == "phenomenonTime desc":
        times = [one["phenomenonTime"] for one in found]
        assert times == sorted(times, reverse=True)


def test_what_arrives_between_pages_shifts_none(service: httpx.Client) -> None:
    first = get(service, "Things('yangtze-1')/Datastreams", top=2)
    rest = everything(service, first["@iot.nextLink"])
    whole = everything(service, "Things('yangtze-1')/Datastreams")
    assert ids(first["value"] + rest) == ids(whole)
    assert "$skiptoken" in first["@iot.nextLink"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("Datastreams(1)/Thing/$ref", {"@iot.selfLink": "{root}/Things('yangtze-1')"}),
        ("Things('yangtze-1')/@iot.id", {"@iot.id": "yangtze-1"}),
        ("Things('yangtze-1')/name", {"name": "Wuhan Yangtze River Bridge"}),
        ("Things('yangtze-1')/name/$value", "Wuhan Yangtze River Bridge"),
        ("Things('yangtze-1')/properties/district/$value", "hanyang"),
        ("Datastreams(1)/unitOfMeasurement/symbol", {"symbol": "um/m"}),
        ("Things('yangtze-1')/Datastreams(1)/ObservedProperty/@iot.id/$value", "strain"),
        ("Things('yangtze-1')/Locations('yangtze-1')/Things/$ref", [{"@iot.selfLink": "{root}/Things('yangtze-1')"}]),
        ("Sensors('yangtze-1:strain-1')/Datastreams/$ref?$top=1", [{"@iot.selfLink": "{root}/Datastreams(1)"}]),
    ],
)
def test_paths_lead_to_properties_and_references(service: httpx.Client, path: str, body: object) -> None:
    answer = service.get(path)
    assert answer.status_code == 200, answer.text
    root = str(service.base_url).rstrip("/")
    if isinstance(body, str):
        assert answer.text == body
        return
    shown = answer.json()
    shown = shown["value"] if isinstance(body, list) else shown
    assert str(shown).replace(root, "{root}") == str(body)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("Things('nobody')", 404, "'nobody'"),
        ("Things('yangtze-2')/Datastreams(1)", 404, "'1'"),
        ("Datastreams(999999)", 404, "999999"),
        ("Datastreams(99999999999999999999)", 404, "no entity"),
        ("Datastreams('x')/Thing", 404, "no entity"),
        ("Observations('1')", 404, "no entity"),
        ("Observations('1:99999999999999999')", 404, "no entity"),
        ("Nothing", 404, "lists its sets"),
        ("Things?$filter=name eq", 400, "character 8"),
        ("Things?$filter=name eq 'x' or 'y'", 400, "expected"),
        ("Things?$expand=Datastreams($filter=foo eq 1)", 400, "Datastreams have no foo"),
        ("Things?$orderby=colour", 400, "have no colour"),
        ("Things?$apply=aggregate", 400, "$apply"),
        ("Things?limit=5", 400, "limit"),
        ("Things?$top=1&$top=2", 400, "twice"),
        ("Observations?$orderby=result&$skiptoken=1:5", 400, "default order"),
        ("Observations?$filter=id eq '1:5' and resultTime lt 99999-01-01T00:00:00Z", 400, "character"),
    ],
)
def test_faults_are_problem_details_that_point_at_the_place(
    service: httpx.Client, path: str, status: int, says: str
) -> None:
    answer = service.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]


def test_too_much_at_once_is_refused(service: httpx.Client) -> None:
    crowd = "Datastreams($expand=ObservedProperty($expand=Datastreams($top=1000)))"
    answer = service.get("Things", params={"$top": "1000", "$expand": crowd})
    assert answer.status_code == 400
    assert "linked entities" in answer.json()["detail"]


# What a device of a hacker types: none of it may reach the server as SQL, none may break it.
HOSTILE: Final = (
    "name eq '''; DROP TABLE asset; --'",
    "name eq 'x' OR 1=1",
    "name eq 'x'; SELECT pg_sleep(10)",
    "substringof('%', name) or substringof('\\', name)",
    "name eq '%s %(v0)s {table}'",
    "properties/a'b eq 1",
    "properties/__proto__/constructor eq 'x'",
    "properties/%(v0)s eq 'x'",
    "id eq '" + "😀" * 500 + "'",
    "(" * 2000 + "name eq 'x'" + ")" * 2000,
    "not " * 24 + "name eq 'x'",
    " and ".join(["name ne 'x'"] * 400),
    "name eq '\u0000'",
    "name lt '\ud7ff\uffff'",
    "st_within(Locations/location, geography'POLYGON((1e308 -1e308,1e308 1e308,0 0,1e308 -1e308))')",
    "Datastreams/properties/resolution lt 1e308 and Datastreams/id lt 99999999999999999999999999",
    "Datastreams/Observations/result gt -1e400",
    "Datastreams/Observations/phenomenonTime lt 9999-12-31T23:59:59Z",
    "Datastreams/Observations/phenomenonTime gt 0001-01-01T00:00:00Z",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_filters_do_no_harm(service: httpx.Client, text: str) -> None:
    before = get(service, "Things", count="true", top=0)
    answer = service.get("Things", params={"$filter": text, "$count": "true", "$top": "1"})
    assert answer.status_code in {200, 400}, answer.text
    assert get(service, "Things", count="true", top=0) == before
    assert before["@iot.count"] > 100


WORDS: Final = """
    name id result eq ne lt le gt ge and or not ( ) , 'a' '' 5 -1e308 2026-11-20T12:00:00Z properties/kind
    properties/plausible_low Datastreams/Observations/result Thing/name null true startswith substringof endswith
    Locations/location st_within phenomenonTime parameters/received_time
"""
POLYGON: Final = "geography'POLYGON((0 0,1 0,1 1,0 0))'"


@given(
    st.sampled_from(["Things", "Datastreams", "Observations", "Locations", "Sensors"]),
    st.lists(st.one_of(st.sampled_from([*WORDS.split(), POLYGON]), st.text(max_size=3)), max_size=9).map(" ".join),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_filter_is_answered_or_refused(service: httpx.Client, entities: str, text: str) -> None:
    answer = service.get(entities, params={"$filter": text, "$top": "1"})
    assert answer.status_code in {200, 400}, answer.text


@dataclass(frozen=True)
class Twin:
    """A filter as text, and as what it says about a document with everything expanded."""

    text: str
    holds: Callable[[Document], bool]

    def __repr__(self) -> str:
        return self.text


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def _compared(how: str, value: object, other: object) -> bool:
    """Return what the standard says: nothing is less or greater than what is absent or of another type."""
    comparable = isinstance(value, str) == isinstance(other, str) and None not in {type(value) and value, other}
    if not comparable:
        return (value is None and other is None) if how == "eq" else (value is not other if how == "ne" else False)
    return _COMPARE[how](value, other)


def _quoted(value: object) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def comparisons(
    path: str, reach: Callable[[Document], list[Any]], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[Twin]:
    """Return comparisons of what a path reaches, any of which may make it true."""

    def twin(how: str, value: Any) -> Twin:
        return Twin(f"{path} {how} {_quoted(value)}", lambda one: any(_compared(how, v, value) for v in reach(one)))

    return st.builds(twin, st.sampled_from(sorted(_COMPARE)), values)


def searches(path: str, reach: Callable[[Document], str], values: st.SearchStrategy[str]) -> st.SearchStrategy[Twin]:
    """Return searches in a text."""

    def twin(name: str, value: str) -> Twin:
        arguments = f"{_quoted(value)},{path}" if name == "substringof" else f"{path},{_quoted(value)}"
        tests: dict[str, Callable[[Document], bool]] = {
            "substringof": lambda one: value in reach(one),
            "startswith": lambda one: reach(one).startswith(value),
            "endswith": lambda one: reach(one).endswith(value),
        }
        return Twin(f"{name}({arguments})", tests[name])

    return st.builds(twin, st.sampled_from(["substringof", "startswith", "endswith"]), values)


def combined(leaves: st.SearchStrategy[Twin]) -> st.SearchStrategy[Twin]:
    """Return leaves joined by and, or and not."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda a, b: Twin(f"({a} and {b})", lambda one: a.holds(one) and b.holds(one)), inner, inner),
            st.builds(lambda a, b: Twin(f"({a} or {b})", lambda one: a.holds(one) or b.holds(one)), inner, inner),
            st.builds(lambda a: Twin(f"not ({a})", lambda one: not a.holds(one)), inner),
        ),
        max_leaves=6,
    )


TEXTS: Final = st.sampled_from(
    ["", "B", "Bridge", "bridge", "长江", "_", "%", "Wuhan Yangtze River Bridge", "a''b", "Well 1"]
)
NUMBERS: Final = st.one_of(st.integers(-5, 400), st.floats(-5, 400, width=32).map(float), st.none())
THINGS: Final = combined(
    st.one_of(
        comparisons("name", lambda one: [one["name"]], TEXTS),
        comparisons("id", lambda one: [one["@iot.id"]], st.sampled_from(["yangtze-1", "well-001", "", "x:y"])),
        comparisons(
            "properties/kind", lambda one: [one["properties"]["kind"]], st.sampled_from(["bridge", "lamp", None, 3])
        ),
        comparisons(
            "properties/parameters/span_m", lambda one: [one["properties"]["parameters"].get("span_m")], NUMBERS
        ),
        comparisons("properties/parameters/span_m", lambda one: [one["properties"]["parameters"].get("span_m")], TEXTS),
        searches("name", lambda one: str(one["name"]), TEXTS),
        searches("properties/name_zh", lambda one: str(one["properties"]["name_zh"]), TEXTS),
        comparisons(
            "Datastreams/id", lambda one: ids(one["Datastreams"]), NUMBERS.filter(lambda value: value is not None)
        ),
        comparisons(
            "Datastreams/ObservedProperty/id",
            lambda one: [stream["ObservedProperty"]["@iot.id"] for stream in one["Datastreams"]],
            st.sampled_from(["strain", "methane", "tilt"]),
        ),
        comparisons(
            "Datastreams/properties/plausible_low",
            lambda one: [stream["properties"]["plausible_low"] for stream in one["Datastreams"]],
            NUMBERS,
        ),
    )
)
TIMES: Final = st.integers(-5, EACH + 5).map(lambda n: NOW - timedelta(seconds=10 * n))


def time_comparisons(name: str) -> st.SearchStrategy[Twin]:
    """Return comparisons of a time."""

    def twin(how: str, at: datetime) -> Twin:
        return Twin(
            f"{name} {how} {at.isoformat().replace('+00:00', 'Z')}",
            lambda one: _COMPARE[how](datetime.fromisoformat(one[name]), at),
        )

    return st.builds(twin, st.sampled_from(sorted(_COMPARE)), TIMES)


OBSERVATIONS: Final = combined(
    st.one_of(
        comparisons("result", lambda one: [one["result"]], NUMBERS),
        comparisons("resultQuality", lambda one: [one["resultQuality"]], st.integers(0, 4)),
        comparisons("Datastream/id", lambda one: [one["Datastream"]["@iot.id"]], st.integers(0, STREAMS + 2)),
        time_comparisons("phenomenonTime"),
    )
)


@pytest.fixture(scope="module")
def things(service: httpx.Client) -> list[Document]:
    return everything(service, "Things", expand="Datastreams($top=1000;$expand=ObservedProperty)", top=1000)


@pytest.fixture(scope="module")
def observations(service: httpx.Client) -> list[Document]:
    return everything(service, "Observations", expand="Datastream", top=1000)


@given(THINGS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filters_of_things_agree_with_their_twin(service: httpx.Client, things: list[Document], twin: Twin) -> None:
    found = get(service, "Things", filter=twin.text, select="id", top=1000, count="true")
    expected = [one["@iot.id"] for one in things if twin.holds(one)]
    assert ids(found["value"]) == expected
    assert found["@iot.count"] == len(expected)


@given(OBSERVATIONS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filters_of_observations_agree_with_their_twin(
    service: httpx.Client, observations: list[Document], twin: Twin
) -> None:
    found = get(service, "Observations", filter=twin.text, select="id", top=1000)
    assert ids(found["value"]) == [one["@iot.id"] for one in observations if twin.holds(one)]


def test_places_within_a_polygon(service: httpx.Client) -> None:
    locations = everything(service, "Locations")
    west, south, east, north = 114.1, 30.4, 114.3, 30.6
    ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
    hole = "114.2 30.5,114.25 30.5,114.25 30.6,114.2 30.6,114.2 30.5"

    def inside(one: Document) -> bool:
        x, y = one["location"]["coordinates"]
        return west <= x <= east and south <= y <= north and not (114.2 <= x <= 114.25 and 30.5 <= y <= 30.6)

    expected = [one["@iot.id"] for one in locations if inside(one)]
    assert 0 < len(expected) < len(locations)
    polygon = f"geography'POLYGON(({ring}),({hole}))'"
    assert ids(everything(service, "Locations", filter=f"st_within(location, {polygon})")) == expected
    assert ids(everything(service, "Things", filter=f"st_within(Locations/location, {polygon})")) == expected


@pytest.mark.filterwarnings("ignore:furl.pathstr:DeprecationWarning")  # the client's own use of furl
def test_a_client_of_others_reads_the_city(service: httpx.Client) -> None:
    client = frost_sta_client.SensorThingsService(str(service.base_url))
    bridges = client.things().query().filter("properties/kind eq 'bridge'").orderby("name", "ASC").top(9).list()
    names = [bridge.name for bridge in bridges]
    assert len(names) == 40
    assert names == sorted(names)
    bridge = client.things().find("yangtze-1")
    streams = bridge.get_datastreams().query().expand("ObservedProperty,Sensor").list()
    stream = next(one for one in streams if one.observed_property.id == "strain")
    assert stream.unit_of_measurement.symbol == "um/m"
    assert stream.sensor.id == "yangtze-1:strain-1"
    values = stream.get_observations().query().filter("resultQuality eq 1").orderby("phenomenonTime").top(10).list()
    assert len([value.result for value in values]) == sum(step % 7 != 3 for step in range(EACH))
    assert values.get(0).phenomenon_time.startswith("2026-11-20T12:00:00")
