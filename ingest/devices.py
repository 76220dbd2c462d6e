"""Who sent the messages of a batch, with their sequence numbers and send times, for the device ledger."""

from collections.abc import Sequence
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.errors import Rejected
from citywatch.model.devices import NONE, DeviceMessages
from citywatch.wire.stamps import read_stamps
from citywatch.wire.topics import parse_topic
from ingest.catalogue import Catalogue
from ingest.interpret import Message

_LAST: Final = 253_402_300_800.0  # year 10000 [s since 1970]


def device_messages(
    messages: Sequence[Message], received: NDArray[np.int64], owner: NDArray[np.intp], catalogue: Catalogue
) -> tuple[DeviceMessages, NDArray[np.int32]]:
    """Return the messages of registered sensors, and to which of them each observation and waveform block belongs.

    Parameters
    ----------
    received
        Time of reception by message [us since the epoch].
    owner
        Place of the message of each observation of the batch, then of each waveform block.
    """
    numbers = np.array([m.datastream_ids[0] if m.datastream_ids else _sensor(m, catalogue) for m in messages], np.int32)
    known = numbers != NONE
    chosen = messages if known.all() else list(compress(messages, known))
    seq, sent = _stamps(chosen)
    devices = DeviceMessages(
        datastream_id=numbers[known],
        received=received[known],
        seq=seq,
        sent=sent,
        readings=np.array([message.received for message in chosen], dtype=np.int32),
        is_repeated=np.array([message.delivery.redelivered for message in chosen], dtype=np.bool_),
    )
    places = np.cumsum(known, dtype=np.int32) - 1
    return devices, places[owner]


def _sensor(message: Message, catalogue: Catalogue) -> int:
    """Return a datastream of the sensor that sent a message without acceptable readings, NONE when there is none."""
    if message.waveform is not None:
        return message.waveform.datastream_id
    try:
        return catalogue.sensor(parse_topic(message.delivery.topic)).some_datastream_id
    except Rejected:
        return NONE


def _stamps(messages: Sequence[Message]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return sequence numbers and send times [us]; of what cannot be decoded, those beside the payload."""
    said = [
        read_stamps(message.delivery.properties)
        if message.rejection is not None and message.delivery.properties
        else (message.sequence, message.sent)
        for message in messages
    ]
    seq = np.array([NONE if one is None else one for one, _ in said], dtype=np.int64)
    sent = np.array([NONE if one is None or not 0 <= one < _LAST else one * 1e6 for _, one in said])
    return seq, np.rint(sent).astype(np.int64)
