"""The device ledger: from stamped messages through broker, ingest and restarts to figures, on both engines."""

import signal
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.devices import Sensors, take_in
from analytics.jobs import prune
from citywatch.broker import BrokerAddress, Network, Publisher, Subscriber
from citywatch.clock import SystemClock, to_micros
from citywatch.model.devices import NONE, DeviceHour, DeviceMessages
from citywatch.model.identifiers import AssetId, SensorId
from citywatch.model.observations import Account, Batch, Observations
from citywatch.registry import load_city
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.devices import read_device_hours, read_device_states
from citywatch.storage.pipeline.registry import read_datastreams
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.stamps import read_stamps, stamps
from simulators.fleet import Fleet
from simulators.scenario import load_scenario
from simulators.world import World
from tests.support.processes import running, start
from tests.support.retained import forget
from tests.support.waiting import wait_until

HOUR = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOPIC = "citywatch/v1/hanyang/bridge/yangtze-1/strain-1/senml"
SENSOR = (AssetId("yangtze-1"), SensorId("strain-1"))


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


def datastream_of(connection: Connection, sensor_id: str = "strain-1", property_id: str = "strain") -> int:
    return next(
        one.datastream_id
        for one in read_datastreams(connection)
        if (one.asset_id, one.sensor_id, one.measure.property_id) == ("yangtze-1", sensor_id, property_id)
    )


def batch_of(number: int, rows: Sequence[tuple[float, int, float | None, float]]) -> Batch:
    """Rows are (seconds after HOUR received, sequence number, skew or None, lateness); one reading each."""
    received = to_micros(HOUR) + (np.array([row[0] for row in rows]) * 1e6).astype(np.int64)
    late = (np.array([row[3] for row in rows]) * 1e6).astype(np.int64)
    sent = [NONE if row[2] is None else int(at - row[2] * 1e6) for at, row in zip(received, rows, strict=True)]
    count = len(rows)
    return Batch(
        Observations(
            np.full(count, number, dtype=np.int32), received - late, received, np.ones(count), np.ones(count, np.int16)
        ),
        np.zeros(count, dtype=np.int32),
        [Account(HOUR, "hanyang/bridge", count, count, 0)],
        [],
        [],
        devices=DeviceMessages(
            np.full(count, number, dtype=np.int32),
            received,
            np.array([row[1] for row in rows], dtype=np.int64),
            np.array(sent, dtype=np.int64),
            np.ones(count, dtype=np.int32),
            np.zeros(count, dtype=np.bool_),
        ),
        row_device=np.arange(count, dtype=np.int32),
    )


def figures(connection: Connection, hour: datetime = HOUR) -> DeviceHour:
    return read_device_hours(connection, [(*SENSOR, hour)])[(*SENSOR, hour)]


def test_batches_become_figures_once(connection: Connection) -> None:
    number, writer = datastream_of(connection), BatchWriter(connection, ingester="test")
    sensors = Sensors(read_datastreams(connection))
    writer.write(batch_of(number, [(1, 0, 0.4, 0.5), (2, 1, 0.6, 0.5), (3, 4, None, 90)]))
    assert take_in(connection, sensors) == 1
    assert take_in(connection, sensors) == 0
    again = batch_of(number, [(1, 0, 0.4, 0.5), (2, 1, 0.6, 0.5), (3, 4, None, 90)])
    writer.write(again)  # delivered again, not marked by the broker; the readings give it away
    writer.write(batch_of(number, [(4, 3, None, 3), (3600, 5, -7.0, 0.1)]))
    assert take_in(connection, sensors) == 2
    one, next_hour = figures(connection), figures(connection, HOUR + timedelta(hours=1))
    assert (one.messages, one.readings, one.repeated) == (7, 7, 3)
    assert (one.skipped, one.out_of_order, one.restarts) == (2, 1, 0)
    assert (one.skew_messages, one.skew_min, one.skew_max) == (2, 0.4, 0.6)
    assert one.skew_median is not None
    assert 0.4 <= one.skew_median <= 0.6
    assert (one.lateness_rows, one.lateness_sum, one.lateness_max) == (4, 94, 90)
    assert one.lateness_p95 is not None
    assert 50 <= one.lateness_p95 <= 90
    assert (next_hour.messages, next_hour.skew_median, next_hour.skipped) == (1, -7, 0)
    state = read_device_states(connection, [SENSOR])[SENSOR]
    assert state.heard == to_micros(HOUR + timedelta(hours=1))
    assert state.sequence is not None
    assert state.sequence.last == 5


def test_what_waits_is_not_pruned_and_sensors_of_later_are_known(connection: Connection) -> None:
    number, writer = datastream_of(connection), BatchWriter(connection, ingester="test")
    writer.write(batch_of(number, [(1, 0, 0.4, 0.5)]))
    writer.write(batch_of(number, [(2, 1, 0.4, 0.5)]))
    writer.write(batch_of(number, [(3, 2, 0.4, 0.5)]))
    connection.execute("INSERT INTO follower VALUES ('analytics', 3, 3)")
    connection.execute("UPDATE follower SET checkpoint_at = 3")
    assert prune(connection, at=HOUR + timedelta(days=9000), keep=timedelta(0)) == 0
    before_it_was_registered = Sensors(one for one in read_datastreams(connection) if one.datastream_id < number)
    assert take_in(connection, before_it_was_registered) == 3
    assert figures(connection).messages == 3
    assert prune(connection, at=HOUR + timedelta(days=9000), keep=timedelta(0)) == 2


