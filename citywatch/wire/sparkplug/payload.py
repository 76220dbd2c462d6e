"""Sparkplug payloads (section 6): protobuf on one side, plain metrics on the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from citywatch.errors import Reason, Rejected
from citywatch.wire.sparkplug import payload_pb2 as wire

BD_SEQ: Final = "bdSeq"
REBIRTH: Final = "Node Control/Rebirth"
BOOLEAN: Final = 11
DOUBLE: Final = 10
INT64: Final = 4
_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}  # data types Int8 to Int64: two's complement in an unsigned field
_NUMBERS: Final = frozenset(range(1, 12))
_UNIT_KEYS: Final = ("engUnit", "unit")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as sent.

    ``time`` in seconds since the epoch, ``value`` as it stands in the protobuf field (an integer is not yet signed),
    ``unit`` from its properties; None: not said.
    """

    name: str | None = None
    alias: int | None = None
    time: float | None = None
    datatype: int | None = None
    value: int | float | str | bytes | None = None  # mypy tells int and float apart
    is_null: bool = False
    is_historical: bool = False
    unit: str | None = None

    def number(self, datatype: int | None) -> float | None:
        """Return the value as a number, None when it is none; ``datatype`` as the metric or its birth says."""
        if self.value is None or isinstance(self.value, str | bytes) or (datatype or DOUBLE) not in _NUMBERS:
            return None
        bits = _SIGNED_BITS.get(datatype or DOUBLE)
        if bits is None or not isinstance(self.value, int):
            return float(self.value)
        low = self.value & ((1 << bits) - 1)
        return float(low - (1 << bits) if low >> (bits - 1) else low)


@dataclass(frozen=True, slots=True)
class Payload:
    """One message: send time [s since the epoch], sequence number 0-255 and metrics."""

    time: float | None
    sequence: int | None
    metrics: tuple[Metric, ...]

    @property
    def bd_seq(self) -> int | None:
        """The number that ties a death to its birth (section 6.4.19)."""
        for metric in self.metrics:
            if metric.name == BD_SEQ and isinstance(metric.value, int):
                return metric.value
        return None


def decode_payload(payload: bytes) -> Payload:
    """Return the message of some bytes.

    Raises
    ------
    Rejected
        ``not_decodable``.
    """
    try:
        message = wire.Payload.FromString(payload)
    except DecodeError as error:
        raise Rejected(Reason.NOT_DECODABLE, f"not a Sparkplug B payload: {error}") from error
    return Payload(
        time=message.timestamp / 1000 if message.HasField("timestamp") else None,
        sequence=message.seq if message.HasField("seq") else None,
        metrics=tuple(_metric(metric) for metric in message.metrics),
    )


def encode_payload(payload: Payload) -> bytes:
    """Return a message as protobuf; the field of a value follows from its data type, a number without one is a double.

    A negative integer of n bits is written as two's complement of n bits.
    """
    message = wire.Payload()
    if payload.time is not None:
        message.timestamp = round(payload.time * 1000)
    if payload.sequence is not None:
        message.seq = payload.sequence
    message.metrics.extend(_wire_metrics(payload.metrics))
    return message.SerializeToString()


def rebirth_command(time: float) -> bytes:
    """Return the payload that asks an edge node to send its births again (section 6.4.23)."""
    return encode_payload(Payload(time, None, (Metric(REBIRTH, time=time, datatype=BOOLEAN, value=True),)))


def _metric(metric: wire.Metric) -> Metric:
    field = metric.WhichOneof("value")
    value: Any = None if field is None else getattr(metric, field)
    return Metric(
        name=metric.name if metric.HasField("name") else None,
        alias=metric.alias if metric.HasField("alias") else None,
        time=metric.timestamp / 1000 if metric.HasField("timestamp") else None,
        datatype=metric.datatype if metric.HasField("datatype") else None,
        value=value,
        is_null=metric.is_null,
        is_historical=metric.is_historical,
        unit=_unit(metric.properties) if metric.HasField("properties") else None,
    )


def _unit(properties: wire.PropertySet) -> str | None:
    """Return the engineering unit among the properties of a metric."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key in _UNIT_KEYS and value.string_value:
            return value.string_value
    return None


def _wire_metrics(metrics: Iterable[Metric]) -> Iterable[wire.Metric]:
    for metric in metrics:
        sent = wire.Metric(
            name=metric.name,
            alias=metric.alias,
            timestamp=None if metric.time is None else round(metric.time * 1000),
            datatype=metric.datatype,
            is_null=metric.is_null or None,
            is_historical=metric.is_historical or None,
        )
        if metric.unit is not None:
            sent.properties.keys.append(_UNIT_KEYS[0])
            sent.properties.values.append(wire.PropertyValue(type=12, string_value=metric.unit))
        _put_value(sent, metric)
        yield sent


def _put_value(sent: wire.Metric, metric: Metric) -> None:
    value, datatype = metric.value, metric.datatype or DOUBLE
    if value is None:
        return
    if isinstance(value, str):
        sent.string_value = value
    elif isinstance(value, bytes):
        sent.bytes_value = value
    elif datatype == BOOLEAN:
        sent.boolean_value = bool(value)
    elif datatype == DOUBLE:
        sent.double_value = float(value)
    elif datatype == 9:
        sent.float_value = float(value)
    else:
        bits = 64 if datatype in (4, 8) else 32
        setattr(sent, "long_value" if bits == 64 else "int_value", int(value) & ((1 << bits) - 1))
