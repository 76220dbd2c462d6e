"""The pipeline: the main thread receives, interprets and acknowledges, a second one commits.

A batch closes when the writer is free or when it is full, whichever comes first: milliseconds of delay at moderate
load, full batches at high load. Both threads are needed because the database works while messages are interpreted.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from citywatch.broker import Delivery
from citywatch.model.observations import Outcome
from citywatch.service import Stop
from citywatch.storage.pipeline.batches import WriteReport
from ingest.commit import Committer
from ingest.interpret import Message


class Source(Protocol):
    """Where deliveries come from and acknowledgements go to."""

    def poll(self, timeout: float) -> None:
        """Wait up to ``timeout`` [s] for traffic and handle it."""
        ...

    def wake(self) -> None:
        """End a poll from another thread."""
        ...

    def take(self) -> list[Delivery]:
        """Return what has arrived."""
        ...

    def acknowledge(self, deliveries: Iterable[Delivery]) -> int:
        """Tell the broker that these are safe; return how many it was told."""
        ...


@dataclass(slots=True)
class Counters:
    """What this process has done since its start, in messages and readings; ``pending`` is the present state."""

    messages: int = 0
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    batches: int = 0
    acknowledged: int = 0
    pending: int = 0


class Pipeline:
    """Moves deliveries into the database and acknowledges them.

    ``batch_readings`` and ``batch_messages`` bound a batch; after ``beat`` [s] without a commit an empty batch tells
    followers that time goes on.
    """

    def __init__(
        self,
        *,
        source: Source,
        interpret: Callable[[Delivery], Message],
        committer: Committer,
        batch_readings: int,
        batch_messages: int,
        beat: float,
    ) -> None:
        self._source = source
        self._interpret = interpret
        self._batch_readings = batch_readings
        self._batch_messages = batch_messages
        self._backlog: deque[Delivery] = deque()
        self._open: list[Message] = []
        self._weight = 0
        self._writer = _Writer(committer, beat=beat, settled=source.wake)
        self.counters = Counters()

    def run(self, stop: Stop) -> None:
        """Work until a stop is asked for; what was interpreted by then is committed and acknowledged.

        Raises
        ------
        Exception
            Whatever ended the writer.
        """
        self._writer.start()
        try:
            while not stop.requested():
                self._source.poll(0 if self._backlog and not self._is_full() else 0.5)
                self._backlog.extend(self._source.take())
                self._settle()
                self._interpret_backlog()
                if self._open and self._writer.offer(self._open):
                    self._open, self._weight = [], 0
            if self._open:
                self._writer.offer(self._open, wait=True)
        finally:
            self._writer.end()
            self._settle()

    def _is_full(self) -> bool:
        return self._weight >= self._batch_readings or len(self._open) >= self._batch_messages

    def _interpret_backlog(self) -> None:
        while self._backlog and not self._is_full():
            message = self._interpret(self._backlog.popleft())
            self._open.append(message)
            self._weight += message.weight
        self.counters.pending = len(self._backlog) + len(self._open) + self._writer.pending

    def _settle(self) -> None:
        """Acknowledge what has been committed, and count it."""
        count = self.counters
        for messages, reports in self._writer.take_settled():
            outcomes = np.zeros(len(Outcome), dtype=np.intp)
            for report in reports:
                for fates in (report.outcome, report.waveform_outcome):
                    outcomes += np.bincount(fates, minlength=len(Outcome))
            received = sum(message.received for message in messages)
            count.acknowledged += self._source.acknowledge(message.delivery for message in messages)
            count.messages += len(messages)
            count.received += received
            count.stored += int(outcomes[Outcome.STORED])
            count.duplicate += int(outcomes[Outcome.DUPLICATE])
            count.conflict += int(outcomes[Outcome.CONFLICT])
            count.rejected += received - int(outcomes.sum())
            count.batches += len(reports)


Settled = tuple[Sequence[Message], Sequence[WriteReport]]


class _Writer:
    """The thread that commits one batch after the other."""

    def __init__(self, committer: Committer, *, beat: float, settled: Callable[[], None]) -> None:
        self._committer = committer
        self._beat = beat
        self._tell = settled
        self._changed = threading.Condition()
        self._batch: Sequence[Message] | None = None
        self._settled: list[Settled] = []
        self._ended = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="writer")

    @property
    def pending(self) -> int:
        """How many messages are being committed."""
        batch = self._batch
        return 0 if batch is None else len(batch)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def offer(self, batch: Sequence[Message], *, wait: bool = False) -> bool:
        """Give the writer a batch if it is free; with ``wait``, wait until it is."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._batch is None or self._failure is not None)
            if self._failure is not None:
                raise self._failure
            if self._batch is not None:
                return False
            self._batch = batch
            self._changed.notify_all()
            return True

    def take_settled(self) -> list[Settled]:
        """Return the batches committed since the last call."""
        with self._changed:
            if self._failure is not None:
                raise self._failure
            settled, self._settled = self._settled, []
            return settled

    def end(self) -> None:
        """Commit what was handed over, and end."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        try:
            while (batch := self._next()) is not None:
                reports = self._committer.commit(batch)
                with self._changed:
                    if self._batch is batch:  # during an empty one, the next may have been handed over
                        self._batch = None
                    if reports is not None:  # else not stored, so not acknowledged: the broker delivers it again
                        self._settled.append((batch, reports))
                    self._changed.notify_all()
                self._tell()
        except BaseException as failure:  # noqa: BLE001  # carried to the main thread, which ends the process
            with self._changed:
                self._failure = failure
                self._changed.notify_all()
            self._tell()

    def _next(self) -> Sequence[Message] | None:
        """Wait for a batch; an empty one when nothing came for a beat, None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._batch is not None or self._ended, self._beat)
            if self._batch is not None:
                return self._batch
            return None if self._ended else []
