"""MQTT 5 connections: a subscriber that acknowledges only what the caller says is safe, and a publisher that knows
when the broker has everything.

The only package that knows paho-mqtt. Everything happens on the thread that calls :meth:`Network.poll`.
"""

from citywatch.broker.address import BrokerAddress
from citywatch.broker.network import Network
from citywatch.broker.publisher import Publisher, Will
from citywatch.broker.subscriber import Delivery, Subscriber

__all__ = ["BrokerAddress", "Delivery", "Network", "Publisher", "Subscriber", "Will"]
