"""SenML CBOR: the same readings as SenML JSON, and no bytes that do harm."""

import json
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.errors import Reason, Rejected
from citywatch.wire.codecs import decode
from citywatch.wire.senml import decode_senml
from citywatch.wire.senml_cbor import CONTENT_TYPE, LABELS, decode_senml_cbor, encode_senml_cbor
from citywatch.wire.senml_records import SenmlRecord
from tests.unit.citywatch.test_senml import names, numbers, records


def labelled(pack: list[dict[str, Any]]) -> bytes:
    return cbor2.dumps([{LABELS[name]: value for name, value in record.items()} for record in pack])


@given(st.lists(records, min_size=1, max_size=6))
def test_a_pack_means_the_same_in_both_notations(pack: list[dict[str, Any]]) -> None:
    def outcome(decoder: Any, payload: bytes) -> Any:
        try:
            return decoder(payload)
        except Rejected as rejection:
            return rejection.reason

    from_json, from_cbor = outcome(decode_senml, json.dumps(pack).encode()), outcome(decode_senml_cbor, labelled(pack))
    if isinstance(from_json, Reason):
        assert from_cbor is from_json
        return
    for column in ("names", "units", "times", "values"):
        assert getattr(from_cbor, column) == getattr(from_json, column)
    assert [refusal.cause.reason for refusal in from_cbor.refusals] == [
        refusal.cause.reason for refusal in from_json.refusals
    ]


@given(st.lists(st.tuples(names, numbers, numbers), min_size=1))
def test_what_is_encoded_is_decoded_again(rows: list[tuple[str, float, float]]) -> None:
    payload = encode_senml_cbor([SenmlRecord(n=name, t=time, v=value) for name, time, value in rows])
    readings = decode(payload, None, max_bytes=1_000_000)
    assert list(zip(readings.names, readings.times, readings.values, strict=True)) == rows


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: b"\x81\xa1" + tail)))
def test_any_bytes_are_a_pack_or_rejected(payload: bytes) -> None:
    try:
        readings = decode_senml_cbor(payload)
    except Rejected:
        return
    assert len(readings.names) == len(readings.values) == len(readings.times) == len(readings.units)
    assert {type(value) for value in readings.values + readings.times} <= {float}


@given(st.lists(st.fixed_dictionaries({"n": names, "v": numbers, "t": numbers, "u": st.just("V")}), min_size=1))
def test_the_fast_path_and_the_thorough_path_agree(pack: list[dict[str, Any]]) -> None:
    fast = decode_senml_cbor(labelled(pack))
    thorough = decode_senml_cbor(labelled([*pack, {"vs": "not a number"}]))
    assert fast.refusals == ()
    assert (fast.names, fast.units, fast.times, fast.values) == (
        thorough.names, thorough.units, thorough.times, thorough.values,
    )  # fmt: skip


def test_a_bad_record_spares_its_neighbours() -> None:
    pack = [{0: "a", 2: 1}, {0: 5, 2: 2}, "text", {0: "b", 2: cbor2.undefined}, {0: "c", 2: 3, 99: [1], "x": {1: 2}}]
    readings = decode_senml_cbor(cbor2.dumps(pack))
    assert (readings.names, readings.values) == (["a", "c"], [1.0, 3.0])
    assert [(refusal.indices, refusal.cause.reason) for refusal in readings.refusals] == [
        ((1,), Reason.WRONG_TYPE),
        ((2,), Reason.WRONG_TYPE),
        ((3,), Reason.WRONG_TYPE),
    ]


def test_numbers_may_be_integers_decimal_fractions_and_short_floats() -> None:
    half = b"\x81\xa2\x00\x61a\x02\xf9\x3e\x00"
    assert decode_senml_cbor(half).values == [1.5]
    fraction = b"\x81\xa2\x00\x61a\x02\xc4\x82\x21\x19\x6a\xb3"  # RFC 8949 section 3.4.4: 273.15
    assert decode_senml_cbor(fraction).values == [273.15]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.NOT_DECODABLE),
        (b"\x80", Reason.EMPTY),
        (b"\xa1\x00\x61a", Reason.NOT_DECODABLE),
        (b"\x80\x00", Reason.NOT_DECODABLE),
        (b"\x81" * 100_000, Reason.TOO_DEEP),
        (b"\x81\xa3\x00\x61a\x02\x01\x02\x02", Reason.DUPLICATE_KEY),
        (b"\x81\xa3\x00\x61a\x02\x01\x61v\x02", Reason.DUPLICATE_KEY),
        (b"\x81\xa2\x02\x01\x62x_\x01", Reason.NOT_DECODABLE),
        (b"\x81\xa2\x02\x01\x20\x18\x63", Reason.NOT_DECODABLE),
        (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", Reason.NOT_DECODABLE),
        (b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", Reason.NOT_DECODABLE),
        (b"\xd8\x1c\x81\xd8\x1d\x00", Reason.NOT_DECODABLE),  # a list that holds itself
        (b"\x81\xa2\x00\x61a\x02\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00", Reason.NOT_DECODABLE),  # 2**64
        (b"\xd8\x23\x62(a", Reason.NOT_DECODABLE),  # a regular expression
    ],
)
def test_unusable_packs_are_rejected_with_their_reason(payload: bytes, reason: Reason) -> None:
    with pytest.raises(Rejected) as caught:
        decode_senml_cbor(payload)
    assert caught.value.reason is reason


@pytest.mark.parametrize("content_type", [CONTENT_TYPE, "Application/SenML+CBOR; charset=x", None])
def test_content_type_or_first_byte_lead_to_the_decoder(content_type: str | None) -> None:
    for payload in (b"\x81\xa2\x00\x61a\x02\x01", b"\xd9\xd9\xf7\x9f\xa2\x00\x61a\x02\x01\xff"):
        assert decode(payload, content_type, max_bytes=100).values == [1.0]
