"""Faults of links: what becomes of messages between a device and the broker.

Which messages are hit depends on the seed, the device and the number of the message alone; so a simulator that starts
again hits the same ones.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from simulators.events import Episode, Event
from simulators.randomness import Noise
from simulators.sending import Act, Sending

_MS: Final = 1000
_SECOND: Final = 2**50  # counts of further independent numbers per message
_THIRD: Final = 2**51


@dataclass(frozen=True, slots=True)
class Passage:
    """How a fault meets a message: it lasts until ``end`` [ms], and ``noise`` is its stream for the device."""

    end: int
    noise: Noise

    def chance(self, number: int) -> float:
        """Return the random number of a message, uniform on [0, 1]."""
        return float(self.noise.uniform(np.array([number]))[0])


class LinkFault(Event):
    """A fault of the link of one sensor; without ``sensor`` of all sensors of the asset."""

    sensor: str | None = None

    @property
    def longest_hold(self) -> float:
        """For how long a message may be held back [s]."""
        return 0.0

    def moments(self, episode: Episode) -> Iterable[tuple[float, Act]]:  # noqa: ARG002
        """Yield what the link does by itself during an episode: times [s since the epoch] and acts."""
        return ()

    def carry(self, sending: Sending, passage: Passage) -> Sequence[Sending]:  # noqa: ARG002
        """Return what the broker gets of one message, none before the message's own time."""
        return (sending,)


class Drop(LinkFault):
    """A ``share`` (0-1) of the messages is lost."""

    event: Literal["drop"]
    share: Annotated[float, Field(gt=0, le=1)]

    def carry(self, sending: Sending, passage: Passage) -> Sequence[Sending]:
        """Return the message or nothing."""
        return () if passage.chance(sending.number) < self.share else (sending,)


class Duplicate(LinkFault):
    """A ``share`` (0-1) of the messages is sent again ``after`` [s]."""

    event: Literal["duplicate"]
    share: Annotated[float, Field(gt=0, le=1)]
    after: Annotated[float, Field(ge=0, le=86_400)] = 1.0

    @property
    def longest_hold(self) -> float:
        """The second copy comes so much later [s]."""
        return self.after

    def carry(self, sending: Sending, passage: Passage) -> Sequence[Sending]:
        """Return the message once or twice."""
        if passage.chance(sending.number) >= self.share:
            return (sending,)
        return sending, sending.at(sending.time + round(self.after * _MS))


class Delay(LinkFault):
    """Every message comes ``seconds`` [s] late; the order stays."""

    event: Literal["delay"]
    seconds: Annotated[float, Field(gt=0, le=86_400)]

    @property
    def longest_hold(self) -> float:
        """The delay [s]."""
        return self.seconds

    def carry(self, sending: Sending, passage: Passage) -> Sequence[Sending]:  # noqa: ARG002
        """Return the message, later."""
        return (sending.at(sending.time + round(self.seconds * _MS)),)


class Reorder(LinkFault):
    """A ``share`` (0-1) of the messages is overtaken: it comes up to ``window`` [s] late."""

    event: Literal["reorder"]
    window: Annotated[float, Field(gt=0, le=86_400)]
    share: Annotated[float, Field(gt=0, le=1)] = 0.5

    @property
    def longest_hold(self) -> float:
        """The window [s]."""
        return self.window

    def carry(self, sending: Sending, passage: Passage) -> Sequence[Sending]:
        """Return the message, perhaps later."""
        if passage.chance(sending.number) >= self.share:
            return (sending,)
        return (sending.at(sending.time + round(self.window * _MS * passage.chance(sending.number + _SECOND))),)


