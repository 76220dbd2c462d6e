"""From rows of the database to messages as devices would send them."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby
from typing import Final

from citywatch.clock import to_micros
from citywatch.model.waveforms import WaveformBlock
from citywatch.storage.pipeline.history import Origin, StoredObservation, StoredWaveform
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.topics import PREFIX, TopicKind
from citywatch.wire.waveform import CONTENT_TYPE as WAVEFORM
from citywatch.wire.waveform import encode_waveform
from simulators.recordings.message import RecordedMessage

_PACK: Final = 1000  # readings of one message


def messages_of(
    observations: Iterable[StoredObservation], waveforms: Iterable[StoredWaveform]
) -> Iterator[RecordedMessage]:
    """Yield messages in the order in which their values were received.

    What a sensor delivered in one message was received at one instant, so it leaves together again. Values are in the
    units of the database; quality flags are not sent, ingest sets them anew.
    """
    packs = (_pack(group) for group in _groups(observations))
    yield from merge(packs, map(_block, waveforms), key=lambda message: message.log_time)


def _groups(observations: Iterable[StoredObservation]) -> Iterator[list[StoredObservation]]:
    for _, group in groupby(
        observations, key=lambda one: (one.received_time, one.origin.asset_id, one.origin.sensor_id)
    ):
        members = list(group)
        for place in range(0, len(members), _PACK):
            yield members[place : place + _PACK]


def _pack(group: list[StoredObservation]) -> RecordedMessage:
    received = to_micros(group[0].received_time)
    records = [
        SenmlRecord(n=one.origin.property_id, u=one.origin.unit, v=one.result, t=to_micros(one.phenomenon_time) / 1e6)
        for one in group
    ]
    topic = _topic(group[0].origin, TopicKind.SENML)
    return RecordedMessage(topic, encode_senml(records), CONTENT_TYPE, received, received)


def _block(stored: StoredWaveform) -> RecordedMessage:
    received = to_micros(stored.received_time)
    block = WaveformBlock(
        name=stored.origin.property_id,
        start_time=to_micros(stored.start_time) / 1e6,
        sampling_rate=stored.sampling_rate,
        values=stored.values,
        unit=stored.origin.unit,
    )
    return RecordedMessage(_topic(stored.origin, TopicKind.WAVE), encode_waveform(block), WAVEFORM, received, received)


def _topic(origin: Origin, kind: TopicKind) -> str:
    return f"{PREFIX}/{origin.district_id}/{origin.system_id}/{origin.asset_id}/{origin.sensor_id}/{kind}"
