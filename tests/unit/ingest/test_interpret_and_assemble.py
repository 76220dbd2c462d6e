"""From the bytes of a message to a batch: everything is stored or accounted for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.broker import Delivery
from citywatch.errors import Reason
from citywatch.model.observations import Batch
from citywatch.model.quality import Flag
from citywatch.model.waveforms import WaveformBlock
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.waveform import encode_waveform
from ingest.assemble import TimeWindow, assemble
from ingest.catalogue import Catalogue
from ingest.interpret import interpret
from tests.support.hostile import Hostile, hostile_corpus
from tests.support.registry import TOPIC, small_registry

GOOD_TIME = 1_795_000_000.0  # 2026-11-18
HOSTILE = hostile_corpus(GOOD_TIME)
CATALOGUE = Catalogue(small_registry())
WINDOW = TimeWindow(ahead=timedelta(minutes=5), behind=timedelta(days=3650))
RECEIVED = int(GOOD_TIME * 1e6)


def delivery(payload: bytes, *, topic: str = TOPIC, content_type: str | None = CONTENT_TYPE) -> Delivery:
    return Delivery(topic, payload, content_type, RECEIVED, False, 1, 1, 1)


def batch_of(*deliveries: Delivery) -> Batch:
    messages = [interpret(one, CATALOGUE, max_bytes=1_048_576) for one in deliveries]
    return assemble(messages, CATALOGUE, WINDOW, keep_bytes=1000)


def assert_balanced(batch: Batch) -> None:
    """Every received reading is an observation or rejected, and every rejected one is in a dead letter."""
    received = sum(account.received for account in batch.accounts)
    rejected = sum(account.rejected for account in batch.accounts)
    assert received == len(batch.observations) + len(batch.waveforms) + rejected
    assert rejected == sum(letter.readings for letter in batch.dead_letters)
    assert len(batch.row_account) == len(batch.observations)
    assert len(batch.waveform_account) == len(batch.waveforms)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_hostile_payload_is_rejected_with_its_reason(hostile: Hostile) -> None:
    batch = batch_of(delivery(hostile.payload, content_type=hostile.content_type))
    assert [letter.reason for letter in batch.dead_letters] == [hostile.reason]
    assert len(batch.observations) == 0
    assert sum(account.rejected for account in batch.accounts) == hostile.readings
    letter = batch.dead_letters[0]
    assert letter.payload == hostile.payload[:1000]
    assert letter.payload_size == len(hostile.payload)
    assert letter.detail
    assert_balanced(batch)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_good_neighbours_of_a_hostile_payload_are_stored(hostile: Hostile) -> None:
    good = delivery(encode_senml([SenmlRecord(n="strain", u="um/m", t=GOOD_TIME, v=7.5)]))
    batch = batch_of(good, delivery(hostile.payload, content_type=hostile.content_type), good)
    assert batch.observations.result.tolist() == [7.5, 7.5]
    assert_balanced(batch)


def test_one_bad_record_spares_the_others_of_its_pack() -> None:
    pack = (
        b'[{"bn":"","bt":1795000000,"n":"strain","u":"um/m","v":1},{"n":"strain","u":"um/m","t":1,"v":"x"},'
        b'{"n":"humour","t":2,"v":3},{"n":"strain","u":"um/m","t":3,"v":4},{"n":"strain","u":"um/m","t":999999,"v":5}]'
    )
    batch = batch_of(delivery(pack))
    assert batch.observations.result.tolist() == [1.0, 4.0]
    refused = {letter.reason: letter.indices for letter in batch.dead_letters}
    assert refused == {
        Reason.WRONG_TYPE: (1,),
        Reason.UNKNOWN_DATASTREAM: (2,),
        Reason.TIME_IN_FUTURE: (4,),
    }
    assert_balanced(batch)


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("citywatch/v1/hanyang/bridge/yangtze-1/strain-1", Reason.UNKNOWN_TOPIC),
        ("citywatch/v1/hanyang/bridge/yangtze-1/strain-1/news", Reason.UNKNOWN_TOPIC),
        ("citywatch/v1/hanyang/bridge/Yangtze 1/strain-1/senml", Reason.UNKNOWN_TOPIC),
        ("elsewhere", Reason.UNKNOWN_TOPIC),
        ("citywatch/v1/hanyang/bridge/atlantis/strain-1/senml", Reason.UNKNOWN_DATASTREAM),
        ("citywatch/v1/wuchang/bridge/yangtze-1/strain-1/senml", Reason.NAME_MISMATCH),
        ("citywatch/v1/hanyang/gas/yangtze-1/strain-1/senml", Reason.NAME_MISMATCH),
        ("citywatch/v1/hanyang/bridge/yangtze-1/strain-1/wave", Reason.UNKNOWN_FORMAT),
    ],
)
def test_topics_that_lead_nowhere(topic: str, reason: Reason) -> None:
    batch = batch_of(delivery(encode_senml([SenmlRecord(n="strain", u="um/m", t=GOOD_TIME, v=1)]), topic=topic))
    assert [letter.reason for letter in batch.dead_letters] == [reason]
    assert_balanced(batch)


def test_values_arrive_in_the_unit_of_the_datastream_with_their_quality() -> None:
    batch = batch_of(
        delivery(
            encode_senml(
                [
                    SenmlRecord(bt=GOOD_TIME, n="structure_temperature", u="K", v=293.15),
                    SenmlRecord(n="structure_temperature", u="Cel", v=70.0, t=1.0),
                    SenmlRecord(n="structure_temperature", v=90.0, t=2.0),
                    SenmlRecord(n="yangtze-1/strain-1/strain", v=1.0, t=3.25),
                ]
            )
        )
    )
    assert batch.observations.datastream_id.tolist() == [2, 2, 2, 1]
    assert batch.observations.result.tolist() == pytest.approx([20.0, 70.0, 90.0, 1.0])
    assert batch.observations.quality.tolist() == [Flag.PASS, Flag.SUSPECT, Flag.FAIL, Flag.PASS]
    assert batch.observations.phenomenon_time.tolist() == [RECEIVED + 1_000_000 * i for i in range(3)] + [
        RECEIVED + 3_250_000
    ]


def test_a_remembered_refusal_does_not_keep_its_messages() -> None:
    bad = delivery(encode_senml([SenmlRecord(n="humour", t=GOOD_TIME, v=1.0)]))
    for _ in range(3):
        (refusal,) = interpret(bad, CATALOGUE, max_bytes=1000).refusals
        assert refusal.cause.__traceback__ is None


def test_status_messages_become_statuses() -> None:
    topic = TOPIC.replace("senml", "status")
    batch = batch_of(
        delivery(b'{"state":"online","time":"2026-11-19T10:00:00Z"}', topic=topic, content_type=None),
        delivery(b'{"state":"asleep"}', topic=topic, content_type=None),
    )
    (status,) = batch.statuses
    assert (status.asset_id, status.sensor_id, status.state) == ("yangtze-1", "strain-1", "online")
    assert status.changed_at == datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert [letter.reason for letter in batch.dead_letters] == [Reason.NOT_DECODABLE]


def test_accounts_follow_minute_and_source() -> None:
    late = Delivery(TOPIC, b"", CONTENT_TYPE, RECEIVED + 60_000_000, False, 1, 1, 1)
    batch = batch_of(delivery(b""), late, delivery(b"", topic="elsewhere"))
    assert [(account.source, account.messages, account.rejected) for account in batch.accounts] == [
        ("hanyang/bridge", 1, 1),
        ("hanyang/bridge", 1, 1),
        ("?", 1, 1),
    ]
    assert batch.accounts[1].minute - batch.accounts[0].minute == timedelta(minutes=1)


def wave(
    start: float = GOOD_TIME, *, name: str = "acceleration", unit: str | None = "m/s2", peak: float = 1.0
) -> Delivery:
    values = np.array([0.0, peak, -0.5], dtype=np.float32)
    payload = encode_waveform(WaveformBlock(name, start, 100.0, values, unit))
    return delivery(payload, topic=TOPIC.replace("senml", "wave"), content_type=None)


def test_a_waveform_block_counts_as_one_reading() -> None:
    batch = batch_of(wave(), wave(GOOD_TIME + 1, unit="mm/s2", peak=1000.0), wave(GOOD_TIME + 2, peak=10.0))
    assert [block.datastream_id for block in batch.waveforms] == [3, 3, 3]
    assert [block.start_time for block in batch.waveforms] == [RECEIVED + 1_000_000 * i for i in range(3)]
    assert batch.waveforms[1].values.tolist() == pytest.approx([0.0, 1.0, -0.0005])
    assert batch.waveform_quality.tolist() == [Flag.PASS, Flag.PASS, Flag.SUSPECT]
    assert [(account.received, account.rejected) for account in batch.accounts] == [(3, 0)]
    assert_balanced(batch)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (wave(GOOD_TIME + 299.99), Reason.TIME_IN_FUTURE),  # its last value comes 20 ms later
        (wave(GOOD_TIME - 4000 * 86_400), Reason.TIME_TOO_OLD),
        (wave(5.0), Reason.TIME_MISSING),
        (wave(name="strain"), Reason.WRONG_TYPE),
        (wave(name="humour"), Reason.UNKNOWN_DATASTREAM),
        (wave(unit="Cel"), Reason.UNIT_MISMATCH),
        (wave(unit="[g]", peak=3e38), Reason.NOT_FINITE),
        (delivery(encode_senml([SenmlRecord(n="acceleration", t=GOOD_TIME, v=1.0)])), Reason.WRONG_TYPE),
    ],
)
def test_a_refused_waveform_block_spares_its_neighbours(block: Delivery, reason: Reason) -> None:
    batch = batch_of(wave(), block, wave(GOOD_TIME + 1))
    assert len(batch.waveforms) == 2
    assert [(letter.reason, letter.readings) for letter in batch.dead_letters] == [(reason, 1)]
    assert_balanced(batch)


records = st.builds(
    SenmlRecord,
    n=st.sampled_from(["strain", "structure_temperature", "humour", "yangtze-1/strain-1/strain", None]),
    u=st.sampled_from(["um/m", "Cel", "K", "furlong", None]),
    v=st.one_of(st.none(), st.floats()),
    vb=st.one_of(st.none(), st.booleans()),
    t=st.one_of(st.none(), st.floats(), st.floats(GOOD_TIME - 1000, GOOD_TIME + 1000)),
    bt=st.one_of(st.none(), st.floats(-10, 10), st.just(GOOD_TIME)),
    bn=st.sampled_from([None, "", "yangtze-1/strain-1/"]),
)


@given(st.lists(st.lists(records, max_size=6), max_size=5))
def test_any_packs_are_balanced(packs: Sequence[Sequence[SenmlRecord]]) -> None:
    assert_balanced(batch_of(*(delivery(encode_senml(pack)) for pack in packs)))


@given(st.binary(max_size=200), st.text(max_size=60), st.one_of(st.none(), st.text(max_size=20), st.just(CONTENT_TYPE)))
def test_any_bytes_on_any_topic_are_balanced(payload: bytes, topic: str, content_type: str | None) -> None:
    assert_balanced(
        batch_of(
            delivery(payload, topic=topic, content_type=content_type), delivery(payload, content_type=content_type)
        )
    )
