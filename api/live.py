"""The live stream: one reader of the database, any number of listeners.

Alarm events carry their number, so that a client that was away gets what it missed. Values are a snapshot that grows
old by itself: they carry none, and only the newest of each datastream is sent.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from citywatch.clock import from_micros
from citywatch.errors import CitywatchError
from citywatch.logs import logger
from citywatch.storage.pipeline.batches import CHANNEL as BATCHES
from citywatch.storage.serving import alarms, batches, health
from citywatch.storage.serving.alarms import CHANNEL as ALARMS
from citywatch.storage.serving.database import Database

_PACE: Final = 1.0  # [s] between two messages with values
_QUEUE: Final = 200  # messages a slow listener may be behind; then it is dropped and comes back by itself
_MISSED: Final = 1000  # alarm events sent to a listener that was away


@dataclass(frozen=True, slots=True)
class Event:
    """One message of the stream."""

    event: str
    data: str
    id: str | None = None


class AlarmChange(BaseModel):
    """A row of the outbox as it is read for the stream."""

    event_id: int
    type: str
    data: dict[str, Any]

    def to_event(self) -> Event:
        """Return the change as a message."""
        return Event("alarm", json.dumps(self.data, ensure_ascii=False), str(self.event_id))


class NewestBatch(BaseModel):
    """Number and time of the newest batch."""

    batch_no: int
    committed_at: datetime


class Live:
    """Reads what is new, and passes it on to everybody who listens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._begun = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read in the background as long as the context lasts."""
        task = asyncio.create_task(self._read_for_ever())
        try:
            yield
        finally:
            while not task.done():  # a driver in the middle of connecting may swallow the first request
                task.cancel()
                await asyncio.wait([task], timeout=1)
            self._begun.set()
            for listener in tuple(self._listeners):
                _put(listener, None)

    async def listen(self, *, last_event_id: int | None) -> AsyncIterator[Event]:
        """Yield events until the listener leaves, begins to lag, or we stop; first the alarms missed since an event."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(_QUEUE)
        self._listeners.add(queue)
        sent = last_event_id or 0
        try:
            await self._begun.wait()  # who was greeted gets everything that happens from then on
            yield Event("hello", "{}")
            if last_event_id is not None:
                missed = await alarms.changes(self._database, AlarmChange, after=last_event_id, limit=_MISSED)
                for change in missed:
                    sent = change.event_id
                    yield change.to_event()
            while (event := await queue.get()) is not None:
                if event.id is None or int(event.id) > sent:
                    yield event
        finally:
            self._listeners.discard(queue)

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._read()
            except CitywatchError as error:
                self._begun.set()
                logger().warning("live stream waits for the database", cause=str(error))
                await asyncio.sleep(2)

    async def _read(self) -> None:
        """Follow batches and alarm events from now on, until the database fails."""
        newest = await health.newest_batch(self._database, NewestBatch)
        batch_no = 0 if newest is None else newest.batch_no
        event_id = await alarms.newest_event(self._database)
        listener = await self._database.listen(BATCHES, ALARMS)
        self._begun.set()
        try:
            clock = asyncio.get_running_loop().time
            due = clock()
            while True:
                await listener.heard(timeout=_PACE)
                event_id = await self._pass_alarms(event_id)
                if clock() >= due:
                    due = clock() + _PACE
                    batch_no = await self._pass_values(batch_no)
        finally:
            await listener.close()

    async def _pass_alarms(self, after: int) -> int:
        for change in await alarms.changes(self._database, AlarmChange, after=after, limit=_MISSED):
            self._broadcast(change.to_event())
            after = change.event_id
        return after

    async def _pass_values(self, after: int) -> int:
        values: dict[int, tuple[int, float, int]] = {}
        for batch_no, rows in await batches.batches(self._database, after=after, limit=100):
            after = batch_no
            columns = (rows.datastream_id, rows.phenomenon_time, rows.result, rows.quality)
            for stream, micros, result, quality in zip(*(column.tolist() for column in columns), strict=True):
                if stream not in values or values[stream][0] < micros:
                    values[stream] = (micros, result, quality)
        if values and self._listeners:
            shown = [
                [stream, from_micros(micros).isoformat(), result, quality]
                for stream, (micros, result, quality) in sorted(values.items())
            ]
            self._broadcast(Event("values", json.dumps(shown)))
        return after

    def _broadcast(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            _put(listener, event)


def _put(queue: asyncio.Queue[Event | None], event: Event | None) -> None:
    """Append an event; a queue that is full gets its end instead, in place of everything that waits."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        event = None
    queue.put_nowait(event)
