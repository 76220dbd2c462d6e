"""The delivery worker: takes what is due, sends it, logs it, plans the next attempt.

At least once: a worker that dies after sending and before logging sends again; receivers know a message by its id.
All dealings with the database happen in turns, one after the other; only the sending is concurrent, so that neither a
slow nor a hanging receiver holds up what goes to others.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from numpy.random import Generator

from api.webhooks.circuit import after_failure, after_success, is_recovery
from api.webhooks.schedule import SCHEDULE, pause_after, retry_after
from api.webhooks.sender import Answer, Sender
from api.webhooks.shapes import Event, Message, Shape, shaped
from api.webhooks.signature import signed_headers
from citywatch.clock import Clock
from citywatch.errors import Unavailable
from citywatch.logs import logger
from citywatch.storage.serving import deliveries, health
from citywatch.storage.serving.alarms import CHANNEL as ALARMS
from citywatch.storage.serving.database import Database
from citywatch.storage.serving.deliveries import CHANNEL as DELIVERIES
from citywatch.storage.serving.deliveries import Circuit, DueDelivery, Outcome

_LEASE_MARGIN: Final = timedelta(seconds=30)
_BEAT: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = 1.0  # [s] until the next look at what is due
_GATHERING: Final = 0.05  # [s] in which attempts that end are settled together
_EAR: Final = 5.0  # [s]
_ADMITTED: Final = 5000  # new deliveries put into their lanes in one turn
_GIVEN_UP: Final = 1000  # deliveries given up in one turn, by endpoint
_UNDER_WAY: Final = 500
_LARGEST_BODY: Final = 256 * 1024  # [bytes]
_OVERDUE: Final = 1.1 * sum(SCHEDULE, timedelta())  # what waited longer than every attempt would have taken
_GONE: Final = 410
_USER_AGENT: Final = "citywatch-webhooks/1"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that is over; ``answer`` None: it could not be sent at all, for the reason ``unsendable``."""

    due: DueDelivery
    at: datetime
    duration_ms: float
    answer: Answer | None
    unsendable: str | None = None