class Corrupt(LinkFault):
    """In a ``share`` (0-1) of the messages ``damage`` bytes are replaced by others."""

    event: Literal["corrupt"]
    share: Annotated[float, Field(gt=0, le=1)]
    damage: Annotated[int, Field(ge=1, le=1000)] = 1

    def carry(self, sending: Sending, passage: Passage) -> Sequence[Sending]:
        """Return the message, perhaps damaged."""
        if not sending.payload or passage.chance(sending.number) >= self.share:
            return (sending,)
        damaged = bytearray(sending.payload)
        counts = sending.number * 1000 + np.arange(self.damage, dtype=np.int64)
        places = passage.noise.uniform(counts + _SECOND) * len(damaged)
        flips = 1 + passage.noise.uniform(counts + _THIRD) * 255
        for place, flip in zip(places.tolist(), flips.tolist(), strict=True):
            damaged[min(int(place), len(damaged) - 1)] ^= min(int(flip), 255)
        return (replace(sending, payload=bytes(damaged)),)


class Outage(LinkFault):
    """No connection; the device keeps its messages and sends them in one burst at the end, or ``loses`` them."""

    event: Literal["outage"]
    loses: bool = False

    @property
    def longest_hold(self) -> float:
        """A message of the first moment waits the whole time [s]."""
        return 0.0 if self.loses else self.duration

    def moments(self, episode: Episode) -> Iterable[tuple[float, Act]]:
        """The connection breaks at the start and comes back at the end."""
        return (episode.start, Act.LOSE_LINK), (episode.end, Act.CONNECT)

    def carry(self, sending: Sending, passage: Passage) -> Sequence[Sending]:
        """Return the message at the end of the outage, or nothing."""
        return () if self.loses else (sending.at(max(sending.time, passage.end)),)


class ReconnectStorm(LinkFault):
    """Every ``every`` [s] the connection breaks and is made again at once; together with others, that is a storm."""

    event: Literal["reconnect-storm"]
    every: Annotated[float, Field(ge=1)] = 30.0

    def moments(self, episode: Episode) -> Iterable[tuple[float, Act]]:
        """The connection breaks and comes back, again and again."""
        for time in np.arange(episode.start, episode.end, self.every).tolist():
            yield time, Act.LOSE_LINK
            yield time, Act.CONNECT


AnyLinkFault = Drop | Duplicate | Delay | Reorder | Corrupt | Outage | ReconnectStorm


@dataclass(frozen=True, slots=True)
class Links:
    """The links of the devices: which episodes hit a device, and its random numbers per fault.

    ``episodes(device, start, end)`` yields those that touch an interval [s since the epoch], in the order of the
    scenario; ``noise(device, number)`` the stream for the fault of that number in the scenario.
    """

    episodes: Callable[[int, float, float], Iterable[Episode]]
    noise: Callable[[int, int], Noise]

    def carry(self, sending: Sending) -> list[Sending]:
        """Return what the broker gets of one message; each fault acts on what the one before has left."""
        at = sending.time / _MS
        carried = [sending]
        for episode in self.episodes(sending.device, at, at):
            fault = episode.event
            if isinstance(fault, LinkFault) and episode.start <= at < episode.end:
                passage = Passage(round(episode.end * _MS), self.noise(sending.device, episode.number))
                carried = [later for one in carried for later in fault.carry(one, passage)]
        return carried

    def moments(self, devices: Iterable[int], start: int, end: int) -> list[Sending]:
        """Return what the links do by themselves after ``start`` and until ``end`` [ms], in order of time."""
        found = []
        for device in devices:
            for episode in self.episodes(device, start / _MS, end / _MS):
                if isinstance(episode.event, LinkFault):
                    found += [
                        Sending(round(time * _MS), device, act)
                        for time, act in episode.event.moments(episode)
                        if start < round(time * _MS) <= end
                    ]
        return sorted(found, key=lambda sending: (sending.time, sending.act.value))


def in_order(links: Links, sendings: Iterable[Sending]) -> Iterator[Sending]:
    """Carry messages over their links and yield what comes out in order of time; ``sendings`` are in order too."""
    held: list[tuple[int, int, Sending]] = []
    turn = count()
    for sending in sendings:
        while held and held[0][0] <= sending.time:
            yield heapq.heappop(held)[2]
        carried = [sending] if sending.act is not Act.SEND else links.carry(sending)
        for one in carried:
            heapq.heappush(held, (one.time, next(turn), one))
    while held:
        yield heapq.heappop(held)[2]
