"""Payloads that no device should send and every network delivers; each with the reason it must be rejected for.

Well-formed but insane ones are here as well. After any of them, the next good message must be stored.
"""

import json
from dataclasses import dataclass

from citywatch.errors import Reason
from citywatch.wire.plain_json import CONTENT_TYPE as PLAIN_JSON
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord
from citywatch.wire.senml_cbor import CONTENT_TYPE as SENML_CBOR
from citywatch.wire.senml_cbor import encode_senml_cbor


@dataclass(frozen=True)
class Hostile:
    """One payload; ``readings`` is how many readings the ledger must show as rejected."""

    name: str
    payload: bytes
    reason: Reason
    readings: int = 1
    content_type: str | None = CONTENT_TYPE


def hostile_corpus(now: float) -> tuple[Hostile, ...]:
    """Return the corpus as it would be sent at ``now`` [s since the epoch]."""

    def record(**fields: object) -> bytes:
        """Return a pack of one record, written by hand so that it may be wrong."""
        return json.dumps([{"n": "strain", "u": "um/m", "t": now, "v": 1.0, **fields}]).encode()

    return (
        Hostile("empty", b"", Reason.EMPTY),
        Hostile("empty pack", b"[]", Reason.EMPTY),
        Hostile("binary junk", bytes(range(256)) * 4, Reason.NOT_DECODABLE),
        Hostile("binary junk without a content type", b"\x00\x01\xff", Reason.UNKNOWN_FORMAT, content_type=None),
        Hostile("junk that begins like CBOR", b"\x9f\xff\x00\x01", Reason.NOT_DECODABLE, content_type=None),
        Hostile("nested CBOR", b"\x81" * 100_000, Reason.TOO_DEEP, content_type=SENML_CBOR),
        Hostile("endless CBOR", b"\x9b" + b"\xff" * 8, Reason.NOT_DECODABLE, content_type=SENML_CBOR),
        Hostile(
            "NaN in CBOR",
            encode_senml_cbor([SenmlRecord(n="strain", t=now, v=float("nan"))]),
            Reason.NOT_FINITE,
            content_type=SENML_CBOR,
        ),
        Hostile("invalid JSON", b'[{"n": "strain", "v": 1', Reason.NOT_DECODABLE),
        Hostile("two documents", record() + record(), Reason.NOT_DECODABLE),
        Hostile("not a pack", b'{"n": "strain", "v": 1}', Reason.NOT_DECODABLE),
        Hostile("a number", b"42", Reason.NOT_DECODABLE),
        Hostile("not UTF-8", b'[{"n": "\xff\xfe", "v": 1}]', Reason.NOT_DECODABLE),
        Hostile("NaN", record(v=float("nan")), Reason.NOT_DECODABLE),
        Hostile("Infinity", record(v=float("inf")), Reason.NOT_DECODABLE),
        Hostile("1e999", record().replace(b"1.0", b"1e999"), Reason.NOT_FINITE),
        Hostile("overflowing base value", record(bv=1e308, v=1.7e308), Reason.NOT_FINITE),
        Hostile("10 MB", b"[" + b" " * 10_000_000 + b"]", Reason.TOO_LARGE),
        Hostile("nested lists", b"[" * 100_000, Reason.TOO_DEEP),
        Hostile("nested unknown field", b'[{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}]", Reason.TOO_DEEP),
        Hostile("duplicate key", record().replace(b"}", b', "v": 2.0}'), Reason.DUPLICATE_KEY),
        Hostile("value is text", record(v="1.0"), Reason.WRONG_TYPE),
        Hostile("value is a list", record(v=[1.0]), Reason.WRONG_TYPE),
        Hostile("name is a number", record(n=5), Reason.WRONG_TYPE),
        Hostile("string value", record(vs="high", v=None), Reason.WRONG_TYPE),
        Hostile("no value", record().replace(b', "v": 1.0', b""), Reason.NO_VALUE),
        Hostile("null value", record(v=None), Reason.NO_VALUE),
        Hostile("no time", record(t=None), Reason.TIME_MISSING),
        Hostile("relative time", record(t=-5), Reason.TIME_MISSING),
        Hostile("far future", record(t=now + 86_400), Reason.TIME_IN_FUTURE),
        Hostile("beyond any calendar", record(t=1e300), Reason.TIME_IN_FUTURE),
        Hostile("ancient", record(t=float(2**28)), Reason.TIME_TOO_OLD),
        Hostile("unknown property", record(n="humour"), Reason.UNKNOWN_DATASTREAM),
        Hostile("another sensor's name", record(n="yangtze-2/strain-1/strain"), Reason.NAME_MISMATCH),
        Hostile("unit of another quantity", record(u="Cel"), Reason.UNIT_MISMATCH),
        Hostile("unknown unit", record(u="furlong"), Reason.UNIT_MISMATCH),
        Hostile("field that must be understood", record(secret_=1), Reason.NOT_DECODABLE),
        Hostile("version of the future", record(bver=11), Reason.NOT_DECODABLE),
        Hostile(
            "plain JSON without a time", b'{"values": {"strain": 1}}', Reason.TIME_MISSING, content_type=PLAIN_JSON
        ),
        Hostile("plain JSON without values", b'{"time": 1, "values": {}}', Reason.EMPTY, content_type=None),
        Hostile(
            "plain JSON in local time", b'{"time":"2026-01-01T08:00","values":{"strain":1}}', Reason.WRONG_TYPE, 1, None
        ),
        Hostile("nested plain JSON", b'{"values":' + b"[" * 100_000, Reason.TOO_DEEP, content_type=PLAIN_JSON),
        Hostile("unknown content type", record(), Reason.UNKNOWN_FORMAT, content_type="application/xml"),
        Hostile("lone surrogate in a key", b'[{"\\ud800":5,"n":5}]', Reason.NOT_DECODABLE),
        Hostile("lone surrogate in a plain key", b'{"\\ud800":5}', Reason.NOT_DECODABLE, content_type=PLAIN_JSON),
        Hostile("NUL and lone surrogate", record(n="a\0\ud800"), Reason.NOT_DECODABLE),
        Hostile(
            "thousand bad names", b"[" + b",".join([record(n="x")[1:-1]] * 1000) + b"]", Reason.UNKNOWN_DATASTREAM, 1000
        ),
    )
