"""Writing recordings: MCAP files with one channel per topic (docs/reference/recording.md)."""

from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec
from mcap.writer import CompressionType, Writer

from citywatch.errors import Misconfigured
from simulators.recordings.message import RecordedMessage, readings_in

PROFILE: Final = "citywatch"
METADATA: Final = "citywatch.recording"
FORMAT: Final = "1"
PROPERTIES: Final = "user_properties_of"
"""Metadata of a channel whose messages are the MQTT 5 user properties of the next message of another channel."""
NANOSECONDS: Final = 1000  # in a microsecond
_CHUNK: Final = 1_048_576  # [bytes], before compression


class RecordingWriter:
    """Writes a recording in bounded memory; the file appears under its name when it is complete, and not before.

    Parameters
    ----------
    path
        File to make; it must not exist.
    source, licence
        Where the data come from, and under which licence.
    city
        City of the seeds that knows the topics.

    Raises
    ------
    Misconfigured
        The file exists, or cannot be written.
    """

    def __init__(self, path: Path, *, source: str, licence: str, city: str) -> None:
        if path.exists():
            raise Misconfigured(f"{path} exists; remove it or name another recording")
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        self._about = {"source": source, "licence": licence, "city": city}
        self._channels: dict[tuple[str, str | None, bool], int] = {}
        self._sequence: dict[int, int] = {}
        self.messages = 0
        self.readings = 0
        try:
            self._file: IO[bytes] = self._partial.open("wb")
        except OSError as error:
            raise Misconfigured(f"{path} cannot be written: {error.strerror}; name another recording") from error
        self._writer = Writer(self._file, chunk_size=_CHUNK, compression=CompressionType.ZSTD)
        self._writer.start(profile=PROFILE, library="")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete the file, or leave nothing behind after an error."""
        try:
            if error is None:
                self._finish()
        finally:
            self._file.close()
            if error is not None:
                self._partial.unlink(missing_ok=True)
        if error is None:
            self._partial.replace(self._path)

    def write(self, message: RecordedMessage) -> None:
        """Append a message; messages in the order of their times make the quickest file to read."""
        if message.properties:
            self._add(message, msgspec.json.encode(message.properties), are_properties=True)
        self._add(message, message.payload, are_properties=False)
        self.messages += 1
        self.readings += readings_in(message)

    def _add(self, message: RecordedMessage, data: bytes, *, are_properties: bool) -> None:
        channel = self._channel(message.topic, message.content_type, are_properties=are_properties)
        self._writer.add_message(
            channel,
            log_time=message.log_time * NANOSECONDS,
            publish_time=message.publication_time * NANOSECONDS,
            data=data,
            sequence=self._sequence[channel],
        )
        self._sequence[channel] += 1

    def _channel(self, topic: str, content_type: str | None, *, are_properties: bool) -> int:
        key = (topic, content_type, are_properties)
        if key not in self._channels:
            metadata = {} if content_type is None else {"content_type": content_type}
            encoding = content_type or ""
            if are_properties:
                metadata, encoding = {PROPERTIES: content_type or ""}, "json"
            channel = self._writer.register_channel(
                topic=topic, message_encoding=encoding, schema_id=0, metadata=metadata
            )
            self._channels[key] = channel
            self._sequence[channel] = 0
        return self._channels[key]

    def _finish(self) -> None:
        counts = {"messages": str(self.messages), "readings": str(self.readings)}
        created_by = {"format": FORMAT, "created_by": f"citywatch {version('citywatch')}"}
        self._writer.add_metadata(METADATA, {**created_by, **self._about, **counts})
        self._writer.finish()  # type: ignore[no-untyped-call]
