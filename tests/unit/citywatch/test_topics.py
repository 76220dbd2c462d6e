"""The topic grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.errors import Reason, Rejected
from citywatch.model.identifiers import IDENTIFIER, AssetId, DistrictId, SensorId, SystemId
from citywatch.wire.topics import Topic, TopicKind, alarm_topic, parse_topic, subscription

identifiers = st.from_regex(IDENTIFIER, fullmatch=True)


@given(identifiers, identifiers, identifiers, identifiers, st.sampled_from(TopicKind))
def test_a_topic_survives_being_written_and_read(
    district: str, system: str, asset: str, sensor: str, kind: TopicKind
) -> None:
    topic = Topic(DistrictId(district), SystemId(system), AssetId(asset), SensorId(sensor), kind)
    assert parse_topic(str(topic)) == topic


@given(st.text(max_size=80))
def test_any_text_is_a_topic_or_refused_as_one(text: str) -> None:
    try:
        result = str(parse_topic(text))
    except Rejected as error:
        result = error.reason
    assert result in {text, Reason.UNKNOWN_TOPIC}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("citywatch/v1/a/b/c/senml", "expected citywatch/v1/"),
        ("citywatch/v2/a/b/c/d/senml", "expected citywatch/v1/"),
        ("citywatch/v1/a/b/C/d/senml", "asset 'C' is not an identifier"),
        ("citywatch/v1/a/b/c/d/telemetry", "kind 'telemetry' is none of senml, wave, status, cmd"),
        ("citywatch/v1/a/b/c/d/senml/", "expected citywatch/v1/"),
        ("citywatch/v1/" + "x" * 64 + "/b/c/d/senml", "is not an identifier"),
    ],
)
def test_a_wrong_topic_is_refused_with_the_level_that_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(Rejected, match=complaint):
        parse_topic(text)


def test_filters_and_alarm_topics_keep_the_grammar() -> None:
    assert subscription(TopicKind.SENML) == "citywatch/v1/+/+/+/+/senml"
    assert alarm_topic(DistrictId("a"), SystemId("b"), AssetId("c")) == "citywatch/v1/a/b/c/alarm"
