"""The device ledger: messages of batches become the figures of each sensor and hour, each batch exactly once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.methods.histogram import LATENESS_EDGES, SKEW_EDGES, counts, quantile
from analytics.sequence import advance
from citywatch.clock import from_micros
from citywatch.model.devices import NONE, DeviceHour, DeviceMessages, DeviceState, HourKey, SensorKey
from citywatch.model.observations import Observations
from citywatch.model.registry import Datastream
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.devices import (
    DeviceBatch,
    forget_device_batches,
    read_device_batches,
    read_device_hours,
    read_device_states,
    write_device_hours,
    write_device_states,
)
from citywatch.storage.pipeline.registry import read_datastreams

_HOUR: Final = 3_600_000_000  # [us]
_AT_ONCE: Final = 100  # batches in one transaction
_ROUNDS: Final = 20


class Sensors:
    """The sensors by the numbers of their datastreams: ``place`` int32, indexed by datastream, -1 for no sensor."""

    def __init__(self, datastreams: Iterable[Datastream]) -> None:
        keys = {stream.datastream_id: (stream.asset_id, stream.sensor_id) for stream in datastreams}
        self.keys: list[SensorKey] = sorted(set(keys.values()))
        places = {key: place for place, key in enumerate(self.keys)}
        self.place = np.full(1 + max(keys, default=0), -1, dtype=np.int32)
        for number, key in keys.items():
            self.place[number] = places[key]

    def knows(self, datastream_ids: NDArray[np.int32]) -> bool:
        """Return whether all numbers are known."""
        return bool((self.of(datastream_ids) >= 0).all())

    def of(self, datastream_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the place of the sensor of each datastream; -1 for those the registry has got since."""
        known = datastream_ids < len(self.place)
        return np.where(known, self.place[np.where(known, datastream_ids, 0)], -1).astype(np.int32)


