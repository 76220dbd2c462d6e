"""Making messages durable, whatever happens: retry while the database is away, bisect when it refuses."""

from collections.abc import Callable, Sequence
from typing import Protocol

from citywatch.errors import Rejected, Unavailable
from citywatch.logs import logger
from citywatch.model.observations import Batch
from citywatch.service import Stop
from citywatch.storage.pipeline.batches import WriteReport
from ingest.interpret import Message, reject


class Writer(Protocol):
    """Writes a batch in one transaction."""

    def write(self, batch: Batch) -> WriteReport:
        """Make the batch durable, or raise ``Unavailable`` or ``Rejected`` and change nothing."""
        ...


class Committer:
    """Commits messages on a connection that it opens, and opens anew after a failure."""

    def __init__(
        self,
        *,
        open_writer: Callable[[], Writer],
        assemble: Callable[[Sequence[Message]], Batch],
        stop: Stop,
        longest_pause: float = 10.0,
    ) -> None:
        self._open_writer = open_writer
        self._assemble = assemble
        self._stop = stop
        self._longest_pause = longest_pause
        self._writer: Writer | None = None
        self.outage: str | None = None

    def commit(self, messages: Sequence[Message]) -> list[WriteReport] | None:
        """Return what became of the messages, or None when a stop was asked for while the database was away.

        The guilty message of a refused batch ends in the dead letters; all others are stored.
        """
        try:
            report = self._write(self._assemble(messages))
        except Rejected as refusal:
            return self._bisect(messages, refusal)
        return None if report is None else [report]

    def _bisect(self, messages: Sequence[Message], refusal: Rejected) -> list[WriteReport] | None:
        if len(messages) == 1:
            guilty = messages[0]
            logger().error("the database refuses a message", topic=guilty.delivery.topic, cause=refusal.detail)
            return self.commit([reject(guilty.delivery, guilty.source, refusal)])
        middle = len(messages) // 2
        reports: list[WriteReport] = []
        for half in (messages[:middle], messages[middle:]):
            part = self.commit(half)
            if part is None:
                return None
            reports += part
        return reports

    def _write(self, batch: Batch) -> WriteReport | None:
        pause = 0.1
        while True:
            try:
                if self._writer is None:
                    self._writer = self._open_writer()
                report = self._writer.write(batch)
            except Unavailable as error:
                if self.outage is None:
                    logger().warning("database away; keeping the messages", cause=str(error))
                self.outage = str(error)
                self._writer = None
            else:
                if self.outage is not None:
                    logger().info("database back")
                self.outage = None
                return report
            if self._stop.wait(pause):
                return None
            pause = min(2 * pause, self._longest_pause)
