"""Query options and addresses of SensorThings: what they mean, and where they go wrong."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sensorthings.addresses import address_of, read_address
from api.sensorthings.expressions import read_filter
from api.sensorthings.options import MOST, read_options
from api.sensorthings.polygons import read_polygon
from api.sensorthings.unreadable import Unreadable
from citywatch.errors import NotFound
from citywatch.model.sensorthings import (
    And,
    Comparator,
    Comparison,
    EntitySet,
    Kind,
    Not,
    Or,
    Order,
    Path,
    TextSearch,
    TextTest,
)

RESULT = Path((), "result", Kind.NUMBER)
NAME = Path((), "name", Kind.TEXT)
WORDS = """
    result eq ne lt le gt ge and or not ( ) , ; 'a' '' 'a''b' 5 -5 1e400 2026-11-20T12:00:00Z 0000-00-00T00:00:00Z
    9999-12-31T23:59:59-12:00 name properties/x Datastream/Thing/name null true false startswith substringof st_within
    location phenomenonTime id @iot.id $filter= § é
"""
POLYGON = "geography'POLYGON((0 0,1 0,1 1,0 0))'"


def test_and_binds_closer_than_or_and_not_closest() -> None:
    low = Comparison(RESULT, Comparator.LESS, 1)
    high = Comparison(RESULT, Comparator.GREATER, 2)
    equal = Comparison(RESULT, Comparator.EQUAL, 3.5)
    observations = EntitySet.OBSERVATIONS
    found = read_filter(observations, "result eq 3.5 or not result lt 1 and result gt 2")
    assert found == Or((equal, And((Not(low), high))))
    assert read_filter(observations, "(result eq 3.5 or result lt 1) and 2 lt result") == And((Or((equal, low)), high))


def test_paths_lead_over_links_and_into_objects() -> None:
    found = read_filter(EntitySet.OBSERVATIONS, "Datastream/Thing/properties/parameters/span_m ge 600")
    path = Path(("Datastream", "Thing"), "properties", Kind.JSON, ("parameters", "span_m"))
    assert found == Comparison(path, Comparator.GREATER_OR_EQUAL, 600)


@pytest.mark.parametrize(
    ("text", "test", "sought"),
    [
        ("startswith(name,'It''s')", TextTest.STARTS_WITH, "It's"),
        ("endswith(name, '桥')", TextTest.ENDS_WITH, "桥"),
        ("substringof('x',name) eq true", TextTest.CONTAINS, "x"),
    ],
)
def test_functions_search_texts(text: str, test: TextTest, sought: str) -> None:
    assert read_filter(EntitySet.THINGS, text) == TextSearch(NAME, test, sought)


@pytest.mark.parametrize(
    ("entities", "text", "place", "says"),
    [
        ("Things", "", 1, "expected, the end found"),
        ("Things", "name eqq 'x'", 6, "'eqq' found"),
        ("Things", "name eq 'x", 9, '"\'" found'),
        ("Things", "name eq 'x' andb name eq 'y'", 13, "and or or"),
        ("Things", "name eq 'x' and nam eq 'y'", 17, "Things have no nam; they have id, name"),
        ("Things", "name eq 5", 9, "name is a text"),
        ("Things", "name/en eq 'x'", 1, "nothing is in it"),
        ("Things", "Datastreams eq 5", 1, "name a property"),
        ("Things", "properties eq 'x'", 15, "name what in it is meant"),
        ("Things", "properties/a gt true", 17, "never less or greater"),
        ("Things", "soundex(name,'x')", 1, "no function soundex"),
        ("Things", "startswith(name,'x') gt true", 25, "eq or ne"),
        ("Things", "startswith(name)", 1, "two arguments"),
        ("Things", "5 eq 5", 1, "a property with a value"),
        ("Things", "name eq 'a\0b'", 11, "zero character"),
        ("Datastreams", "id eq '5'", 7, "id is a number"),
        ("Observations", "phenomenonTime gt 2026-13-01T00:00:00Z", 19, "is no time"),
        ("Observations", "phenomenonTime gt 'yesterday'", 20, "is no time"),
        ("Locations", "st_within(location, 'POLYGON')", 21, "geography'POLYGON"),
        ("Locations", "st_within(name, geography'POLYGON((0 0,1 0,1 1,0 0))')", 11, "takes location"),
        ("Locations", "st_within(location, geography'POLYGON((0 0,1 0,1 1))')", 21, "ends where it began"),
        ("Things", "not " * 30 + "name eq 'x'", 101, "nested deeper than 25"),
        ("Things", "name eq '" + "x" * 8000 + "'", 8001, "longer than 8000"),
        ("Things", "Datastreams/Thing/" * 5 + "name eq 'x'", 1, "at most 8 steps"),
    ],
)
def test_a_fault_is_pointed_at(entities: str, text: str, place: int, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_filter(EntitySet(entities), text)
    assert caught.value.message.startswith(f"character {place}: ")
    assert says in caught.value.message


@given(
    st.lists(st.one_of(st.sampled_from([*WORDS.split(), POLYGON, "\0"]), st.text(max_size=4)), max_size=25).map(
        " ".join
    )
)
def test_any_text_is_understood_or_pointed_at(text: str) -> None:
    for entities in EntitySet:
        try:
            read_filter(entities, text)
        except Unreadable as error:
            assert 1 <= int(error.message.split()[1].rstrip(":")) <= len(text) + 1  # noqa: PT017  # both fine


def test_expansions_nest_and_remember_how_they_were_written() -> None:
    inner = "$filter=result gt 3;$orderby=phenomenonTime desc;$top=1"
    query = read_options(
        EntitySet.THINGS, {"$expand": f"Locations,Datastreams/Observations({inner}),Datastreams/Sensor"}
    )
    assert set(query.expand) == {"Locations", "Datastreams"}
    streams = query.expand["Datastreams"]
    assert set(streams.expand) == {"Observations", "Sensor"}
    assert streams.written == {"$expand": f"Observations({inner}),Sensor"}
    newest = streams.expand["Observations"]
    assert newest.where == Comparison(RESULT, Comparator.GREATER, 3)
    assert newest.order == (Order(Path((), "phenomenonTime", Kind.TIME), descending=True),)
    assert (newest.top, newest.written["$filter"], newest.written["$top"]) == (1, "result gt 3", "1")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"$expand": "Datastream"}, "Things have no link Datastream"),
        ({"$expand": "/".join(["Datastreams", "Thing"] * 3)}, "deeper than 5"),
        ({"$expand": "Datastreams(" * 6 + "$top=1" + ")" * 6}, "expected"),
        ({"$expand": "Datastreams($top=-1)"}, "whole number"),
        ({"$expand": "Datastreams($filter=result gt 1)"}, "Datastreams have no result"),
        ({"$orderby": "Datastreams/id"}, "order by a property"),
        ({"$orderby": "name sideways"}, "asc or desc"),
        ({"$select": "name,colour"}, "no colour"),
        ({"$top": "many"}, "whole number"),
        ({"$top": "1.5"}, "whole number"),
        ({"$skip": "99999999999"}, "narrow down"),
        ({"$count": "yes"}, "neither true nor false"),
        ({"$apply": "x"}, "no query option"),
    ],
)
def test_options_that_make_no_sense_say_so(options: dict[str, str], says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read_options(EntitySet.THINGS, options)


def test_a_larger_page_than_the_largest_is_cut() -> None:
    assert read_options(EntitySet.THINGS, {"$top": "1000000"}).top == MOST


def test_polygons_have_rings() -> None:
    rings = read_polygon("POLYGON ((0 0, 4 0, 4 4.5, 0 0), (1 1,2 1,2 1.5,1 1))")
    assert list(map(list, rings)) == [[(0, 0), (4, 0), (4, 4.5), (0, 0)], [(1, 1), (2, 1), (2, 1.5), (1, 1)]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("POINT(1 2)", "is written"),
        ("POLYGON()", "in parentheses"),
        ("POLYGON((0 0,1 0,1 1,0 0)", "in parentheses"),
        ("POLYGON((0 0,1 1,0 0))", "three corners"),
        ("POLYGON((a b,1 0,1 1,a b))", "longitude latitude"),
        ("POLYGON((0 0,1e999 0,1 1,0 0))", "finite"),
    ],
)
def test_what_is_no_polygon_says_so(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_polygon(text)


@given(st.text(alphabet=string.printable + "桥'", max_size=30))
def test_the_address_of_an_entity_leads_back_to_it(identifier: str) -> None:
    from urllib.parse import unquote

    address = read_address(unquote(address_of(EntitySet.THINGS, identifier)))
    assert [(step.entities, step.identifier) for step in address.steps] == [(EntitySet.THINGS, identifier)]


@pytest.mark.parametrize(
    "path",
    [
        "Foo",
        "Things/Datastreams",
        "Things('a')/Sensors",
        "Things('a')/Datastreams/name",
        "Things('a')/name/x",
        "Things('a')/$value",
        "Things('a')/name/$ref",
        "Things('a",
        "Things(a)",
        "Datastreams(1)/Thing('a')",
        "$ref",
        "//",
        "Things('a')/name('b')",
    ],
)
def test_addresses_that_lead_nowhere(path: str) -> None:
    with pytest.raises(NotFound):
        read_address(path)


@given(st.text(max_size=40))
def test_any_path_leads_somewhere_or_nowhere(path: str) -> None:
    try:
        assert read_address(path).steps
    except NotFound as error:
        assert str(error)  # noqa: PT017  # both outcomes are fine, a crash is not
