"""Plain JSON messages, and the stamps that MQTT user properties carry."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.errors import Reason, Rejected
from citywatch.model.readings import Readings
from citywatch.wire.codecs import decode
from citywatch.wire.plain_json import CONTENT_TYPE, PlainMessage, decode_plain_json, encode_plain_json
from citywatch.wire.stamps import stamped

finite = st.floats(allow_nan=False, allow_infinity=False)
instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.timezones())  # noqa: DTZ001
names = st.text(min_size=1, max_size=8)


@given(
    st.dictionaries(names, finite, min_size=1, max_size=5),
    st.one_of(finite, instants),
    st.dictionaries(names, st.sampled_from(["um/m", "K"]), max_size=3),
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
    st.one_of(st.none(), finite),
)
def test_what_is_encoded_is_decoded_again(
    values: dict[str, float],
    time: float | datetime,
    units: dict[str, str],
    sequence: int | None,
    sent: float | None,
) -> None:
    written = time.isoformat() if isinstance(time, datetime) else time
    payload = encode_plain_json(PlainMessage(values, written, units, sequence, sent))
    readings = decode(payload, None, max_bytes=10_000)
    seconds = time.timestamp() if isinstance(time, datetime) else time
    assert readings.names == list(values)
    assert readings.values == list(values.values())
    assert readings.units == [units.get(name) for name in values]
    assert readings.times == pytest.approx([seconds] * len(values), abs=1e-6)
    assert (readings.sequence, readings.sent) == (sequence, sent)


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda junk: b'{"values":{"a":' + junk + b"}}")))
def test_any_bytes_are_a_message_or_rejected(payload: bytes) -> None:
    try:
        readings = decode_plain_json(payload)
    except Rejected:
        return
    assert len(readings.names) == len(readings.values) == len(readings.times) == len(readings.units)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
)


@given(
    st.fixed_dictionaries(
        {"values": st.dictionaries(names, json_values)},
        optional=dict.fromkeys(("time", "units", "sequence", "sent", "more"), json_values),
    )
)
def test_every_value_is_read_or_refused(document: dict[str, Any]) -> None:
    try:
        readings = decode_plain_json(json.dumps(document).encode())
    except Rejected:
        return
    refused = [index for refusal in readings.refusals for index in refusal.indices]
    assert readings.indices is not None
    assert sorted(readings.indices + refused) == list(range(len(document["values"])))


def test_a_bad_value_spares_its_neighbours() -> None:
    readings = decode_plain_json(
        b'{"time": "2026-01-01T08:00:00+08:00", "values": {"a": 1, "b": "2", "c": null, "d": true, "e": NaN}}'
    )
    assert (readings.names, readings.values[:2]) == (["a", "d", "e"], [1.0, 1.0])
    assert math.isnan(readings.values[2])  # judged with the whole batch, like its time
    assert readings.times == [datetime(2026, 1, 1, tzinfo=UTC).timestamp()] * 3
    assert [(refusal.indices, refusal.cause.reason) for refusal in readings.refusals] == [
        ((1,), Reason.WRONG_TYPE),
        ((2,), Reason.NO_VALUE),
    ]


@pytest.mark.parametrize(
    ("payload", "reason", "complaint"),
    [
        (b"", Reason.NOT_DECODABLE, "not JSON"),
        (b"\xff{}", Reason.NOT_DECODABLE, "not JSON"),
        (b"[]", Reason.NOT_DECODABLE, "an object with values"),
        (b"{}", Reason.WRONG_TYPE, "values"),
        (b'{"values": {}}', Reason.EMPTY, "values holds nothing"),
        (b'{"values": [1]}', Reason.WRONG_TYPE, "values"),
        (b'{"values": {"a": 1, "a": 2}}', Reason.DUPLICATE_KEY, "'a' appears twice"),
        (b'{"values": {"a": 1}, "time": "yesterday"}', Reason.WRONG_TYPE, "time 'yesterday' is not ISO 8601"),
        (b'{"values": {"a": 1}, "time": "2026-01-01T08:00:00"}', Reason.WRONG_TYPE, "has no zone"),
        (b'{"values": {"a": 1}, "time": 1e999}', Reason.WRONG_TYPE, "time is not finite"),
        (b'{"values": {"a": 1}, "sent": []}', Reason.WRONG_TYPE, "sent"),
        (b'{"values": {"a": 1}, "sequence": -1}', Reason.WRONG_TYPE, "sequence"),
        (b'{"values": {"a": 1}, "sequence": ' + b"9" * 5000 + b"}", Reason.WRONG_TYPE, "sequence"),
        (b'{"values": {"a": 1}, "units": {"a": 5}}', Reason.WRONG_TYPE, "units"),
        (b'{"values":' * 100_000, Reason.TOO_DEEP, "nested too deeply"),
    ],
)
def test_unusable_messages_are_rejected_with_field_and_reason(payload: bytes, reason: Reason, complaint: str) -> None:
    with pytest.raises(Rejected, match=complaint) as caught:
        decode_plain_json(payload)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("properties", "sequence", "sent"),
    [
        ([("seq", "17"), ("sent", "1795000000.5")], 17, 1_795_000_000.5),
        ([("sent", "2026-11-18T07:06:40Z")], None, 1_794_985_600.0),
        ([("seq", "A-17"), ("sent", "noon"), ("other", "x")], None, None),
        ([("seq", "9" * 19), ("sent", "nan")], None, None),
        ([("seq", "²"), ("sent", "")], None, None),
        ([], None, None),
    ],
)
def test_stamps_come_from_user_properties(
    properties: list[tuple[str, str]], sequence: int | None, sent: float | None
) -> None:
    readings = decode(b'[{"n":"a","t":1795000000,"v":1}]', None, max_bytes=100, properties=properties)
    assert (readings.sequence, readings.sent) == (sequence, sent)


def test_the_payload_has_the_first_word_about_its_stamps() -> None:
    readings = Readings([], [], [], [], sequence=3)
    assert stamped(readings, [("seq", "4"), ("sent", "5")]).sequence == 3
    assert stamped(readings, [("seq", "4"), ("sent", "5")]).sent == 5.0
    assert decode(b'{"values":{"a":1},"sequence":3}', CONTENT_TYPE, max_bytes=100).sequence == 3
