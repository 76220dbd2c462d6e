"""The AsyncAPI document says what the wire says: its examples are decoded, and what we encode fits its schemas."""

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import numpy as np
import pytest
import yaml
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from citywatch.model.waveforms import WaveformBlock
from citywatch.wire import plain_json, senml, senml_cbor, waveform
from citywatch.wire.codecs import decode, decode_block
from citywatch.wire.plain_json import PlainMessage, encode_plain_json
from citywatch.wire.senml_records import SenmlRecord
from citywatch.wire.sparkplug import payload_pb2
from citywatch.wire.sparkplug.payload import Metric, Payload, decode_payload, encode_payload, rebirth_command
from citywatch.wire.sparkplug.sessions import Sessions
from citywatch.wire.sparkplug.topics import MessageType, NodeId, SparkplugTopic, parse_sparkplug_topic
from citywatch.wire.status import Presence, Status, decode_status, encode_status
from citywatch.wire.topics import TopicKind, parse_topic
from citywatch.wire.waveform import TYPED_ARRAYS, encode_waveform

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "asyncapi.yaml"
pytestmark = pytest.mark.skipif(not DOCUMENT.is_file(), reason="the documents are not part of the wheel")

Json = Any
document: Json = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")) if DOCUMENT.is_file() else {"components": {}}
messages: Json = document["components"].get("messages", {})
EXAMPLES = [
    pytest.param(name, example, id=f"{name}: {example['name']}")
    for name, message in messages.items()
    for example in message["examples"]
]
PARAMETERS = {
    name: parameter["examples"][0] for name, parameter in document["components"].get("parameters", {}).items()
}


def fits(name: str, payload: Json) -> bool:
    """Check a payload against the schema of a message; a fault is raised with its place."""
    schema = {"components": document["components"], **messages[name]["payload"]}
    Draft7Validator({"components": document["components"], "allOf": [{"$ref": schema["$ref"]}]}).validate(payload)
    return True


def to_bytes(name: str, payload: Json) -> bytes:
    """Return the bytes that a payload of the document stands for."""
    match name:
        case "senmlCbor":
            return cbor2.dumps([{int(label): value for label, value in record.items()} for record in payload])
        case "waveformBlock":
            values = payload["values"]
            return cbor2.dumps({**payload, "values": cbor2.CBORTag(values["tag"], bytes.fromhex(values["hex"]))})
        case "sparkplug" | "rebirth":
            return json_format.ParseDict(payload, payload_pb2.Payload()).SerializeToString()
        case _:
            return json.dumps(payload).encode()


def to_document(name: str, data: bytes) -> Json:
    """Return bytes as the document writes them; the inverse of :func:`to_bytes`."""
    match name:
        case "senmlCbor":
            return [{str(label): value for label, value in record.items()} for record in cbor2.loads(data)]
        case "waveformBlock":
            block = cbor2.loads(data)
            return {**block, "values": {"tag": block["values"].tag, "hex": block["values"].value.hex()}}
        case "sparkplug" | "rebirth":
            return json_format.MessageToDict(payload_pb2.Payload.FromString(data))
        case _:
            return json.loads(data)


def readings_in(name: str, example: Json) -> int:
    """Decode an example as ingest does; return how many values it holds."""
    data, content_type = to_bytes(name, example["payload"]), messages[name]["contentType"]
    stamps = list(example.get("headers", {}).items())
    match name:
        case "waveformBlock":
            return len(decode_block(data, content_type, max_bytes=10_000, properties=stamps).values)
        case "status":
            assert decode_status(data).state in Presence
            return 1
        case "sparkplug" | "rebirth":
            return len(decode_payload(data).metrics)
        case _:
            readings = decode(data, content_type, max_bytes=10_000, properties=stamps)
            assert readings.refusals == ()
            assert (readings.sequence is not None) == ("seq" in dict(stamps) or "sequence" in example["payload"])
            assert readings == decode(data, None, max_bytes=10_000, properties=stamps), "the first byte says the same"
            assert all(time > 2**28 for time in readings.times)
            return len(readings.names)


def addresses() -> Iterator[tuple[str, str]]:
    """Yield each channel with an address filled with examples."""
    for name, channel in document["channels"].items():
        levels = {level: PARAMETERS[level] for level in channel["parameters"]}
        yield name, channel["address"].format(**levels)


def test_the_document_is_asyncapi() -> None:
    schema = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(document)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_fits_its_schema_and_our_decoders(name: str, example: Json) -> None:
    assert fits(name, example["payload"])
    assert readings_in(name, example) > 0


