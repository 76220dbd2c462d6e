"""Recorded messages over links with the faults of a scenario."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from citywatch.errors import Misconfigured, Rejected
from citywatch.wire.topics import parse_topic
from simulators.events import Episode
from simulators.faults.link import LinkFault, Links, in_order
from simulators.randomness import Noise
from simulators.recordings.message import RecordedMessage
from simulators.scenario import Scenario
from simulators.sending import Act, Sending

_MS: Final = 1000  # [us]


@dataclass(frozen=True, slots=True)
class _Carried(Sending):
    """A sending that knows the message it came from; the message lends everything but payload and time."""

    message: RecordedMessage | None = None


class FaultyLinks:
    """Sends recorded messages through the link faults of a scenario.

    An asset and a sensor are those of the topic. The connection is ours, so it does not break with an outage; messages
    are lost, doubled, held back, damaged. Episodes count by log time.

    Raises
    ------
    Misconfigured
        The scenario has no faults of links.
    """

    def __init__(self, scenario: Scenario, *, seed: int) -> None:
        if not scenario.events(LinkFault):
            raise Misconfigured(
                f"scenario {scenario.scenario_id!r} has no faults of links; see docs/reference/scenarios.md"
            )
        self._scenario = scenario
        self._seed = seed
        self._devices: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._counts: dict[int, int] = {}
        self._noises: dict[tuple[int, int], Noise] = {}

    def carry(self, messages: Iterable[RecordedMessage]) -> Iterator[RecordedMessage]:
        """Yield what comes out, in order of log time; ``messages`` are in that order."""
        links = Links(self._episodes, self._noise)
        for sending in in_order(links, map(self._sending, messages)):
            assert isinstance(sending, _Carried)
            message = sending.message
            assert message is not None
            late = (sending.time - message.log_time // _MS) * _MS
            if late or sending.payload != message.payload:
                yield replace(
                    message,
                    payload=sending.payload,
                    log_time=message.log_time + late,
                    publication_time=message.publication_time + late,
                )
            else:
                yield message

    def _sending(self, message: RecordedMessage) -> Sending:
        try:
            topic = parse_topic(message.topic)
            names = (str(topic.asset_id), str(topic.sensor_id))
        except Rejected:
            names = ("", message.topic)
        if names not in self._numbers:
            self._numbers[names] = len(self._devices)
            self._devices.append(names)
        device = self._numbers[names]
        number = self._counts[device] = self._counts.get(device, -1) + 1
        return _Carried(message.log_time // _MS, device, Act.SEND, message.payload, 0, number, message)

    def _episodes(self, device: int, start: float, end: float) -> Iterator[Episode]:
        asset_id, sensor_id = self._devices[device]
        if asset_id:
            for episode in self._scenario.episodes(start, end, LinkFault, asset_id):
                if isinstance(episode.event, LinkFault) and episode.event.sensor in (None, sensor_id):
                    yield episode

    def _noise(self, device: int, number: int) -> Noise:
        if (device, number) not in self._noises:
            self._noises[device, number] = Noise(self._seed, "link", str(number), *self._devices[device])
        return self._noises[device, number]
