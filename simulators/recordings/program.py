"""What a replay sends: messages of a recording, chosen, renamed, moved in time, over faulty links, once or again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final

from citywatch.errors import Misconfigured
from simulators.recordings.faulty import FaultyLinks
from simulators.recordings.message import RecordedMessage
from simulators.recordings.reading import Recording, Span
from simulators.recordings.shift import shifted
from simulators.recordings.topics import Remap, matches, remapped

_BREATH: Final = 1_000_000  # between two rounds [us]


@dataclass(frozen=True, slots=True)
class Program:
    """How a recording is played.

    Parameters
    ----------
    span, filters
        Which messages; no filter takes all topics.
    remaps
        Renamed topics.
    offset
        How much later everything is [us]; None leaves every byte as it is, in each round again.
    rounds
        How often; None: without end. With an offset each round follows the one before.
    faults
        Links between us and the broker.
    """

    span: Span = field(default_factory=Span)
    filters: Sequence[str] = ()
    remaps: Sequence[Remap] = ()
    offset: int | None = None
    rounds: int | None = 1
    faults: FaultyLinks | None = None

    def messages(self, recording: Recording) -> Iterator[RecordedMessage]:
        """Yield what is sent.

        Raises
        ------
        Misconfigured
            No topic of the recording matches.
        """
        topics = self._topics(recording)
        first, last = recording.span or (0, 0)
        for number in count() if self.rounds is None else range(self.rounds):
            later = number * (last - first + _BREATH)
            messages = recording.messages(self.span, topics)
            if self.remaps:
                messages = remapped(messages, self.remaps)
            if self.faults is not None:
                messages = self.faults.carry(messages)
            if self.offset is not None:
                messages = shifted(messages, self.offset + later)
            elif later:
                messages = (replace(one, publication_time=one.publication_time + later) for one in messages)
            yield from messages

    def _topics(self, recording: Recording) -> Sequence[str] | None:
        if not self.filters:
            return None
        chosen = [topic for topic in recording.topics if any(matches(topic, one) for one in self.filters)]
        if not chosen:
            some = ", ".join(recording.topics[:3])
            raise Misconfigured(f"--topic: no topic of {recording.path} matches; it holds {some} ...")
        return chosen
