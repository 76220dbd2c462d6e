"""From messages to one batch: times and values are checked for the whole batch at once, everything is accounted for."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from citywatch.clock import from_micros
from citywatch.errors import Reason, Rejected
from citywatch.model.observations import Account, Batch, DeadLetter, Observations
from citywatch.model.quality import gross_range
from citywatch.model.waveforms import Waveform
from ingest.catalogue import Catalogue
from ingest.devices import device_messages
from ingest.interpret import MILLISECOND, Message, reject

_RELATIVE: Final = float(2**28)  # times below are relative to now: RFC 8428 section 4.5.3
_MINUTE: Final = 60_000_000  # [us]


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """How far from its reception the time of a reading may lie."""

    ahead: timedelta
    behind: timedelta


_GOOD: Final = -1
_SENTENCES: Final = {
    Reason.NOT_FINITE: "the value, or the sum of a value and its base, is not finite",
    Reason.TIME_MISSING: "the time is missing or relative; send t (or bt) as seconds since 1970",
    Reason.TIME_IN_FUTURE: "the time lies too far ahead of its reception; set the clock of the device",
    Reason.TIME_TOO_OLD: "the time lies too far back; raise CITYWATCH_INGEST_MAX_AGE_DAYS to accept it",
}
_REASONS: Final = tuple(_SENTENCES)


def assemble(messages: Sequence[Message], catalogue: Catalogue, window: TimeWindow, *, keep_bytes: int) -> Batch:
    """Return the batch of some messages; ``keep_bytes`` bytes of a rejected payload are kept."""
    messages = [message if message.waveform is None else _on_time(message, window) for message in messages]
    size = [len(message.datastream_ids) for message in messages]
    owner = np.repeat(np.arange(len(messages)), size)
    streams = np.fromiter(chain.from_iterable(m.datastream_ids for m in messages), dtype=np.int32, count=len(owner))
    seconds = np.fromiter(chain.from_iterable(m.times for m in messages), dtype=np.float64, count=len(owner))
    values = np.fromiter(chain.from_iterable(m.values for m in messages), dtype=np.float64, count=len(owner))
    received_message = np.array([message.delivery.received for message in messages], dtype=np.int64)
    received = received_message[owner]

    verdicts = _judge(seconds, values, received, window)
    good = verdicts == _GOOD
    rejected = np.bincount(owner[~good], minlength=len(messages)).tolist()
    stream = streams[good]
    observations = Observations(
        datastream_id=stream,
        phenomenon_time=np.rint(seconds[good] * 1e6).astype(np.int64),
        received_time=received[good] // MILLISECOND * MILLISECOND,
        result=values[good],
        quality=gross_range(values[good], catalogue.span[stream], catalogue.plausible[stream]),
    )
    accounts, account_of_message = _accounts(messages, rejected)
    late = _rejected_rows(owner, verdicts)
    waveforms = [message.waveform for message in messages if message.waveform is not None]
    senders = [number for number, message in enumerate(messages) if message.waveform is not None]
    owners = np.concatenate((owner[good], np.array(senders, dtype=np.intp)))
    devices, row_device = device_messages(messages, received_message, owners, catalogue)
    return Batch(
        observations=observations,
        row_account=account_of_message[owner[good]],
        accounts=accounts,
        dead_letters=list(
            chain.from_iterable(
                _dead_letters(message, late.get(number, {}), keep_bytes) for number, message in enumerate(messages)
            )
        ),
        statuses=[status for message in messages for status in message.statuses],
        waveforms=waveforms,
        waveform_account=account_of_message[senders],
        waveform_quality=_worst_flags(waveforms, catalogue),
        devices=devices,
        row_device=row_device,
    )


def _on_time(message: Message, window: TimeWindow) -> Message:
    """Return a message with a waveform block; rejected when the block begins too early or ends too late."""
    block = message.waveform
    assert block is not None
    reception = message.delivery.received / 1e6
    reason = None
    if block.start_time < _RELATIVE * 1e6:
        reason = Reason.TIME_MISSING
    elif block.end_time / 1e6 > reception + window.ahead.total_seconds():
        reason = Reason.TIME_IN_FUTURE
    elif block.start_time / 1e6 < reception - window.behind.total_seconds():
        reason = Reason.TIME_TOO_OLD
    return message if reason is None else reject(message.delivery, message.source, Rejected(reason, _SENTENCES[reason]))


def _worst_flags(waveforms: Sequence[Waveform], catalogue: Catalogue) -> NDArray[np.int16]:
    """Return the flag of the worst value of each block by the gross range test, shape (n,)."""
    if not waveforms:
        return np.empty(0, dtype=np.int16)
    values = np.concatenate([waveform.values for waveform in waveforms])
    begins = np.cumsum([0] + [len(waveform.values) for waveform in waveforms[:-1]])
    streams = [waveform.datastream_id for waveform in waveforms]
    flags = [
        gross_range(
            extreme.reduceat(values, begins).astype(np.float64), catalogue.span[streams], catalogue.plausible[streams]
        )
        for extreme in (np.minimum, np.maximum)
    ]
    return np.maximum(*flags)


def _judge(
    seconds: NDArray[np.float64], values: NDArray[np.float64], received: NDArray[np.int64], window: TimeWindow
) -> NDArray[np.int8]:
    """Return the verdict on every row: ``_GOOD``, or the place of its reason in ``_REASONS``."""
    reception = received / 1e6
    failed = {
        Reason.NOT_FINITE: ~np.isfinite(values),
        Reason.TIME_MISSING: ~(seconds >= _RELATIVE),
        Reason.TIME_IN_FUTURE: seconds > reception + window.ahead.total_seconds(),
        Reason.TIME_TOO_OLD: seconds < reception - window.behind.total_seconds(),
    }
    verdicts = np.full(len(values), _GOOD, dtype=np.int8)
    for place in reversed(range(len(_REASONS))):  # the first reason has the last word
        verdicts[failed[_REASONS[place]]] = place
    return verdicts


def _rejected_rows(owner: NDArray[np.intp], verdicts: NDArray[np.int8]) -> dict[int, dict[Reason, list[int]]]:
    """Return, by message, the rejected rows of each reason, counted within the message."""
    rows: dict[int, dict[Reason, list[int]]] = {}
    for row in np.flatnonzero(verdicts != _GOOD).tolist():
        number = int(owner[row])
        within = row - int(np.searchsorted(owner, number))
        rows.setdefault(number, {}).setdefault(_REASONS[verdicts[row]], []).append(within)
    return rows


def _accounts(messages: Sequence[Message], late: Sequence[int]) -> tuple[list[Account], NDArray[np.int32]]:
    """Return what every minute and source received and rejected, and the account of each message."""
    sums: dict[tuple[int, str], list[int]] = {}
    keys = [(message.delivery.received // _MINUTE, message.source) for message in messages]
    for key, message, rejected_late in zip(keys, messages, late, strict=True):
        rejected = message.received - message.accepted + rejected_late
        total = sums.setdefault(key, [0, 0, 0])
        total[0] += 1
        total[1] += message.received
        total[2] += rejected
    accounts = [Account(_minute(minute), source, *total) for (minute, source), total in sums.items()]
    places = {key: place for place, key in enumerate(sums)}
    return accounts, np.array([places[key] for key in keys], dtype=np.int32)


def _minute(minute: int) -> datetime:
    return from_micros(minute * _MINUTE)


def _dead_letters(message: Message, late: dict[Reason, list[int]], keep_bytes: int) -> Iterator[DeadLetter]:
    if message.rejection is not None:
        yield _dead_letter(message, message.rejection, None, keep_bytes)
    for refusal in message.refusals:
        yield _dead_letter(message, refusal.cause, refusal.indices, keep_bytes)
    for reason, rows in late.items():
        places: Iterable[int] = rows if message.indices is None else (message.indices[row] for row in rows)
        yield _dead_letter(message, Rejected(reason, _SENTENCES[reason]), tuple(places), keep_bytes)


def _dead_letter(message: Message, cause: Rejected, indices: tuple[int, ...] | None, keep_bytes: int) -> DeadLetter:
    payload = message.delivery.payload
    return DeadLetter(
        received_at=from_micros(message.delivery.received),
        topic=message.delivery.topic,
        content_type=message.delivery.content_type,
        reason=cause.reason,
        detail=cause.detail,
        readings=message.received if indices is None else len(indices),
        indices=indices,
        payload=payload[:keep_bytes],
        payload_size=len(payload),
        payload_sha256=hashlib.sha256(payload).digest(),
    )
