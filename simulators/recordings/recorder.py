"""Recording what a broker carries: every message byte for byte, in the order in which it came."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Final

from citywatch.broker import BrokerAddress, Delivery, Network, Subscriber
from citywatch.clock import Clock
from citywatch.service import Stop
from simulators.recordings.message import RecordedMessage
from simulators.recordings.writing import RecordingWriter

_WINDOW: Final = 1000  # unacknowledged messages
_GLANCE: Final = 0.2  # [s]


class Recorder:
    """Writes the messages of some topics until it is told to stop.

    A message is acknowledged when it has been handed to the file. Retained messages that are older than the
    subscription are left out: nobody sent them now.

    Parameters
    ----------
    filters
        MQTT topic filters.
    lasts
        End after so long; None: at a stop.
    limit
        End after so many messages.
    watch
        Called from time to time.
    """

    def __init__(
        self,
        address: BrokerAddress,
        filters: Sequence[str],
        *,
        clock: Clock,
        stop: Stop,
        lasts: timedelta | None = None,
        limit: int | None = None,
        watch: Callable[["Recorder"], None] = lambda _recorder: None,
    ) -> None:
        self._network = Network()
        self._subscriber = Subscriber(
            self._network,
            address,
            client_id=f"citywatch-record-{uuid.uuid4().hex[:8]}",
            filters=filters,
            window=_WINDOW,
            session_expiry=0,
            clock=clock,
        )
        self._clock = clock
        self._stop = stop
        self._lasts = lasts
        self._limit = limit
        self._watch = watch
        self.topics: Counter[str] = Counter()
        """Messages by topic."""

    def run(self, writer: RecordingWriter) -> None:
        """Record.

        Raises
        ------
        Unavailable
            The broker cannot be reached.
        """
        with closing(self._network), closing(self._subscriber):
            self._subscriber.open()
            begun = self._clock.now()
            while not self._is_over(begun):
                self._network.poll(_GLANCE)
                taken = self._subscriber.take()
                for delivery in taken:
                    if not delivery.retained and not self._is_full():
                        writer.write(_message(delivery))
                        self.topics[delivery.topic] += 1
                self._subscriber.acknowledge(taken)
                self._watch(self)

    def _is_full(self) -> bool:
        return self._limit is not None and self.topics.total() >= self._limit

    def _is_over(self, begun: datetime) -> bool:
        is_late = self._lasts is not None and self._clock.now() - begun >= self._lasts
        return is_late or self._is_full() or self._stop.requested()


def _message(delivery: Delivery) -> RecordedMessage:
    return RecordedMessage(
        topic=delivery.topic,
        payload=delivery.payload,
        content_type=delivery.content_type,
        log_time=delivery.received,
        publication_time=delivery.received,
        properties=tuple(delivery.properties),
    )
