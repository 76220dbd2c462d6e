"""What is said of dead letters: remedies, obstacles, filters, and what can be read of their bytes."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.errors import Reason
from citywatch.model.dead_letters import LetterState, StoredLetter, obstacle, remedy, topic_pattern
from citywatch.wire.excerpt import excerpt, hex_dump
from citywatch.wire.senml import CONTENT_TYPE
from tests.support.hostile import hostile_corpus
from tests.support.registry import TOPIC

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEVELS = st.lists(st.sampled_from(["a", "b", "a.b", ""]), min_size=1, max_size=4)


def letter(
    *, topic: str = TOPIC, size: int = 10, kept: int = 10, state: LetterState = LetterState.OPEN
) -> StoredLetter:
    return StoredLetter(1, NOW, topic, None, "empty", "", 1, None, size, b"", kept, state, NOW)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_remedy(reason: Reason) -> None:
    assert "does not know" not in remedy(reason)


def test_a_reason_of_another_release_is_no_error() -> None:
    assert "does not know the reason" in remedy("bewitched")


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (letter(), None),
        (letter(size=0, kept=0), None),
        (letter(size=11), "10 of its 11 bytes"),
        (letter(kept=0, state=LetterState.EXPIRED), "dropped for their age on 2026-11-20"),
        (letter(topic=repr(b"citywatch/v1/\xff")), "not valid UTF-8"),
        (letter(topic=TOPIC.replace("senml", "status")), "says nothing about now"),
        (letter(state=LetterState.REDRIVEN), None),
    ],
)
def test_what_cannot_be_redriven_says_why(one: StoredLetter, says: str | None) -> None:
    found = obstacle(one)
    assert found is None if says is None else says in str(found)


def matches(wanted: list[str], levels: list[str]) -> bool:
    """MQTT 5 section 4.7, level by level."""
    if not wanted:
        return not levels
    if wanted == ["#"]:
        return True
    return bool(levels) and wanted[0] in ("+", levels[0]) and matches(wanted[1:], levels[1:])


@given(st.lists(st.sampled_from(["a", "b", "a.b", "", "+"]), max_size=3), st.booleans(), LEVELS)
def test_topic_filters_match_as_mqtt_says(wanted: list[str], rest: bool, levels: list[str]) -> None:
    wanted = [*wanted, "#"] if rest or not wanted else wanted
    found = re.search(topic_pattern("/".join(wanted)), "/".join(levels)) is not None
    assert found == matches(wanted, levels)


@given(st.binary(max_size=700), st.sampled_from([None, CONTENT_TYPE, "application/xml"]))
def test_any_bytes_can_be_looked_into(payload: bytes, content_type: str | None) -> None:
    shown = excerpt(payload, content_type)
    assert shown.readings or shown.trouble
    dumped = "".join(line[10:57] for line in hex_dump(payload).splitlines())
    assert bytes.fromhex(dumped) == payload[:512]


def test_what_is_readable_is_shown_and_the_rest_is_explained() -> None:
    payload = b'[{"n":"strain","u":"um/m","t":1795000000,"v":1},{"n":"strain","v":"x"},{"n":"a","t":1,"v":1e999}]'
    shown = excerpt(payload, CONTENT_TYPE)
    assert [(one.name, one.value) for one in shown.readings] == [("strain", 1.0), ("a", None)]
    assert shown.count == 2
    assert "readings [1]" in str(shown.trouble)


def test_the_hostile_corpus_can_be_looked_into() -> None:
    for hostile in hostile_corpus(1_795_000_000.0):
        shown = excerpt(hostile.payload, hostile.content_type)
        assert shown.readings or shown.trouble, hostile.name
