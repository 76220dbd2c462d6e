"""What is fuzzed: each decoder alone, and the way from a delivery to a batch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import numpy as np

from citywatch.broker import Delivery
from citywatch.model.readings import Readings
from citywatch.model.waveforms import WaveformBlock
from citywatch.wire.codecs import DECODERS, decode, decode_block
from citywatch.wire.plain_json import CONTENT_TYPE as PLAIN_JSON
from citywatch.wire.plain_json import PlainMessage, encode_plain_json
from citywatch.wire.senml import CONTENT_TYPE as SENML_JSON
from citywatch.wire.senml import encode_senml
from citywatch.wire.senml_cbor import CONTENT_TYPE as SENML_CBOR
from citywatch.wire.senml_cbor import encode_senml_cbor
from citywatch.wire.senml_records import SenmlRecord
from citywatch.wire.sparkplug.payload import decode_payload, encode_payload
from citywatch.wire.sparkplug.sessions import Sessions
from citywatch.wire.sparkplug.topics import MessageType, NodeId, SparkplugTopic, parse_sparkplug_topic
from citywatch.wire.status import decode_status
from citywatch.wire.topics import parse_topic
from citywatch.wire.waveform import TYPED_ARRAYS, encode_waveform
from ingest.assemble import TimeWindow, assemble
from ingest.catalogue import Catalogue
from ingest.interpret import interpret
from ingest.sparkplug import SparkplugInterpreter
from tests.support.edge_node import EdgeNodeDevice
from tests.support.hostile import hostile_corpus
from tests.support.registry import TOPIC, small_registry

NOW: Final = 1_795_000_000.0
_LIMIT: Final = 1_048_576
_WINDOW: Final = TimeWindow(timedelta(minutes=5), timedelta(days=3650))
_RECEIVED: Final = int(NOW * 1e6)


@dataclass(frozen=True)
class Target:
    """Something that takes bytes, and payloads it knows."""

    run: Callable[[bytes], object]
    seeds: Sequence[bytes]


def targets() -> Mapping[str, Target]:
    """Return everything that is fuzzed, by name."""
    hostile = [hostile.payload[:5000] for hostile in hostile_corpus(NOW)]
    telemetry = [*_packs().values(), *hostile]
    waves, sparkplug = _waves(), _sparkplug()
    found = {
        content_type: Target(partial(_decode_as, content_type), [pack, pack, pack, *_alike(pack, hostile)])
        for content_type, pack in _packs().items()
    }
    return found | {
        "first byte": Target(lambda data: decode(data, None, max_bytes=_LIMIT), telemetry),
        "waveform": Target(lambda data: decode_block(data, None, max_bytes=_LIMIT), waves),
        "status": Target(decode_status, [b'{"state":"online","time":"2026-01-01T00:00:00Z"}', b'{"state":"offline"}']),
        "sparkplug": Target(_hear, sparkplug),
        "topics": Target(_parse_topics, [TOPIC.encode(), b"spBv1.0/hanyang/DDATA/gateway/yangtze-1:strain-1"]),
        "ingest": Target(_ingest, [*telemetry, *waves, *sparkplug]),
    }


def _decode_as(content_type: str, data: bytes) -> Readings:
    return decode(data, content_type, max_bytes=_LIMIT)


def _alike(pack: bytes, payloads: Iterable[bytes]) -> list[bytes]:
    """Return the payloads that begin as a pack does."""
    return [payload for payload in payloads if payload[:1] == pack[:1]]


def _packs() -> dict[str, bytes]:
    """Return a good payload of each telemetry format."""
    records = [SenmlRecord(bn="a/", bt=NOW, bu="um/m", n="strain", v=1.5), SenmlRecord(n="b", t=-1.0, vb=True)]
    plain = PlainMessage({"strain": 1.5, "tilt": 2.0}, "2026-11-18T07:06:40Z", {"strain": "um/m"}, 5, NOW)
    packs = {
        SENML_JSON: encode_senml(records),
        SENML_CBOR: encode_senml_cbor(records),
        PLAIN_JSON: encode_plain_json(plain),
    }
    assert packs.keys() == DECODERS.keys()
    return packs


def _waves() -> list[bytes]:
    block = WaveformBlock("acceleration", NOW, 100.0, np.array([0.5, -0.5, 1.0], dtype=np.float32), "m/s2", 5, NOW)
    return [encode_waveform(block, dtype=code, scale=0.5) for code in TYPED_ARRAYS.values()]


def _sparkplug() -> list[bytes]:
    device = EdgeNodeDevice({None: ("yangtze-1/strain-1/strain",), "yangtze-1:strain-1": ("strain",)})
    sent = [*device.born(1.0), device.data("yangtze-1:strain-1", "strain", 2.0), device.death()]
    return [encode_payload(payload) for _, payload in sent]


def _hear(data: bytes) -> None:
    """Let a host with a memory of one message hear the input as every kind of message."""
    payload, sessions = decode_payload(data), Sessions()
    for kind in (*MessageType, *MessageType):
        topic = SparkplugTopic(NodeId("hanyang", "g"), kind, "yangtze-1:strain-1" if kind.is_of_device else None)
        sessions.hear(topic, payload, NOW)


def _parse_topics(data: bytes) -> object:
    text = data.decode("utf-8", "surrogateescape")
    return parse_sparkplug_topic(text) if text.startswith("sp") else parse_topic(text)


_CATALOGUE: Final = Catalogue(small_registry())


def _ingest(data: bytes) -> None:
    """Take the input in on every kind of topic: nothing may be raised, and the account must balance."""
    host = SparkplugInterpreter(lambda _topic, _payload: None, max_bytes=_LIMIT)
    messages = [
        interpret(_delivery(TOPIC.replace("senml", kind), data), _CATALOGUE, max_bytes=_LIMIT)
        for kind in ("senml", "wave", "status", "cmd")
    ]
    messages += [
        host.interpret(_delivery(f"spBv1.0/hanyang/{kind}", data), _CATALOGUE)
        for kind in ("NBIRTH/g", "DBIRTH/g/yangtze-1:strain-1", "DDATA/g/yangtze-1:strain-1", "NDATA/g", "NDEATH/g")
    ]
    batch = assemble(messages, _CATALOGUE, _WINDOW, keep_bytes=100)
    received = sum(account.received for account in batch.accounts)
    rejected = sum(account.rejected for account in batch.accounts)
    assert received == len(batch.observations) + len(batch.waveforms) + rejected
    assert rejected == sum(letter.readings for letter in batch.dead_letters)
    assert np.isfinite(batch.observations.result).all()


def _delivery(topic: str, data: bytes) -> Delivery:
    return Delivery(topic, data, None, _RECEIVED, False, 1, 1, 1, [("seq", data[:5].decode("latin-1"))])
