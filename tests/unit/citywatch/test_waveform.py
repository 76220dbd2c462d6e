"""Waveform blocks on the wire."""

from typing import Any

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from citywatch.errors import Reason, Rejected
from citywatch.model.waveforms import Samples, WaveformBlock
from citywatch.wire.codecs import decode_block
from citywatch.wire.waveform import CONTENT_TYPE, MOST_SAMPLES, TYPED_ARRAYS, decode_waveform, encode_waveform

samples = arrays(np.float32, st.integers(1, 30), elements=st.floats(-1e6, 1e6, width=32))
FLOATS = [code for code in TYPED_ARRAYS.values() if code.endswith(("f4", "f8"))]
INTEGERS = [code for code in TYPED_ARRAYS.values() if code.endswith("i2")]


def message(**fields: object) -> bytes:
    """Return a good message with some fields replaced; None takes one away."""
    values = cbor2.CBORTag(85, np.array([1.0, 2.0], dtype="<f4").tobytes())
    good = {"time": 1.795e9, "rate": 100.0, "property": "acceleration", "unit": "m/s2", "values": values}
    return cbor2.dumps({name: value for name, value in (good | fields).items() if value is not None})


def array(tag: int, *values: float) -> cbor2.CBORTag:
    return cbor2.CBORTag(tag, np.array(values, dtype=TYPED_ARRAYS[tag]).tobytes())


@given(
    st.text(max_size=10),
    st.floats(0, 1e11),
    st.floats(1e-2, 1e6),
    samples,
    st.one_of(st.none(), st.just("m/s2")),
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
    st.sampled_from(FLOATS),
)
def test_what_is_encoded_is_decoded_again(
    name: str, start: float, rate: float, values: Samples, unit: str | None, sequence: int | None, dtype: str
) -> None:
    block = WaveformBlock(name, start, rate, values, unit, sequence, sent=start)
    again = decode_block(encode_waveform(block, dtype=dtype), None, max_bytes=10_000)
    assert np.array_equal(again.values, values)
    assert again.values.dtype == np.float32
    for field in ("name", "start_time", "sampling_rate", "unit", "sequence", "sent"):
        assert getattr(again, field) == getattr(block, field)


@given(arrays(np.float32, st.integers(1, 30), elements=st.floats(-2.5, 2.5, width=32)), st.sampled_from(INTEGERS))
def test_integers_keep_values_to_half_a_step(values: Samples, dtype: str) -> None:
    block = WaveformBlock("acceleration", 1.795e9, 100.0, values)
    again = decode_waveform(encode_waveform(block, dtype=dtype, scale=0.0001, offset=0.5))
    assert np.abs(again.values - values).max() <= 0.00005 + 1e-6


def test_values_that_do_not_fit_integers_are_not_encoded() -> None:
    block = WaveformBlock("acceleration", 1.795e9, 100.0, np.array([40_000.0], dtype=np.float32))
    with pytest.raises(ValueError, match="do not fit <i2 at scale 1"):
        encode_waveform(block, dtype="<i2")


def test_byte_orders_mean_the_same() -> None:
    for tags, expected in (((73, 77), [-2.0, 300.0]), ((81, 82, 85, 86), [-2.5, 300.25])):
        for tag in tags:
            assert decode_waveform(message(values=array(tag, *expected))).values.tolist() == expected


json_like = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**64), 2**64 - 1), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
)
typed_arrays = st.builds(cbor2.CBORTag, st.integers(60, 90), st.one_of(st.binary(max_size=20), st.integers()))
hostile_fields = st.dictionaries(
    st.sampled_from(["time", "rate", "property", "unit", "values", "scale", "offset", "sequence", "sent", "more"]),
    st.one_of(json_like, typed_arrays),
)


@given(st.one_of(st.binary(max_size=200), hostile_fields.map(lambda fields: message(**fields))))
def test_any_bytes_are_a_block_or_rejected(payload: bytes) -> None:
    try:
        block = decode_waveform(payload)
    except Rejected:
        return
    assert len(block.values) > 0
    assert np.isfinite(block.values).all()
    assert block.sampling_rate > 0
    assert 0 <= block.start_time <= 1e11


@pytest.mark.parametrize(
    ("fields", "reason", "complaint"),
    [
        ({"time": None}, Reason.TIME_MISSING, "time is missing"),
        ({"time": "2026-01-01T00:00:00"}, Reason.WRONG_TYPE, "no zone"),
        ({"time": 1e300}, Reason.WRONG_TYPE, "no instant"),
        ({"rate": 0}, Reason.WRONG_TYPE, "rate 0.0"),
        ({"rate": float("nan")}, Reason.WRONG_TYPE, "rate nan"),
        ({"rate": None}, Reason.WRONG_TYPE, "rate"),
        ({"rate": 1e-6}, Reason.TOO_LARGE, "longer than 3600 s"),
        ({"property": 5}, Reason.WRONG_TYPE, "property"),
        ({"values": [1.0, 2.0]}, Reason.WRONG_TYPE, "no typed array"),
        ({"values": cbor2.CBORTag(64, b"ab")}, Reason.WRONG_TYPE, "no typed array"),
        ({"values": cbor2.CBORTag(85, b"")}, Reason.EMPTY, "0 bytes"),
        ({"values": cbor2.CBORTag(85, b"abc")}, Reason.NOT_DECODABLE, "3 bytes"),
        ({"values": array(85, 1.0, float("nan"))}, Reason.NOT_FINITE, "not finite"),
        ({"values": array(86, 1e300)}, Reason.NOT_FINITE, "not finite"),
        ({"values": array(77, 1), "scale": float("inf")}, Reason.NOT_FINITE, "not finite"),
        ({"values": cbor2.CBORTag(77, bytes(2 * MOST_SAMPLES + 2))}, Reason.TOO_LARGE, "more than"),
        ({"sequence": -1}, Reason.WRONG_TYPE, "sequence"),
    ],
)
def test_unusable_blocks_are_rejected_with_field_and_reason(
    fields: dict[str, Any], reason: Reason, complaint: str
) -> None:
    with pytest.raises(Rejected, match=complaint) as caught:
        decode_waveform(message(**fields))
    assert caught.value.reason is reason


def test_another_content_type_is_no_waveform() -> None:
    assert decode_block(message(), CONTENT_TYPE, max_bytes=1000, properties=[("seq", "5")]).sequence == 5
    for payload, content_type, most, reason in (
        (message(), "application/cbor", 1000, Reason.UNKNOWN_FORMAT),
        (b"", None, 1000, Reason.EMPTY),
        (message(), None, 20, Reason.TOO_LARGE),
        (b"\x80", None, 1000, Reason.NOT_DECODABLE),
    ):
        with pytest.raises(Rejected) as caught:
            decode_block(payload, content_type, max_bytes=most)
        assert caught.value.reason is reason
