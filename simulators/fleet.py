"""The MQTT connections of the devices: one each, with a birth, and a last will for the day the power fails."""

import resource
from collections.abc import Sequence
from time import monotonic
from typing import Final

from citywatch.broker import BrokerAddress, Network, Publisher, Will
from citywatch.clock import Clock, to_micros
from citywatch.wire.stamps import stamps
from citywatch.wire.status import Presence, Status, encode_status
from simulators.device import Device

_GOOD_BYE: Final = 5.0  # [s]
_SPARE: Final = 64  # descriptors for everything but the devices


class Fleet:
    """Connects devices when they first speak and drops them when they lose power."""

    def __init__(self, address: BrokerAddress, clock: Clock, devices: Sequence[Device]) -> None:
        self._address = address
        self._clock = clock
        self._devices = devices
        self._connected: dict[int, Publisher] = {}
        self._sent = [0] * len(devices)  # telemetry of each since it started
        self.network = Network()
        _allow_descriptors(len(devices) + _SPARE)

    def send(self, device: int, payload: bytes) -> None:
        """Publish telemetry of a device.

        Raises
        ------
        Unavailable
            No broker answers, or it confirms nothing any more.
        """
        publisher = self._connected.get(device) or self._connect(device)
        stamp = stamps(self._sent[device], to_micros(self._clock.now()))
        self._sent[device] += 1
        publisher.publish(
            self._devices[device].telemetry, payload, content_type=self._devices[device].content_type, properties=stamp
        )

    def lose_power(self, device: int) -> None:
        """Let a device vanish; the broker publishes its last will, and the device will number anew."""
        self._sent[device] = 0
        self.lose_link(device)

    def lose_link(self, device: int) -> None:
        """Let the connection of a device break; the broker publishes its last will."""
        publisher = self._connected.pop(device, None)
        if publisher is not None:
            publisher.abandon()

    def connect(self, device: int) -> None:
        """Connect a device that is not.

        Raises
        ------
        Unavailable
            No broker answers.
        """
        if device not in self._connected:
            self._connect(device)

    def confirm(self, *, timeout: float) -> bool:
        """Wait until the broker has confirmed everything, at most ``timeout`` [s]; return whether it has."""
        deadline = monotonic() + timeout
        while any(publisher.unconfirmed for publisher in self._connected.values()):
            if monotonic() > deadline:
                return False
            self.network.poll(0.2)
        return True

    def close(self) -> None:
        """Say good-bye in the name of every device, as far as the broker still listens, and disconnect."""
        for device, publisher in self._connected.items():
            if publisher.is_connected and not publisher.unconfirmed:
                publisher.publish(self._devices[device].status, self._status(Presence.OFFLINE), retain=True)
        self.confirm(timeout=_GOOD_BYE)
        for publisher in self._connected.values():
            publisher.close()
        self.network.close()

    def _connect(self, device: int) -> Publisher:
        status = self._devices[device].status
        publisher = Publisher(
            self.network,
            self._address,
            client_id="simulated" + status.removesuffix("/status").removeprefix("citywatch/v1").replace("/", "."),
            will=Will(status, encode_status(Status(Presence.OFFLINE))),
            birth=lambda: self._status(Presence.ONLINE),
        )
        publisher.open()
        self._connected[device] = publisher
        return publisher

    def _status(self, presence: Presence) -> bytes:
        return encode_status(Status(presence, self._clock.now()))


def _allow_descriptors(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
