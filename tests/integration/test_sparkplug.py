"""A Sparkplug edge node on a real broker: read, asked for its birth after a restart of ingest, declared dead."""

import uuid
from contextlib import closing
from pathlib import Path

from citywatch.broker import BrokerAddress, Network, Publisher, Subscriber
from citywatch.clock import SystemClock
from citywatch.storage.connection import Connection, connect
from citywatch.wire.sparkplug.payload import encode_payload
from tests.support.edge_node import EdgeNodeDevice, Sent
from tests.support.processes import running
from tests.support.waiting import wait_until

GAUGE = "yangtze-1:strain-1"
LEDGER = "SELECT sum(received), sum(stored), sum(duplicate), sum(conflict), sum(rejected) FROM ledger"


def numbers(connection: Connection, query: str) -> tuple[int, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(int(value or 0) for value in row)


def test_an_edge_node_is_read_across_a_restart_of_ingest(
    plain_database: str, any_broker: BrokerAddress, tmp_path: Path
) -> None:
    settings = {
        "CITYWATCH_DATABASE_URL": plain_database,
        "CITYWATCH_BROKER_URL": str(any_broker),
        "CITYWATCH_INGEST_INSTANCE": f"test-{uuid.uuid4().hex[:12]}",
        "CITYWATCH_INGEST_BEAT": "0.5",
    }
    node = f"gateway-{uuid.uuid4().hex[:8]}"
    device = EdgeNodeDevice({None: (), GAUGE: ("strain",)}, node=node, time=float(int(SystemClock().now().timestamp())))
    with (
        connect(plain_database, process="test") as connection,
        closing(Network()) as network,
        closing(Publisher(network, any_broker, client_id=f"pub-{node}")) as publisher,
        closing(
            Subscriber(
                network,
                any_broker,
                client_id=f"sub-{node}",
                filters=[device.node_id.command_topic],
                window=10,
                session_expiry=60,
                clock=SystemClock(),
            )
        ) as commands,
    ):
        publisher.open()
        commands.open()

        def publish(*sent: Sent) -> None:
            for topic, payload in sent:
                publisher.publish(str(topic), encode_payload(payload))
                device.time += 1.0
            publisher.flush()

        def batches() -> int:
            return numbers(connection, "SELECT count(*) FROM batch")[0]

        def status() -> str:
            row = connection.execute("SELECT state FROM sensor_status WHERE sensor_id = 'strain-1'").fetchone()
            return "" if row is None else str(row[0])

        with running("ingest", settings, tmp_path / "ingest.log"):
            wait_until(lambda: batches() > 0, what="ingest to live")
            publish(*device.born(1.0))
            publish(device.data(GAUGE, "strain", 2.0))
            wait_until(lambda: numbers(connection, LEDGER)[0] >= 2, what="birth and data to be accounted for")
            assert numbers(connection, LEDGER) == (2, 2, 0, 0, 0)
            assert status() == "online"
        with running("ingest", settings, tmp_path / "ingest.log"):
            publish(device.data(GAUGE, "strain", 3.0))
            wait_until(lambda: numbers(connection, LEDGER)[4] == 1, what="the unknown alias to be rejected")

            def asked() -> bool:
                network.poll(0.05)
                return [delivery.topic for delivery in commands.take()] == [device.node_id.command_topic]

            wait_until(asked, what="the request for a rebirth")
            publish(*device.born(4.0))
            publish(device.data(GAUGE, "strain", 5.0), device.death())
            wait_until(lambda: status() == "offline", what="the death to be noted")
        assert numbers(connection, LEDGER) == (5, 4, 0, 0, 1)
        stored = connection.execute("SELECT result FROM observation ORDER BY phenomenon_time").fetchall()
        letters = connection.execute("SELECT reason, topic FROM dead_letter").fetchall()
    assert [value for (value,) in stored] == [1.0, 2.0, 4.0, 5.0]
    assert letters == [("unknown_alias", f"spBv1.0/hanyang/DDATA/{node}/{GAUGE}")]
