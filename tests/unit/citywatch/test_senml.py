"""SenML JSON: the fast path, the thorough path and a slow obvious twin say the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.errors import Reason, Rejected
from citywatch.wire.senml import SenmlRecord, _decode_thoroughly, decode_senml, encode_senml

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
names = st.text(st.sampled_from("abc:/-"), min_size=1, max_size=4)
fields = {
    "n": names,
    "u": st.sampled_from(["um/m", "Cel"]),
    "v": numbers,
    "vb": st.booleans(),
    "vs": st.just("text"),
    "s": numbers,
    "t": numbers,
    "ut": numbers,
    "bn": names,
    "bt": numbers,
    "bu": st.just("V"),
    "bv": numbers,
    "bs": numbers,
    "bver": st.integers(1, 10),
}
records = st.fixed_dictionaries({}, optional=fields)
Row = tuple[str, str | None, float, float]


def twin(pack: list[dict[str, Any]]) -> list[Row]:
    """RFC 8428 section 4.6, word for word; records without a number are left out."""
    name, time, unit, value, rows = "", 0.0, None, 0.0, []
    for record in pack:
        name, time = record.get("bn", name), record.get("bt", time)
        unit, value = record.get("bu", unit), record.get("bv", value)
        number = float(record["vb"]) if "vb" in record else record.get("v")
        if number is not None:
            rows.append(
                (name + record.get("n", ""), record.get("u", unit), time + record.get("t", 0.0), value + number)
            )
    return rows


@given(st.lists(records, min_size=1, max_size=6))
def test_a_pack_resolves_as_the_standard_says(pack: list[dict[str, Any]]) -> None:
    expected = twin(pack)
    payload = json.dumps(pack).encode()
    if not expected and not any("vs" in record or "n" in record or "t" in record for record in pack):
        with pytest.raises(Rejected) as caught:
            decode_senml(payload)
        assert caught.value.reason is Reason.EMPTY
        return
    readings = decode_senml(payload)
    rows = list(zip(readings.names, readings.units, readings.times, readings.values, strict=True))
    assert rows == expected
    assert len(rows) + sum(len(refusal.indices) for refusal in readings.refusals) <= len(pack)


@given(st.lists(st.fixed_dictionaries({"n": names, "v": numbers, "t": numbers, "u": st.just("V")}), min_size=1))
def test_the_fast_path_and_the_thorough_path_agree(pack: list[dict[str, Any]]) -> None:
    payload = json.dumps(pack).encode()
    fast, thorough = decode_senml(payload), _decode_thoroughly(payload)
    assert (fast.names, fast.units, fast.times, fast.values) == (
        thorough.names, thorough.units, thorough.times, thorough.values,
    )  # fmt: skip


@given(st.lists(st.tuples(names, numbers, numbers), min_size=1))
def test_what_is_encoded_is_decoded_again(rows: list[tuple[str, float, float]]) -> None:
    payload = encode_senml([SenmlRecord(n=name, t=time, v=value) for name, time, value in rows])
    readings = decode_senml(payload)
    assert readings.names == [name for name, _, _ in rows]
    assert readings.times == [time for _, time, _ in rows]
    assert readings.values == [value for _, _, value in rows]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_pack_or_rejected(payload: bytes) -> None:
    try:
        readings = decode_senml(payload)
    except Rejected as error:
        detail, readings = error.detail, None
    else:
        detail = ""
    assert detail or readings is not None
    if readings is not None:
        assert len(readings.names) == len(readings.values) == len(readings.times) == len(readings.units)


def test_half_a_character_in_a_key_spoils_its_record_alone() -> None:
    readings = decode_senml(b'[{"n":5},{"\\ud800":1},{"n":"a","v":2}]')
    assert readings.values == [2.0]
    assert [refusal.cause.reason for refusal in readings.refusals] == [Reason.WRONG_TYPE, Reason.NOT_DECODABLE]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.NOT_DECODABLE),
        (b"[]", Reason.EMPTY),
        (b"{}", Reason.NOT_DECODABLE),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b'[{"n":"a","v":1,"v":2}]', Reason.DUPLICATE_KEY),
        (b'[{"n":"a","v":1,"must_":2}]', Reason.NOT_DECODABLE),
        (b'[{"bver":99,"n":"a","v":1}]', Reason.NOT_DECODABLE),
        (b'[{"n":"a","v":NaN}]', Reason.NOT_DECODABLE),
    ],
)
def test_unusable_packs_are_rejected_with_their_reason(payload: bytes, reason: Reason) -> None:
    with pytest.raises(Rejected) as caught:
        decode_senml(payload)
    assert caught.value.reason is reason
