"""MQTT connections against real brokers: nothing is lost, nothing is acknowledged that should not be."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from citywatch.broker import BrokerAddress, Delivery, Network, Publisher, Subscriber, Will
from citywatch.clock import SystemClock
from citywatch.errors import Misconfigured, Unavailable
from cli.embedded.broker import BrokerKind, chosen_kind, embedded_broker
from cli.embedded.home import Home
from cli.embedded.ports import free_port
from tests.support.waiting import wait_until


@pytest.fixture
def network() -> Iterator[Network]:
    with closing(Network()) as opened:
        yield opened


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex[:12]


def subscriber(network: Network, address: BrokerAddress, name: str, *, window: int = 1000) -> Subscriber:
    return Subscriber(
        network,
        address,
        client_id=f"sub-{name}",
        filters=[f"test/{name}/#"],
        window=window,
        session_expiry=300,
        clock=SystemClock(),
    )


def poll_until(network: Network, holds: Callable[[], bool], *, what: str) -> None:
    """Poll until a condition holds."""

    def polled() -> bool:
        network.poll(0.05)
        return holds()

    wait_until(polled, what=what, timeout=40)


def receive(network: Network, source: Subscriber, count: int) -> list[Delivery]:
    """Poll until so many deliveries have come."""
    got: list[Delivery] = []

    def enough() -> bool:
        network.poll(0.05)
        got.extend(source.take())
        return len(got) >= count

    wait_until(enough, what=f"{count} deliveries")
    return got


def test_content_type_and_payload_arrive_as_sent(network: Network, any_broker: BrokerAddress, name: str) -> None:
    sub = subscriber(network, any_broker, name)
    sub.open()
    pub = Publisher(network, any_broker, client_id=f"pub-{name}")
    pub.open()
    payload = bytes(range(256))
    pub.publish(f"test/{name}/a", payload, content_type="application/senml+json")
    pub.publish(f"test/{name}/b", b"")
    pub.publish(f"test/{name}/c", b"", content_type="text/plain", properties=[("seq", "7"), ("sent", "1.5")])
    pub.flush()
    first, second, third = receive(network, sub, 3)
    assert (first.topic, first.payload, first.content_type) == (
        f"test/{name}/a",
        payload,
        "application/senml+json",
    )
    assert (second.payload, second.content_type, second.qos) == (b"", None, 1)
    assert (list(first.properties), list(second.properties)) == ([], [])
    assert (list(third.properties), third.content_type) == ([("seq", "7"), ("sent", "1.5")], "text/plain")
    for connection in (pub, sub):
        connection.close()


def test_a_publisher_may_leave_at_once_and_an_absent_subscriber_gets_everything(
    network: Network, any_broker: BrokerAddress, name: str
) -> None:
    sub = subscriber(network, any_broker, name)
    sub.open()
    sub.close()
    pub = Publisher(network, any_broker, client_id=f"pub-{name}")
    pub.open()
    for number in range(3000):
        pub.publish(f"test/{name}/{number % 7}", str(number).encode())
    pub.flush()
    pub.close()
    again = subscriber(network, any_broker, name)
    again.open()
    got: list[int] = []
    while len(got) < 3000:
        part = receive(network, again, 1)
        again.acknowledge(part)
        got += [int(delivery.payload) for delivery in part]
    assert sorted(got) == list(range(3000))
    again.close()


def test_what_was_not_acknowledged_comes_again_and_the_rest_does_not(
    network: Network, any_broker: BrokerAddress, name: str
) -> None:
    sub = subscriber(network, any_broker, name)
    sub.open()
    pub = Publisher(network, any_broker, client_id=f"pub-{name}")
    pub.open()
    for number in range(100):
        pub.publish(f"test/{name}/x", str(number).encode())
    pub.flush()
    got = receive(network, sub, 100)
    assert sub.acknowledge(got[:60]) == 60
    network.poll(0.1)
    sub.close()
    again = subscriber(network, any_broker, name)
    again.open()
    assert sorted(int(one.payload) for one in receive(network, again, 40)) == list(range(60, 100))
    for connection in (pub, again):
        connection.close()


def test_no_broker_can_make_us_hold_more_than_twice_the_window(
    network: Network, any_broker: BrokerAddress, name: str
) -> None:
    sub = subscriber(network, any_broker, name, window=50)
    sub.open()
    pub_network = Network()
    pub = Publisher(pub_network, any_broker, client_id=f"pub-{name}")
    pub.open()
    for number in range(1000):
        pub.publish(f"test/{name}/x", str(number).encode())
    pub.flush()
    pub.close()
    pub_network.close()
    got: list[int] = []
    while len(got) < 1000:
        held = receive(network, sub, 1)
        for _ in range(3):
            network.poll(0.01)
            held += sub.take()
        assert len(held) <= 100
        assert sub.acknowledge(held) == len(held)
        got += [int(delivery.payload) for delivery in held]
    assert sorted(got) == list(range(1000))
    sub.close()


def mosquitto(folder: Path, port: int = 0) -> AbstractContextManager[BrokerAddress]:
    """Return a Mosquitto of our own."""
    try:
        chosen_kind(BrokerKind.MOSQUITTO)
    except Misconfigured:
        pytest.skip("Mosquitto is not installed")
    return embedded_broker(Home(folder), kind=BrokerKind.MOSQUITTO, port=port)


def test_connections_survive_a_restart_of_the_broker(network: Network, server_folder: Path, name: str) -> None:
    folder, port = server_folder / f"restart-{name}", free_port()
    with mosquitto(folder, port) as address:
        sub = subscriber(network, address, name)
        sub.open()
        pub = Publisher(network, address, client_id=f"pub-{name}")
        pub.open()
        pub.publish(f"test/{name}/x", b"before")
        pub.flush()
        (before,) = receive(network, sub, 1)
    poll_until(network, lambda: not sub.is_connected, what="news of the end")
    pub.publish(f"test/{name}/x", b"meanwhile")
    with mosquitto(folder, port):
        poll_until(network, lambda: sub.is_connected and pub.is_connected, what="both to be back")
        assert sub.acknowledge([before]) == 0, "its message id belongs to the former connection"
        pub.publish(f"test/{name}/x", b"after")
        pub.flush()
        got: set[bytes] = set()
        while got < {b"meanwhile", b"after"}:
            got |= {delivery.payload for delivery in receive(network, sub, 1)} - {b"before"}
        for connection in (pub, sub):
            connection.close()


def test_the_broker_publishes_the_will_of_the_dead_and_not_of_the_polite(
    network: Network, any_broker: BrokerAddress, name: str
) -> None:
    sub = subscriber(network, any_broker, name)
    sub.open()
    for kind in ("dead", "polite"):
        will = Will(f"test/{name}/{kind}", b"gone")
        device = Publisher(network, any_broker, client_id=f"{kind}-{name}", will=will)
        device.open()
        if kind == "dead":
            device.abandon()
        else:
            device.close()
    (delivery,) = receive(network, sub, 1)
    assert (delivery.topic, delivery.payload) == (f"test/{name}/dead", b"gone")
    sub.close()


def test_another_thread_can_end_a_poll(network: Network) -> None:
    network.wake()
    network.poll(30)  # would time out the test


@pytest.mark.parametrize("url", ["http://host", "mqtt://", "mqtt://host:99999", "mqtt://user:secret@:1883", "nonsense"])
def test_impossible_addresses_are_named_without_their_password(url: str) -> None:
    with pytest.raises(Misconfigured, match="CITYWATCH_BROKER_URL") as raised:
        BrokerAddress.from_url(url)
    assert "secret" not in str(raised.value)


def test_nobody_at_the_address(network: Network) -> None:
    with pytest.raises(Unavailable, match="start it or set CITYWATCH_BROKER_URL"):
        Publisher(network, BrokerAddress("127.0.0.1", free_port()), client_id="x").open()


def test_a_publisher_learns_that_nobody_listens(network: Network, broker: BrokerAddress, name: str) -> None:
    if chosen_kind(BrokerKind.AUTO) is not BrokerKind.MOSQUITTO:
        pytest.skip("the fallback broker does not say whether anybody listens")
    pub = Publisher(network, broker, client_id=f"pub-{name}")
    pub.open()
    pub.publish(f"test/{name}/a", b"lost")
    pub.flush()
    assert pub.unheard == 1
    sub = subscriber(network, broker, name)
    sub.open()
    pub.publish(f"test/{name}/b", b"heard")
    pub.flush()
    assert pub.unheard == 1
    assert receive(network, sub, 1)[0].payload == b"heard"
    for connection in (pub, sub):
        connection.close()