def test_a_message_with_partly_known_readings_is_new(connection: Connection) -> None:
    number, writer = datastream_of(connection), BatchWriter(connection, ingester="test")
    writer.write(batch_of(number, [(1, 0, None, 0.5)]))
    both = batch_of(number, [(1, 1, None, 0.5), (2, 2, None, 0.5)])
    writer.write(replace(both, row_device=np.array([1, 1], dtype=np.int32)))
    take_in(connection, Sensors(read_datastreams(connection)))
    assert figures(connection).repeated == 0


def test_a_killed_ingest_makes_no_gap_and_no_restart(
    database: str, connection: Connection, broker: BrokerAddress, tmp_path: Path
) -> None:
    settings = {
        "CITYWATCH_DATABASE_URL": database,
        "CITYWATCH_BROKER_URL": str(broker),
        "CITYWATCH_INGEST_INSTANCE": f"test-{uuid.uuid4().hex[:12]}",
        "CITYWATCH_INGEST_BEAT": "0.5",
        "CITYWATCH_INGEST_WINDOW": "50",
        "CITYWATCH_INGEST_BATCH_MESSAGES": "20",
    }
    log, clock, sensors = tmp_path / "ingest.log", SystemClock(), Sensors(read_datastreams(connection))
    begin = clock.now().timestamp()

    def stored() -> int:
        row = connection.execute("SELECT count(*) FROM observation").fetchone()
        assert row is not None
        return int(row[0])

    def lives() -> bool:
        return connection.execute("SELECT 1 FROM batch LIMIT 1").fetchone() is not None

    with closing(Network()) as network:
        publisher = Publisher(network, broker, client_id=f"pub-{uuid.uuid4().hex[:8]}")
        publisher.open()

        def send(numbers: range) -> None:
            for number in numbers:
                record = SenmlRecord(n="strain", u="um/m", t=begin - 600 + number / 10, v=float(number))
                stamp = stamps(number, to_micros(clock.now()))
                publisher.publish(TOPIC, encode_senml([record]), content_type=CONTENT_TYPE, properties=stamp)
            publisher.flush()

        child = start("ingest", settings, log)
        try:
            wait_until(lives, what="ingest")
            send(range(500))
            wait_until(lambda: stored() > 0, what="ingest to be at work")
            child.send_signal(signal.SIGKILL)
            child.wait()
            take_in(connection, sensors)
            send(range(510, 600))  # ten were lost on their way to the broker
            publisher.publish(TOPIC, b"broken", content_type=CONTENT_TYPE, properties=stamps(600, 0))
            publisher.publish(TOPIC, b"broken", content_type=CONTENT_TYPE, properties=[("seq", "many")])
            publisher.publish(TOPIC.replace("strain-1", "nobody"), b"broken", properties=stamps(7, 7))
            publisher.flush()
            with running("ingest", settings, log):
                wait_until(lambda: stored() == 590, what="all rows")
                wait_until(lambda: _rejected(connection) == 3, what="what is broken")
        finally:
            child.kill()
            child.wait()
        publisher.close()
    while take_in(connection, sensors):
        pass
    hours = connection.execute(
        "SELECT asset_id, sensor_id, sum(skipped)::int, sum(out_of_order)::int, sum(restarts)::int,"
        " sum(messages - repeated)::int, sum(lateness_rows)::int FROM device_ledger"
        " GROUP BY asset_id, sensor_id"
    ).fetchall()
    assert [row[:6] for row in hours] == [(*SENSOR, 10, 0, 0, 592)], "and nothing of who is not registered"
    assert hours[0][6] == 590
    state = read_device_states(connection, [SENSOR])[SENSOR]
    assert state.sequence is not None
    assert state.sequence.last == 600


def _rejected(connection: Connection) -> int:
    row = connection.execute("SELECT coalesce(sum(rejected), 0)::int FROM ledger").fetchone()
    assert row is not None
    return int(row[0])


def test_simulated_devices_number_their_messages(broker: BrokerAddress) -> None:
    registry = load_city("demo")
    world = World(registry, load_scenario("quiet", registry), seed=1, utc_offset=8 * 3600)
    clock = SystemClock()
    began = to_micros(clock.now())
    fleet = Fleet(broker, clock, world.devices[:2])
    with closing(Network()) as network:
        receiver = Subscriber(
            network, broker, client_id=f"sub-{uuid.uuid4().hex[:8]}", filters=["citywatch/v1/+/+/+/+/senml"],
            window=100, session_expiry=0, clock=clock,
        )  # fmt: skip
        receiver.open()
        for device in (0, 0, 1, 0):
            fleet.send(device, b"[]")
        fleet.confirm(timeout=10)
        fleet.lose_power(0)
        fleet.send(0, b"[]")
        fleet.close()
        got: list[tuple[str, int | None]] = []

        def enough() -> bool:
            network.poll(0.05)
            for delivery in receiver.take():
                seq, sent = read_stamps(delivery.properties)
                assert sent is not None
                assert began <= round(sent * 1e6) <= delivery.received
                got.append((delivery.topic, seq))
            return len(got) >= 5

        wait_until(enough, what="five messages")
        receiver.close()
    forget(broker, [device.status for device in world.devices[:2]])
    first, second = (device.telemetry for device in world.devices[:2])
    assert sorted(got) == sorted([(first, 0), (first, 1), (second, 0), (first, 2), (first, 0)])