def test_the_sparkplug_examples_tell_one_story() -> None:
    sessions, kinds = Sessions(), (MessageType.DEVICE_BIRTH, MessageType.DEVICE_DATA, MessageType.DEVICE_DATA)
    values = []
    for kind, example in zip(kinds, messages["sparkplug"]["examples"], strict=False):
        topic = SparkplugTopic(NodeId("hanyang", "gateway-1"), kind, PARAMETERS["device"])
        heard = sessions.hear(topic, decode_payload(to_bytes("sparkplug", example["payload"])), 0.0)
        assert heard.readings.names == ["yangtze-1/strain-1/strain"]
        assert heard.readings.units == ["um/m"]
        values += heard.readings.values
    assert values == [12.5, 12.75, 12.6]


def test_every_channel_has_an_address_that_ingest_reads() -> None:
    read = set()
    for name, address in addresses():
        if name == "sparkplugNodeCommand":
            assert address == NodeId(PARAMETERS["group"], PARAMETERS["edgeNode"]).command_topic
        elif address.startswith("spBv1.0"):
            read.add(str(parse_sparkplug_topic(address).kind))
        else:
            read.add(str(parse_topic(address).kind))
    assert read == {*MessageType, *(set(TopicKind) - {TopicKind.CMD})}


def test_content_types_are_those_of_the_decoders() -> None:
    said = {name: message["contentType"] for name, message in messages.items()}
    for name, codec in (
        ("senmlJson", senml), ("senmlCbor", senml_cbor), ("plainJson", plain_json), ("waveformBlock", waveform),
    ):  # fmt: skip
        assert said[name] == codec.CONTENT_TYPE
    labels = document["components"]["schemas"]["senmlCbor"]["items"]["properties"]
    assert {label: entry["description"].split()[0] for label, entry in labels.items()} == {
        str(label): name for name, label in senml_cbor.LABELS.items() if name not in {"vs", "vd"}
    }
    tags = document["components"]["schemas"]["waveformBlock"]["properties"]["values"]["properties"]["tag"]
    assert tags["enum"] == sorted(TYPED_ARRAYS)


numbers = st.floats(allow_nan=False, allow_infinity=False)
optional_text = st.one_of(st.none(), st.text(max_size=5))
optional_number = st.one_of(st.none(), numbers)
records = st.builds(
    SenmlRecord,
    n=optional_text, u=optional_text, v=optional_number, vb=st.one_of(st.none(), st.booleans()), t=optional_number,
    bn=optional_text, bt=optional_number, bu=optional_text, bv=optional_number, bver=st.one_of(st.none(), st.just(10)),
)  # fmt: skip


@given(st.lists(records, min_size=1, max_size=4))
def test_encoded_packs_fit_their_schemas(pack: list[SenmlRecord]) -> None:
    assert fits("senmlJson", to_document("senmlJson", senml.encode_senml(pack)))
    assert fits("senmlCbor", to_document("senmlCbor", senml_cbor.encode_senml_cbor(pack)))


@given(st.dictionaries(st.text(max_size=5), numbers, min_size=1), numbers, st.one_of(st.none(), st.integers(0, 2**62)))
def test_encoded_plain_messages_fit_their_schema(values: dict[str, float], time: float, sequence: int | None) -> None:
    message = PlainMessage(values, time, {"a": "K"}, sequence)
    assert fits("plainJson", to_document("plainJson", encode_plain_json(message)))


@pytest.mark.parametrize(("dtype", "unit"), list(itertools.product(TYPED_ARRAYS.values(), [None, "m/s2"])))
def test_encoded_blocks_fit_their_schema(dtype: str, unit: str | None) -> None:
    block = WaveformBlock("acceleration", 1.795e9, 100.0, np.array([1.0, -2.0], dtype=np.float32), unit, 5, 1.795e9)
    assert fits("waveformBlock", to_document("waveformBlock", encode_waveform(block, dtype=dtype)))


@pytest.mark.parametrize("state", Presence)
def test_encoded_statuses_fit_their_schema(state: Presence) -> None:
    for time in (None, datetime(2026, 11, 20, tzinfo=UTC)):
        assert fits("status", to_document("status", encode_status(Status(state, time))))


@given(st.lists(st.builds(Metric, name=optional_text, alias=st.integers(0, 9), value=st.floats(), unit=st.just("K"))))
def test_encoded_sparkplug_payloads_fit_their_schema(metrics: list[Metric]) -> None:
    assert fits("sparkplug", to_document("sparkplug", encode_payload(Payload(1.0, 3, tuple(metrics)))))
    assert fits("rebirth", to_document("rebirth", rebirth_command(1.0)))


def test_references_lead_somewhere() -> None:
    for reference in re.findall(r"\$ref: '#/([^']+)'", DOCUMENT.read_text(encoding="utf-8")):
        place = document
        for step in reference.split("/"):
            place = place[step]
        assert place
