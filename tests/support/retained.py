"""Brokers are shared by tests, and remember retained messages."""

import uuid
from collections.abc import Iterable
from contextlib import closing

from citywatch.broker import BrokerAddress, Network, Publisher


def forget(broker: BrokerAddress, topics: Iterable[str]) -> None:
    """Have a broker forget the retained messages of some topics."""
    with closing(Network()) as network:
        cleaner = Publisher(network, broker, client_id=f"cleaner-{uuid.uuid4().hex[:8]}")
        cleaner.open()
        for topic in topics:
            cleaner.publish(topic, b"", retain=True)
        cleaner.flush()
        cleaner.close()