class Worker:
    """Delivers from the outbox until it is stopped.

    ``places`` is how many deliveries are under way to one endpoint at most.
    """

    def __init__(self, database: Database, sender: Sender, *, clock: Clock, rng: Generator, places: int) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock
        self._rng = rng
        self._places = places
        self._lease = timedelta(seconds=sender.timeout) + _LEASE_MARGIN
        self._started_at = self._beat_at = clock.now()
        self._count = 0
        self._wake = asyncio.Event()
        self._tasks: dict[asyncio.Task[_Attempt], int] = {}
        self._finished: list[_Attempt] = []
        self._gathering: asyncio.TimerHandle | None = None
        self._defect: BaseException | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until a stop is asked for; what is under way then is finished."""
        ear = asyncio.create_task(self._listen())
        stopping = asyncio.create_task(self._wake_at(stop))
        try:
            while not stop.is_set():
                if await self._work():
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _LONGEST_WAIT)
            await self._finish()
        finally:
            for task in (ear, stopping):
                task.cancel()
            await asyncio.wait([ear, stopping])

    async def deliver_due(self) -> int:
        """Deliver everything that is due now; return how many attempts that took."""
        before = self._count
        while await self.turn() or self._tasks or self._finished:
            await self._settled_down()
        return self._count - before

    async def turn(self) -> bool:
        """Settle what is over and start what is due; return whether there may be more to do at once."""
        now, finished = self._clock.now(), tuple(self._finished)
        self._wake.clear()
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._defect is not None:
            raise self._defect
        async with deliveries.turn(self._database) as turn:
            if finished:
                await self._settle(turn, finished, now)
            if is_beat := now >= self._beat_at:
                await turn.give_up(overdue=now - _OVERDUE, now=now, limit=_GIVEN_UP)
            admitted = await turn.admit(now, limit=_ADMITTED)
            due = await turn.claim(
                now,
                lease=self._lease,
                places=self._places,
                busy=Counter(self._tasks.values()),
                limit=max(0, _UNDER_WAY - len(self._tasks)),
            )
        del self._finished[: len(finished)]
        if self._finished:
            self._gather()
        for one in due:
            task = asyncio.create_task(self._attempt(one))
            self._tasks[task] = one.endpoint_id
            task.add_done_callback(self._end)
        if is_beat:
            await self._beat("ok")
        return bool(due) or admitted == _ADMITTED

    async def _work(self) -> bool:
        try:
            return await self.turn()
        except Unavailable as error:
            logger().warning("webhooks wait for the database", cause=str(error))
            await asyncio.sleep(_LONGEST_WAIT)
            return True

    async def _finish(self) -> None:
        """Wait for what is under way and settle it; what cannot be settled is sent again after its lease."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        try:
            async with deliveries.turn(self._database) as turn:
                if self._finished:
                    await self._settle(turn, self._finished, self._clock.now())
            await self._beat("stopped")
        except Unavailable as error:
            logger().warning("webhooks end without the database", cause=str(error))

    async def _settled_down(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _listen(self) -> None:
        while True:
            try:
                listener = await self._database.listen(ALARMS, DELIVERIES)
                try:
                    while True:
                        self._wake.set()  # also for what was announced before anybody listened
                        while not await listener.heard(timeout=_EAR):
                            pass
                finally:
                    await listener.close()
            except Unavailable:
                await asyncio.sleep(_LONGEST_WAIT)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    def _end(self, task: "asyncio.Task[_Attempt]") -> None:
        del self._tasks[task]
        if task.cancelled():
            return
        self._defect = self._defect or task.exception()
        if self._defect is None:
            self._finished.append(task.result())
            self._count += 1
        self._gather()

    def _gather(self) -> None:
        """Ask for a turn soon: a turn for every attempt would take longer than the attempts."""
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(_GATHERING, self._wake.set)

    async def _beat(self, state: str) -> None:
        now = self._clock.now()
        self._beat_at = now + _BEAT
        await health.write_beat(
            self._database,
            process="webhooks",
            started_at=self._started_at,
            at=now,
            state=state,
            details={"attempts": self._count, "under_way": len(self._tasks)},
        )

    async def _attempt(self, due: DueDelivery) -> _Attempt:
        at, began = self._clock.now(), monotonic()
        try:
            message = _shaped(due)
        except (KeyError, TypeError, ValueError) as error:  # must not harm the deliveries of others
            return _Attempt(due, at, 0.0, None, f"the event does not fit the shape {due.shape}: {error!r}")
        if len(message.body) > _LARGEST_BODY:
            why = f"the body has {len(message.body)} bytes; at most {_LARGEST_BODY} are sent"
            return _Attempt(due, at, 0.0, None, why)
        signature = signed_headers(due.secrets, f"evt_{due.outbox_id}", at, message.body)
        headers = {"user-agent": _USER_AGENT, **message.headers, **signature}
        answer = await self._sender.post(due.url, headers, message.body)
        return _Attempt(due, at, (monotonic() - began) * 1000, answer)

    async def _settle(self, turn: deliveries.Turn, finished: Sequence[_Attempt], now: datetime) -> None:
        before = await turn.circuits(sorted({one.due.endpoint_id for one in finished}))
        after, gone = dict(before), {}
        for one in finished:
            number, answer = one.due.endpoint_id, one.answer
            if number not in after or answer is None:
                continue
            after[number] = self._judged(after[number], answer, now)
            if answer.status == _GONE:
                gone[number] = f"it answered 410 Gone at {one.at.isoformat(timespec='seconds')}"
                logger().warning("webhook endpoint is gone and disabled", endpoint=number)
        await turn.settle([self._outcome(one, now) for one in finished], now)
        changed = {number: circuit for number, circuit in after.items() if circuit != before[number] or number in gone}
        if changed:
            await turn.write_circuits(changed, gone)
            await self._tell_circuits(turn, before, changed, now)

    async def _tell_circuits(
        self, turn: deliveries.Turn, before: Mapping[int, Circuit], changed: Mapping[int, Circuit], now: datetime
    ) -> None:
        recovered = [number for number, circuit in changed.items() if is_recovery(before[number], circuit)]
        if recovered:  # what failed meanwhile need not wait for hours
            await turn.hurry(recovered, now)
        for number, circuit in changed.items():
            if circuit.open_until is not None and before[number].open_until is None:
                until = circuit.open_until.isoformat(timespec="seconds")
                logger().warning("webhook endpoint is left alone", endpoint=number, until=until)
        for number in recovered:
            logger().info("webhook endpoint answers again", endpoint=number)

    def _judged(self, circuit: Circuit, answer: Answer, now: datetime) -> Circuit:
        if answer.is_success:
            return after_success(circuit)
        return after_failure(circuit, now, self._rng, wish=retry_after(answer.retry_after, now))

    def _outcome(self, attempt: _Attempt, now: datetime) -> Outcome:
        due, answer = attempt.due, attempt.answer or Answer(None, attempt.unsendable)
        state, next_at = "delivered", None
        if not answer.is_success:
            next_at = None if attempt.answer is None else self._next_attempt(due.failures + 1, answer, now)
            state = "failed" if next_at is None else "pending"
            logger().warning(
                "webhook not delivered",
                endpoint=due.endpoint_id,
                outbox_id=due.outbox_id,
                status=answer.status,
                cause=answer.error,
                state=state,
            )
        return Outcome(
            endpoint_id=due.endpoint_id,
            outbox_id=due.outbox_id,
            attempts=due.attempts,
            state=state,
            next_attempt_at=next_at,
            at=attempt.at,
            duration_ms=attempt.duration_ms,
            status=answer.status,
            error=answer.error,
            answer=answer.excerpt,
        )

    def _next_attempt(self, failures: int, answer: Answer, now: datetime) -> datetime | None:
        pause = None if answer.status == _GONE else pause_after(failures, self._rng)
        if pause is None:
            return None
        return now + max(pause, retry_after(answer.retry_after, now) or timedelta(0))


def _shaped(due: DueDelivery) -> Message:
    event = Event(
        id=f"evt_{due.outbox_id}",
        type=due.type,
        created_at=due.created_at,
        data=due.data,
        city_id=due.city_id,
        routing_key=due.routing_key,
    )
    return shaped(Shape(due.shape), event)
