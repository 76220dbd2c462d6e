"""Reading recordings in the order of their times, in bounded memory, with a clear word about files that are none."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec
from mcap.exceptions import McapError
from mcap.reader import SeekingReader
from mcap.summary import Summary
from zstandard import ZstdError

from citywatch.errors import Misconfigured
from simulators.recordings.message import RecordedMessage
from simulators.recordings.writing import FORMAT, METADATA, NANOSECONDS, PROPERTIES

_MAGIC: Final = b"\x89MCAP0\r\n"
_LARGEST: Final = 256 * 2**20  # record [bytes]; a damaged length must not ask for all the memory
_DAMAGE: Final = (McapError, ZstdError, msgspec.MsgspecError, ValueError, struct.error, EOFError, KeyError, IndexError)


@dataclass(frozen=True, slots=True)
class About:
    """Where a recording comes from and what it holds."""

    source: str
    licence: str
    city: str
    created_by: str
    messages: int
    readings: int


@dataclass(frozen=True, slots=True)
class Span:
    """Log times from ``begin`` up to but not including ``end`` [us since the epoch]; None: unlimited."""

    begin: int | None = None
    end: int | None = None


class Recording:
    """An open recording; use it as a context.

    Raises
    ------
    Misconfigured
        The file is missing, is no recording, or is cut off or damaged; while messages are read, too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise Misconfigured(
                f"{path}: {error.strerror}; name a recording made with 'citywatch record' or 'citywatch import-csv'"
            ) from error
        try:
            self._reader, self._summary = self._open()
            self.about = self._read_about()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def span(self) -> tuple[int, int] | None:
        """Log times of the first and last message [us since the epoch]; None when there is no message."""
        statistics = self._summary.statistics
        if statistics is None or not statistics.message_count:
            return None
        return statistics.message_start_time // NANOSECONDS, statistics.message_end_time // NANOSECONDS

    @property
    def topics(self) -> list[str]:
        """The topics of the messages, sorted."""
        return sorted({channel.topic for channel in self._summary.channels.values()})

    def messages(self, span: Span | None = None, topics: Sequence[str] | None = None) -> Iterator[RecordedMessage]:
        """Yield the messages of a span, on some topics, by log time; equal times in the order of writing.

        As much is in memory as the chunks of one moment hold, about 1 MiB each; chunks without a message of ``topics``
        are not read.
        """
        span = span or Span()
        properties: tuple[tuple[str, str], ...] = ()
        with self._damage_named():
            for _, channel, message in self._reader.iter_messages(
                topics=topics,
                starting_at=None if span.begin is None else max(0, span.begin * NANOSECONDS),
                ending_before=None if span.end is None else max(0, span.end * NANOSECONDS),
            ):
                if PROPERTIES in channel.metadata:
                    properties = msgspec.json.decode(message.data, type=tuple[tuple[str, str], ...])
                    continue
                yield RecordedMessage(
                    topic=channel.topic,
                    payload=message.data,
                    content_type=channel.metadata.get("content_type"),
                    log_time=message.log_time // NANOSECONDS,
                    publication_time=message.publish_time // NANOSECONDS,
                    properties=properties,
                )
                properties = ()

    def _open(self) -> tuple[SeekingReader, Summary]:
        if self._file.read(len(_MAGIC)) != _MAGIC:
            raise Misconfigured(
                f"{self.path} is not a recording; make one with 'citywatch record' or 'citywatch import-csv'"
            )
        size = self._file.seek(-len(_MAGIC), 2) + len(_MAGIC)
        if size < 2 * len(_MAGIC) or self._file.read() != _MAGIC:
            raise Misconfigured(f"{self.path} is cut off after {size} bytes; copy or make the recording again")
        self._file.seek(0)
        with self._damage_named():
            reader = SeekingReader(self._file, validate_crcs=True, record_size_limit=_LARGEST)
            summary = reader.get_summary()
        if summary is None:
            raise Misconfigured(f"{self.path} is an MCAP file without a summary; write it again with one")
        return reader, summary

    def _read_about(self) -> About:
        with self._damage_named():
            entry = next((item.metadata for item in self._reader.iter_metadata() if item.name == METADATA), None)
        if entry is None or entry.get("format") != FORMAT:
            found = "without the metadata" if entry is None else f"of format {entry.get('format')!r}, not"
            raise Misconfigured(
                f"{self.path} is an MCAP file {found} '{METADATA if entry is None else FORMAT}' that citywatch reads;"
                " make the recording with 'citywatch import-csv'"
            )
        with self._damage_named():
            return About(
                source=entry["source"],
                licence=entry["licence"],
                city=entry["city"],
                created_by=entry["created_by"],
                messages=int(entry["messages"]),
                readings=int(entry["readings"]),
            )

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise Misconfigured(
                f"{self.path} is damaged ({type(error).__name__}: {error}); copy or make the recording again"
            ) from error
