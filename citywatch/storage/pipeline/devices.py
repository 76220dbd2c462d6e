"""The device ledger. Ingest appends the messages of a batch to its transaction; one process takes them in afterwards.

Counting at once would cost ingest a row per device and batch, and ingesters would wait for each other's rows.
"""

from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from citywatch.clock import from_micros, to_micros
from citywatch.model.devices import DeviceHour, DeviceMessages, DeviceState, HourKey, SensorKey, SequenceState
from citywatch.model.observations import Batch, Observations, Outcome
from citywatch.storage.columns import from_bytes
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "devices.sql")
_ROW: Final = np.dtype(
    [
        ("datastream_id", "<i4"),
        ("received", "<i8"),
        ("seq", "<i8"),
        ("sent", "<i8"),
        ("readings", "<i4"),
        ("is_repeated", "?"),
    ]
)


@dataclass(frozen=True, slots=True)
class DeviceBatch:
    """The messages of a batch, and the observations it stored; None when these have been pruned."""

    batch_no: int
    messages: DeviceMessages
    observations: Observations | None


def device_bytes(batch: Batch, outcome: NDArray[np.int8]) -> bytes:
    """Return the messages of a batch in the compact form, 33 bytes each.

    ``outcome`` is that of the observations, then of the waveform blocks. A message is repeated when all its accepted
    readings were stored already. Of one without any, the mark of the broker
    has to do, which also stands on what was delivered and never committed.
    """
    devices = batch.devices
    count = len(devices)
    accepted = np.bincount(batch.row_device, minlength=count)
    stored = np.bincount(batch.row_device[outcome == Outcome.STORED], minlength=count) if count else accepted
    devices = replace(devices, is_repeated=np.where(accepted > 0, stored == 0, devices.is_repeated))
    rows: np.ndarray[Any, Any] = np.empty(count, dtype=_ROW)
    for name in _ROW.names or ():
        rows[name] = getattr(devices, name)
    return rows.tobytes()


def read_device_batches(connection: Connection, *, limit: int) -> list[DeviceBatch]:
    """Return the oldest batches that the device ledger has not taken in, and hold them for this transaction."""
    with translated():
        rows = connection.execute(_SQL["read_device_batches"], (limit,), binary=True).fetchall()
    return [
        DeviceBatch(batch_no, _from_bytes(messages), None if columns is None else from_bytes(columns))
        for batch_no, messages, columns in rows
    ]


def forget_device_batches(connection: Connection, *, upto: int) -> None:
    """Drop the messages of batches up to a number: the device ledger holds them now."""
    with translated():
        connection.execute(_SQL["forget_device_batches"], (upto,))


def read_device_states(connection: Connection, sensors: Collection[SensorKey]) -> dict[SensorKey, DeviceState]:
    """Return what is known of some devices; those never heard are missing."""
    values = ([asset for asset, _ in sensors], [sensor for _, sensor in sensors])
    with translated():
        rows = connection.execute(_SQL["read_states"], values).fetchall()
    return {
        (asset, sensor): DeviceState(
            to_micros(heard_at),
            None if seq is None else SequenceState(seq, seen, None if sent_at is None else to_micros(sent_at)),
        )
        for asset, sensor, heard_at, seq, seen, sent_at in rows
    }


def write_device_states(connection: Connection, states: Mapping[SensorKey, DeviceState]) -> None:
    """Replace what is known of some devices."""
    ordered = sorted(states.items())
    counts = [state.sequence for _, state in ordered]
    sent = [None if count is None or count.sent is None else from_micros(count.sent) for count in counts]
    with translated():
        connection.execute(
            _SQL["upsert_states"],
            (
                [asset for (asset, _), _ in ordered],
                [sensor for (_, sensor), _ in ordered],
                [from_micros(state.heard) for _, state in ordered],
                [None if count is None else count.last for count in counts],
                [None if count is None else count.seen for count in counts],
                sent,
            ),
        )


def read_device_hours(connection: Connection, keys: Collection[HourKey]) -> dict[HourKey, DeviceHour]:
    """Return the figures of some hours; those without any are missing."""
    values = ([key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys])
    with translated():
        rows = connection.execute(_SQL["read_hours"], values).fetchall()
    return {(row[0], row[1], row[2]): DeviceHour(*row[3:]) for row in rows}


def write_device_hours(connection: Connection, hours: Mapping[HourKey, DeviceHour]) -> None:
    """Replace the figures of some hours."""
    with translated(), connection.cursor() as cursor:
        cursor.executemany(
            _SQL["upsert_hours"], [(*key, *astuple(hour)) for key, hour in sorted(hours.items(), key=_key)]
        )


def _key(item: tuple[HourKey, DeviceHour]) -> HourKey:
    return item[0]


def _from_bytes(data: bytes) -> DeviceMessages:
    rows = np.frombuffer(data, dtype=_ROW)
    return DeviceMessages(
        datastream_id=rows["datastream_id"].astype(np.int32),
        received=rows["received"].astype(np.int64),
        seq=rows["seq"].astype(np.int64),
        sent=rows["sent"].astype(np.int64),
        readings=rows["readings"].astype(np.int32),
        is_repeated=rows["is_repeated"].astype(np.bool_),
    )
