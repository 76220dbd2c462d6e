"""The two threads of ingest: what is handed over while the other one beats is not forgotten."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from citywatch.broker import Delivery
from citywatch.model.observations import Batch, Outcome
from citywatch.service import Stop
from citywatch.storage.pipeline.batches import WriteReport
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from ingest.assemble import TimeWindow, assemble
from ingest.catalogue import Catalogue
from ingest.commit import Committer
from ingest.interpret import interpret
from ingest.pipeline import Pipeline
from tests.support.registry import TOPIC, small_registry

TIME = 1_795_000_000.0  # 2026-11-18
CATALOGUE = Catalogue(small_registry())
WINDOW = TimeWindow(ahead=timedelta(minutes=5), behind=timedelta(days=3650))


@dataclass
class Meeting:
    """Lets a message arrive exactly while an empty batch is being committed."""

    stop: Stop = field(default_factory=Stop)
    beats: threading.Event = field(default_factory=threading.Event)
    handed_over: threading.Event = field(default_factory=threading.Event)
    arrived: bool = False
    polls: int = 0
    acknowledged: list[Delivery] = field(default_factory=list)
    rows: int = 0

    # the broker's side

    def poll(self, timeout: float) -> None:
        if self.arrived:
            self.handed_over.set()
            self.polls += 1
        self.beats.wait(0.02)
        if self.acknowledged or self.polls > 10_000:
            self.stop.request()

    def wake(self) -> None:
        return

    def take(self) -> list[Delivery]:
        if self.arrived or not self.beats.is_set():
            return []
        self.arrived = True
        payload = encode_senml([SenmlRecord(n="strain", u="um/m", t=TIME, v=1.0)])
        return [Delivery(TOPIC, payload, CONTENT_TYPE, int(TIME * 1e6), False, 1, 1, 1)]

    def acknowledge(self, deliveries: Iterable[Delivery]) -> int:
        before = len(self.acknowledged)
        self.acknowledged += deliveries
        return len(self.acknowledged) - before

    # the database's side

    def write(self, batch: Batch) -> WriteReport:
        if not batch.accounts:
            self.beats.set()
            self.handed_over.wait(10)
        self.rows += len(batch.observations)
        outcome = np.full(len(batch.observations), Outcome.STORED, dtype=np.int8)
        return WriteReport(1, datetime(2026, 11, 18, tzinfo=UTC), outcome, np.empty(0, dtype=np.int8))


@pytest.mark.timeout(60)
def test_a_batch_handed_over_during_a_beat_is_committed_and_acknowledged() -> None:
    meeting = Meeting()
    committer = Committer(
        open_writer=lambda: meeting,
        assemble=lambda messages: assemble(messages, CATALOGUE, WINDOW, keep_bytes=1000),
        stop=meeting.stop,
    )
    pipeline = Pipeline(
        source=meeting,
        interpret=lambda delivery: interpret(delivery, CATALOGUE, max_bytes=1000),
        committer=committer,
        batch_readings=100,
        batch_messages=100,
        beat=0.01,
    )
    pipeline.run(meeting.stop)
    assert [one.topic for one in meeting.acknowledged] == [TOPIC]
    assert meeting.rows == 1
    assert pipeline.counters.stored == 1
