"""Sending recorded messages: their bytes, on their topics, in their order, when the pace says so."""

import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.service import Stop
from simulators.recordings.message import RecordedMessage, readings_in, source_of
from simulators.recordings.pace import Pace

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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is: messages sent, and the log time of the newest [us since the epoch]."""

    messages: int
    log_time: int


class Replay:
    """Publishes recorded messages with QoS 1, one after the other.

    Parameters
    ----------
    pace
        Says when a message is due.
    may_go_on
        Asked from time to time with the number of messages sent so far; while it says no, nothing is sent.
    watch
        Told from time to time how far we are, also while nothing is due.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        pace: Pace,
        stop: Stop,
        may_go_on: Callable[[int], bool] = lambda _messages: True,
        watch: Callable[[Progress], None] = lambda _progress: None,
    ) -> None:
        self._address = address
        self._pace = pace
        self._stop = stop
        self._may_go_on = may_go_on
        self._watch = watch
        self._network = Network()

    def run(self, messages: Iterable[RecordedMessage]) -> Sent:
        """Send messages; return what the broker has confirmed, less than all after a stop.

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
                for message in messages:
                    if not self._is_time_for(message, sent.messages):
                        break
                    publisher.publish(
                        message.topic,
                        message.payload,
                        content_type=message.content_type,
                        properties=message.properties,
                    )
                    sent.add(message)
                else:
                    sent.is_complete = True
                publisher.flush()
        return sent

    def _is_time_for(self, message: RecordedMessage, number: int) -> bool:
        """Wait until a message is due and may be sent; return False when we are asked to stop."""
        progress = Progress(number, message.log_time)
        if number % _STEP == 0:
            self._watch(progress)
            while not self._may_go_on(number) and not self._stop.requested():
                self._network.poll(_GLANCE)
        while (ahead := self._pace.ahead(message.publication_time)) > 0 and not self._stop.requested():
            self._network.poll(min(ahead, _GLANCE))
            self._watch(progress)
        return not self._stop.requested()
