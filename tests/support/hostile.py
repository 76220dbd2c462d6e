"""Payloads that no device should send and every network delivers; each with the reason it must be rejected for.

Well-formed but insane ones are here as well. After any of them, the next good message must be stored.
"""

from dataclasses import dataclass

from citywatch.errors import Reason
from citywatch.wire.senml import CONTENT_TYPE

GOOD_TIME = 1_795_000_000.0  # 2026-11-19, "now" of the tests that use the corpus


@dataclass(frozen=True)
class Hostile:
    """One payload; ``readings`` is how many readings the ledger must show as rejected."""

    name: str
    payload: bytes
    reason: Reason
    readings: int = 1
    content_type: str | None = CONTENT_TYPE


def record(**fields: object) -> bytes:
    """Return a pack of one record, written by hand so that it may be wrong."""
    import json

    return json.dumps([{"n": "strain", "u": "um/m", "t": GOOD_TIME, "v": 1.0, **fields}]).encode()


HOSTILE: tuple[Hostile, ...] = (
    Hostile("empty", b"", Reason.EMPTY),
    Hostile("empty pack", b"[]", Reason.EMPTY),
    Hostile("binary junk", bytes(range(256)) * 4, Reason.NOT_DECODABLE),
    Hostile("binary junk without a content type", b"\x9f\xff\x00\x01", Reason.UNKNOWN_FORMAT, content_type=None),
    Hostile("invalid JSON", b'[{"n": "strain", "v": 1', Reason.NOT_DECODABLE),
    Hostile("two documents", record() + record(), Reason.NOT_DECODABLE),
    Hostile("not a pack", b'{"n": "strain", "v": 1}', Reason.NOT_DECODABLE),
    Hostile("a number", b"42", Reason.NOT_DECODABLE),
    Hostile("not UTF-8", b'[{"n": "\xff\xfe", "v": 1}]', Reason.NOT_DECODABLE),
    Hostile("NaN", b'[{"n": "strain", "t": 1795000000, "v": NaN}]', Reason.NOT_DECODABLE),
    Hostile("Infinity", b'[{"n": "strain", "t": 1795000000, "v": Infinity}]', Reason.NOT_DECODABLE),
    Hostile("1e999", b'[{"n": "strain", "u": "um/m", "t": 1795000000, "v": 1e999}]', Reason.NOT_FINITE),
    Hostile("overflowing base value", record(bv=1e308, v=1.7e308), Reason.NOT_FINITE),
    Hostile("10 MB", b"[" + b" " * 10_000_000 + b"]", Reason.TOO_LARGE),
    Hostile("nested lists", b"[" * 100_000, Reason.TOO_DEEP),
    Hostile("nested unknown field", b'[{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}]", Reason.TOO_DEEP),
    Hostile("duplicate key", b'[{"n": "strain", "t": 1795000000, "v": 1, "v": 2}]', Reason.DUPLICATE_KEY),
    Hostile("value is text", record(v="1.0"), Reason.WRONG_TYPE),
    Hostile("value is a list", record(v=[1.0]), Reason.WRONG_TYPE),
    Hostile("name is a number", record(n=5), Reason.WRONG_TYPE),
    Hostile("string value", b'[{"n": "strain", "t": 1795000000, "vs": "high"}]', Reason.WRONG_TYPE),
    Hostile("no value", b'[{"n": "strain", "t": 1795000000}]', Reason.NO_VALUE),
    Hostile("null value", record(v=None), Reason.NO_VALUE),
    Hostile("no time", b'[{"n": "strain", "u": "um/m", "v": 1}]', Reason.TIME_MISSING),
    Hostile("relative time", record(t=-5), Reason.TIME_MISSING),
    Hostile("far future", record(t=GOOD_TIME + 86_400), Reason.TIME_IN_FUTURE),
    Hostile("beyond any calendar", record(t=1e300), Reason.TIME_IN_FUTURE),
    Hostile("ancient", record(t=float(2**28)), Reason.TIME_TOO_OLD),
    Hostile("unknown property", record(n="humour"), Reason.UNKNOWN_DATASTREAM),
    Hostile("another sensor's name", record(n="yangtze-2/strain-1/strain"), Reason.NAME_MISMATCH),
    Hostile("unit of another quantity", record(u="Cel"), Reason.UNIT_MISMATCH),
    Hostile("unknown unit", record(u="furlong"), Reason.UNIT_MISMATCH),
    Hostile("field that must be understood", record(secret_=1), Reason.NOT_DECODABLE),
    Hostile("version of the future", record(bver=11), Reason.NOT_DECODABLE),
    Hostile("unknown content type", record(), Reason.UNKNOWN_FORMAT, content_type="application/xml"),
    Hostile("NUL and lone surrogate", b'[{"n": "a\\u0000\\ud800", "t": 1795000000, "v": 1}]', Reason.NOT_DECODABLE),
    Hostile(
        "thousand bad names", b"[" + b",".join([record(n="x")[1:-1]] * 1000) + b"]", Reason.UNKNOWN_DATASTREAM, 1000
    ),
)