class Tally:
    """Figures of some batches, and the states of the devices after them."""

    def __init__(self, sensors: Sensors, states: Mapping[SensorKey, DeviceState]) -> None:
        self._sensors = sensors
        self.states = dict(states)
        self.hours: defaultdict[HourKey, DeviceHour] = defaultdict(_empty_hour)

    def take(self, messages: DeviceMessages) -> None:
        """Count messages."""
        place = self._sensors.of(messages.datastream_id)
        own = np.flatnonzero(place >= 0)
        if not len(own):
            return
        keys, group, size = self._groups(place[own], messages.received[own])
        totals = [
            np.bincount(group, weights=column[own], minlength=size).astype(np.int64).tolist()
            for column in (messages.readings, messages.is_repeated)
        ]
        sums = zip(np.bincount(group, minlength=size).tolist(), *totals, strict=True)
        for key, (count, readings, repeated) in zip(keys, sums, strict=True):
            hour = self.hours[key]
            hour.messages += count
            hour.readings += readings
            hour.repeated += repeated
        timed = (messages.sent[own] != NONE) & ~messages.is_repeated[own]
        self._take_skew(keys, group[timed], (messages.received[own] - messages.sent[own])[timed] / 1e6)
        self._count(messages, own, place, [keys[one] for one in group.tolist()])

    def take_lateness(self, rows: Observations) -> None:
        """Count how late stored observations were received."""
        place = self._sensors.of(rows.datastream_id)
        own = np.flatnonzero(place >= 0)
        if not len(own):
            return
        keys, group, size = self._groups(place[own], rows.received_time[own])
        lateness = (rows.received_time[own] - rows.phenomenon_time[own]) / 1e6
        found = counts(lateness, group, size, LATENESS_EDGES)
        sums = np.bincount(group, weights=lateness, minlength=size).tolist()
        highest = np.full(size, -np.inf)
        np.maximum.at(highest, group, lateness)
        for key, bins, total, high in zip(keys, found, sums, highest.tolist(), strict=True):
            hour = self.hours[key]
            hour.lateness_rows += int(bins.sum())
            hour.lateness_sum += total
            hour.lateness_max = high if hour.lateness_max is None else max(hour.lateness_max, high)
            hour.lateness_counts = _added(hour.lateness_counts, bins)

    def _groups(
        self, place: NDArray[np.int32], received: NDArray[np.int64]
    ) -> tuple[list[HourKey], NDArray[np.intp], int]:
        """Return the hours of sensors that occur, and to which of them each row belongs."""
        codes, group = np.unique(received // _HOUR * len(self._sensors.keys) + place, return_inverse=True)
        hour, sensor = np.divmod(codes, len(self._sensors.keys))
        keys = [
            (*self._sensors.keys[one], from_micros(when * _HOUR))
            for one, when in zip(sensor.tolist(), hour.tolist(), strict=True)
        ]
        return keys, group, len(keys)

    def _take_skew(self, keys: list[HourKey], group: NDArray[np.intp], skew: NDArray[np.float64]) -> None:
        found = counts(skew, group, len(keys), SKEW_EDGES)
        lowest, highest = np.full(len(keys), np.inf), np.full(len(keys), -np.inf)
        np.minimum.at(lowest, group, skew)
        np.maximum.at(highest, group, skew)
        for place in np.unique(group).tolist():
            hour, low, high = self.hours[keys[place]], float(lowest[place]), float(highest[place])
            hour.skew_messages += int(found[place].sum())
            hour.skew_min = low if hour.skew_min is None else min(hour.skew_min, low)
            hour.skew_max = high if hour.skew_max is None else max(hour.skew_max, high)
            hour.skew_counts = _added(hour.skew_counts, found[place])

    def _count(
        self, messages: DeviceMessages, own: NDArray[np.intp], place: NDArray[np.int32], keys: list[HourKey]
    ) -> None:
        """Follow the sequence numbers, message by message."""
        rows = zip(
            place[own].tolist(),
            messages.received[own].tolist(),
            messages.seq[own].tolist(),
            messages.sent[own].tolist(),
            messages.is_repeated[own].tolist(),
            keys,
            strict=True,
        )
        for sensor, received, seq, sent, is_repeated, key in rows:
            name = self._sensors.keys[sensor]
            state = self.states.get(name)
            sequence = None if state is None else state.sequence
            if seq != NONE:
                step = advance(sequence, seq, None if sent == NONE else sent, is_repeated=is_repeated)
                sequence = step.state
                if step.skipped or step.out_of_order or step.restarts:
                    hour = self.hours[key]
                    hour.skipped += step.skipped
                    hour.out_of_order += step.out_of_order
                    hour.restarts += step.restarts
            heard = received if state is None else max(state.heard, received)
            self.states[name] = DeviceState(heard, sequence)


def merged(one: DeviceHour | None, other: DeviceHour) -> DeviceHour:
    """Return the figures of both, with the quantiles of the whole."""
    both = other if one is None else _sum(one, other)
    if both.skew_min is not None and both.skew_max is not None:
        both.skew_median = quantile(both.skew_counts, SKEW_EDGES, 0.5, low=both.skew_min, high=both.skew_max)
    if both.lateness_max is not None:
        low = min(0.0, both.lateness_max)
        both.lateness_p95 = quantile(both.lateness_counts, LATENESS_EDGES, 0.95, low=low, high=both.lateness_max)
    return both


def catch_up(connection: Connection, sensors: Sensors) -> None:
    """Take in what waits, as far as the other work of the process allows."""
    for _ in range(_ROUNDS):
        if take_in(connection, sensors) < _AT_ONCE:
            return


def take_in(connection: Connection, sensors: Sensors) -> int:
    """Take the oldest waiting batches into the device ledger, in one transaction; return how many there were."""
    with connection.transaction():
        batches = read_device_batches(connection, limit=_AT_ONCE)
        if not batches:
            return 0
        if not all(sensors.knows(batch.messages.datastream_id) for batch in batches):
            sensors = Sensors(read_datastreams(connection))  # somebody has registered more of them since
        tally = Tally(sensors, read_device_states(connection, _sensors_of(batches, sensors)))
        for batch in batches:
            tally.take(batch.messages)
            if batch.observations is not None:
                tally.take_lateness(batch.observations)
        before = read_device_hours(connection, tally.hours.keys())
        write_device_hours(connection, {key: merged(before.get(key), hour) for key, hour in tally.hours.items()})
        write_device_states(connection, tally.states)
        forget_device_batches(connection, upto=batches[-1].batch_no)
    return len(batches)


def _sensors_of(batches: Iterable[DeviceBatch], sensors: Sensors) -> list[SensorKey]:
    places = np.unique(np.concatenate([sensors.of(batch.messages.datastream_id) for batch in batches]))
    return [sensors.keys[place] for place in places.tolist() if place >= 0]


def _empty_hour() -> DeviceHour:
    return DeviceHour(skew_counts=[0] * (len(SKEW_EDGES) + 1), lateness_counts=[0] * (len(LATENESS_EDGES) + 1))


def _added(one: list[int], other: NDArray[np.int64]) -> list[int]:
    total: list[int] = (np.array(one, dtype=np.int64) + other).tolist()
    return total


def _sum(one: DeviceHour, other: DeviceHour) -> DeviceHour:
    return DeviceHour(
        messages=one.messages + other.messages,
        readings=one.readings + other.readings,
        repeated=one.repeated + other.repeated,
        skipped=one.skipped + other.skipped,
        out_of_order=one.out_of_order + other.out_of_order,
        restarts=one.restarts + other.restarts,
        skew_messages=one.skew_messages + other.skew_messages,
        skew_min=_extreme(min, one.skew_min, other.skew_min),
        skew_max=_extreme(max, one.skew_max, other.skew_max),
        skew_counts=[a + b for a, b in zip(one.skew_counts, other.skew_counts, strict=True)],
        lateness_rows=one.lateness_rows + other.lateness_rows,
        lateness_sum=one.lateness_sum + other.lateness_sum,
        lateness_max=_extreme(max, one.lateness_max, other.lateness_max),
        lateness_counts=[a + b for a, b in zip(one.lateness_counts, other.lateness_counts, strict=True)],
    )


def _extreme(choose: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    return choose(one, other) if one is not None and other is not None else one if other is None else other
