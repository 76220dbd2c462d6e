"""Replaying a recording: its bytes, on its topics, in its order, at its pace or faster."""

import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.clock import Clock, to_micros
from citywatch.service import Stop
from simulators.recordings.message import RecordedMessage, readings_in, source_of
from simulators.recordings.reading import Recording, Span

_WINDOW: Final = 1000  # unconfirmed messages
_STEP: Final = 500  # messages between two calls of may_go_on
_GLANCE: Final = 0.2  # longest wait between two looks at the clock [s]


@dataclass(slots=True)
class Tally:
    """Messages, and readings in them."""

    messages: int = 0
    readings: int = 0


@dataclass(slots=True)
class Sent:
    """What the broker has confirmed, by topic; ``is_complete`` when the span was sent to its end."""

    topics: dict[str, Tally] = field(default_factory=dict)
    messages: int = 0
    readings: int = 0
    is_complete: bool = False

    def add(self, message: RecordedMessage) -> None:
        """Count a message."""
        readings = readings_in(message)
        tally = self.topics.setdefault(message.topic, Tally())
        tally.messages += 1
        tally.readings += readings
        self.messages += 1
        self.readings += readings

    def sources(self) -> dict[str, Tally]:
        """Return the sums by source, ``district/system``."""
        sums: dict[str, Tally] = {}
        for topic, tally in self.topics.items():
            total = sums.setdefault(source_of(topic), Tally())
            total.messages += tally.messages
            total.readings += tally.readings
        return sums


class Replay:
    """Publishes a recording with QoS 1, one message after the other.

    Parameters
    ----------
    speed
        How much faster than recorded; None: as fast as the broker confirms.
    may_go_on
        Asked from time to time with the number of messages sent so far; while it says no, nothing is sent.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        clock: Clock,
        stop: Stop,
        speed: float | None = None,
        may_go_on: Callable[[int], bool] = lambda _messages: True,
    ) -> None:
        self._address = address
        self._clock = clock
        self._stop = stop
        self._speed = speed
        self._may_go_on = may_go_on
        self._network = Network()
        self._begun: tuple[int, int] | None = None  # by our clock, by the recording [us]

    def run(self, recording: Recording, span: Span | None = None) -> Sent:
        """Send a span, by default all; return what the broker has confirmed, less than all after a stop.

        Raises
        ------
        Unavailable
            The broker cannot be reached, or confirms nothing for a minute.
        Misconfigured
            The recording is damaged, or the broker refuses us.
        """
        sent = Sent()
        with closing(self._network) as network:
            publisher = Publisher(
                network, self._address, client_id=f"citywatch-replay-{uuid.uuid4().hex[:8]}", window=_WINDOW
            )
            publisher.open()
            with closing(publisher):
                for message in recording.messages(span):
                    if not self._is_time_for(message, sent.messages):
                        break
                    publisher.publish(message.topic, message.payload, content_type=message.content_type)
                    sent.add(message)
                else:
                    sent.is_complete = True
                publisher.flush()
        return sent

    def _is_time_for(self, message: RecordedMessage, number: int) -> bool:
        """Wait until a message is due and may be sent; return False when we are asked to stop."""
        if number % _STEP == 0:
            while not self._may_go_on(number) and not self._stop.requested():
                self._network.poll(_GLANCE)
        while (ahead := self._ahead(message.publication_time)) > 0 and not self._stop.requested():
            self._network.poll(min(ahead, _GLANCE))
        return not self._stop.requested()

    def _ahead(self, time: int) -> float:
        """Return how long a message published at ``time`` [us] has to wait [s]."""
        if self._speed is None:
            return 0.0
        now = to_micros(self._clock.now())
        if self._begun is None:
            self._begun = now, time
        begun, first = self._begun
        return ((time - first) / self._speed - (now - begun)) / 1e6
