"""The world: all devices of a city, and what they send in virtual time.

Everything is a function of the seed and the time, so the world can start at any moment and gives the messages that it
would have given there had it always run; devices do not influence each other.
"""

import heapq
from collections.abc import Iterable, Iterator
from typing import Final

from citywatch.model.registry import Registry
from simulators.device import Device, devices_of, is_hit
from simulators.devices import Site, build_site
from simulators.environment import Environment
from simulators.events import Episode
from simulators.faults.link import LinkFault, Links, in_order
from simulators.randomness import Noise
from simulators.scenario import Scenario
from simulators.sending import Act, Sending
from simulators.storms import storms_of

_MS: Final = 1000
_HOUR: Final = 3_600_000  # [ms]


class World:
    """The devices of a city under a scenario."""

    def __init__(self, registry: Registry, scenario: Scenario, *, seed: int, utc_offset: float) -> None:
        self.scenario = scenario
        environment = Environment(
            seed=seed, utc_offset=utc_offset, storms=lambda start, end: storms_of(scenario, start, end)
        )
        sites: dict[str, Site | None] = {
            asset.asset_id: build_site(asset, environment, scenario, seed=seed) for asset in registry.assets
        }
        self.devices: list[Device] = devices_of(registry, sites, scenario, seed=seed)
        self._seed = seed
        self._noises: dict[tuple[int, int], Noise] = {}
        self._links = Links(episodes=self._link_episodes, noise=self._link_noise)
        self._linked = {
            number: faults
            for number, device in enumerate(self.devices)
            if (faults := [fault for fault in device.place.scenario.events(LinkFault) if is_hit(device, fault)])
        }

    def sendings(self, start: int, end: int | None = None, *, pack: int = 0) -> Iterator[Sending]:
        """Yield what the devices do after ``start`` and until ``end`` [ms since the epoch], in order of time.

        With ``pack`` [ms] a device keeps its readings for so long and sends them together, as one does that was
        without a connection. Devices whose links have faults in the scenario do not pack.
        """
        sound = [number for number in range(len(self.devices)) if number not in self._linked]
        plain = self._sent_by(sound, start, end, pack=pack)
        return heapq.merge(plain, self._over_links(start, end), key=lambda sending: (sending.time, sending.device))

    def _over_links(self, start: int, end: int | None) -> Iterator[Sending]:
        """Yield what comes over links with faults; what was held back before ``start`` is among it."""
        hold = round(
            _MS * max((sum(one.longest_hold for one in faults) for faults in self._linked.values()), default=0)
        )
        sent = self._sent_by(self._linked, start - hold, end)
        acts = heapq.merge(self._link_moments(start - hold, end), sent, key=lambda sending: sending.time)
        for sending in in_order(self._links, acts):
            if end is not None and sending.time > end:
                return
            if sending.time > start:
                yield sending

    def _link_moments(self, start: int, end: int | None) -> Iterator[Sending]:
        while self._linked and (end is None or start < end):
            until = start + _HOUR if end is None else min(start + _HOUR, end)
            yield from self._links.moments(self._linked, start, until)
            start = until

    def _link_episodes(self, device: int, start: float, end: float) -> Iterator[Episode]:
        place = self.devices[device].place
        for episode in place.scenario.episodes(start, end, LinkFault, place.asset_id):
            if isinstance(episode.event, LinkFault) and is_hit(self.devices[device], episode.event):
                yield episode

    def _link_noise(self, device: int, number: int) -> Noise:
        if (device, number) not in self._noises:
            place = self.devices[device].place
            self._noises[device, number] = Noise(self._seed, "link", str(number), place.asset_id, place.sensor_id)
        return self._noises[device, number]

    def _sent_by(self, devices: Iterable[int], start: int, end: int | None, *, pack: int = 0) -> Iterator[Sending]:
        heap = [(self._next(number, start, end, pack), number, start) for number in devices]
        heapq.heapify(heap)
        while heap:
            time, number, since = heap[0]
            if end is not None and time > end:
                return
            report = self.devices[number].report(since, time)
            if report is None:
                yield Sending(time, number, Act.LOSE_POWER)
            else:
                for message in report:
                    yield Sending(time, number, Act.SEND, message.payload, message.readings, message.number)
            heapq.heapreplace(heap, (self._next(number, time, end, pack), number, time))

    def _next(self, number: int, after: int, end: int | None, pack: int) -> int:
        if not pack:
            return self.devices[number].next_look(after)
        packed = pack * (after // pack + 1)
        return packed if end is None or after >= end else min(packed, end)
