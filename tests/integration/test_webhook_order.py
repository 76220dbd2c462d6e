"""Order and retry of deliveries as a state machine on a real database, with a clock that is set by hand.

Events of three alarms go to two endpoints by two workers, any of which may die at any moment.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from api.webhooks.schedule import SCHEDULE, pause_after
from citywatch.clock import SystemClock
from citywatch.storage.serving import deliveries, endpoints
from citywatch.storage.serving.database import Database
from citywatch.storage.serving.deliveries import DueDelivery, Outcome, Span
from citywatch.storage.serving.endpoints import EndpointSettings

LEASE = timedelta(seconds=45)
ENDPOINTS = (1, 2)
WORKERS = (0, 1)
VERDICTS = st.sampled_from(["delivered", "pending", "pending", "failed"])
Key = tuple[int, int]  # endpoint, event


class Delivering(RuleBasedStateMachine):
    """``planned`` is the model: what each unfinished delivery waits for, as the schedule says."""

    database: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.served = Database(self.database, process="test", connections=2)
        self.now: datetime = SystemClock().now()
        self.rng = np.random.default_rng(1)
        self.lanes: dict[int, int] = {}  # event -> alarm
        self.planned: dict[Key, datetime] = {}
        self.leased: dict[Key, datetime] = {}
        self.failures: dict[Key, int] = {}
        self.finished: dict[Key, str] = {}
        self.redelivered: set[Key] = set()  # later events have passed them; they wait for their turn all the same
        self.hands: dict[int, list[DueDelivery]] = {worker: [] for worker in WORKERS}
        self.run(self.prepare())

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def prepare(self) -> None:
        await self.served.open()
        async with self.served.connection() as connection:
            await connection.execute(b"TRUNCATE outbox, endpoint, delivery, delivery_attempt RESTART IDENTITY CASCADE")
        for _ in ENDPOINTS:
            await endpoints.add_endpoint(
                self.served, EndpointSettings("https://receiver.example"), secret="whsec_", public_key=None
            )

    @rule(alarm=st.integers(1, 3))
    def something_happens(self, alarm: int) -> None:
        async def write() -> int:
            async with self.served.connection() as connection, connection.transaction():
                row = await connection.execute(
                    b"INSERT INTO outbox (type, data) VALUES ('citywatch.alarm.raised', '{}') RETURNING outbox_id"
                )
                (number,) = await row.fetchone() or (0,)
                await connection.execute(
                    b"INSERT INTO delivery (endpoint_id, outbox_id, lane) SELECT endpoint_id, %s, %s FROM endpoint",
                    (number, alarm),
                )
                return int(number)

        number = self.run(write())
        self.lanes[number] = alarm
        for endpoint in ENDPOINTS:
            self.planned[endpoint, number] = self.now

    @rule(worker=st.sampled_from(WORKERS), places=st.integers(1, 3))
    def worker_takes(self, worker: int, places: int) -> None:
        async def take() -> list[DueDelivery]:
            async with deliveries.turn(self.served) as turn:
                await turn.admit(self.now, limit=100)
                busy = {endpoint: self.count(worker, endpoint) for endpoint in ENDPOINTS}
                return await turn.claim(self.now, lease=LEASE, places=places, busy=busy, limit=10)

        taken = self.run(take())
        for due in taken:
            key = (due.endpoint_id, due.outbox_id)
            earlier = [
                number
                for number, lane in self.lanes.items()
                if lane == due.lane and number < due.outbox_id
                if (due.endpoint_id, number) in self.planned.keys() - self.redelivered
            ]
            assert not earlier, f"event {due.outbox_id} overtakes {earlier} of alarm {due.lane}"
            assert self.planned[key] <= self.now, "too early"
            assert self.leased.get(key, self.now) <= self.now, "somebody is at it"
            assert due.failures == self.failures.get(key, 0)
            self.leased[key] = self.now + LEASE
        self.hands[worker] += taken
        for endpoint in ENDPOINTS:
            assert self.count(worker, endpoint) <= max(places, 3)

    def count(self, worker: int, endpoint: int) -> int:
        return sum(due.endpoint_id == endpoint for due in self.hands[worker])

    @rule(worker=st.sampled_from(WORKERS), place=st.integers(0, 5), verdict=VERDICTS, again=st.booleans())
    def attempt_ends(self, worker: int, place: int, verdict: str, again: bool) -> None:
        hand = self.hands[worker]
        if not hand:
            return
        due = hand.pop(place % len(hand))
        key = (due.endpoint_id, due.outbox_id)
        state, next_at = verdict, None
        if verdict == "pending":
            pause = pause_after(due.failures + 1, self.rng)
            next_at = None if pause is None else self.now + pause
            state = "failed" if next_at is None else "pending"
        outcome = Outcome(*key, due.attempts, state, next_at, self.now, 1.0, None, None, None)
        self.settle([outcome])
        if again:  # the commit was in doubt
            self.settle([outcome])
        if self.is_current(due):
            self.follow(key, state, next_at)

    def settle(self, outcomes: list[Outcome]) -> None:
        async def settle() -> None:
            async with deliveries.turn(self.served) as turn:
                await turn.settle(outcomes, self.now)

        self.run(settle())

    def is_current(self, due: DueDelivery) -> bool:
        """Tell whether no other worker has taken it since, or finished it."""
        key = (due.endpoint_id, due.outbox_id)
        others = [one for hand in self.hands.values() for one in hand]
        newer = any((o.endpoint_id, o.outbox_id) == key and o.attempts > due.attempts for o in others)
        return key in self.planned and not newer and self.newest.get(key, 0) == due.attempts

    @property
    def newest(self) -> dict[Key, int]:
        """Return the number of the newest attempt of each delivery, as the database counts."""

        async def read() -> list[tuple[Any, ...]]:
            async with self.served.connection() as connection:
                cursor = await connection.execute(b"SELECT endpoint_id, outbox_id, attempts FROM delivery")
                return await cursor.fetchall()

        return {(endpoint, number): attempts for endpoint, number, attempts in self.run(read())}

    def follow(self, key: Key, state: str, next_at: datetime | None) -> None:
        self.leased.pop(key, None)
        if next_at is not None:
            self.planned[key] = next_at
            self.failures[key] = self.failures.get(key, 0) + 1
        else:
            del self.planned[key]
            self.failures.pop(key, None)
            self.finished[key] = state

    @rule(worker=st.sampled_from(WORKERS))
    def worker_dies(self, worker: int) -> None:
        self.hands[worker] = []

    @rule(seconds=st.sampled_from([1, 6, 46, 400, 3600, 30 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(endpoint=st.sampled_from(ENDPOINTS))
    def failed_ones_are_redelivered(self, endpoint: int) -> None:
        numbers = self.run(deliveries.redeliver_span(self.served, endpoint, Span(), failed_only=True, limit=100))
        assert numbers == sorted(n for (e, n), state in self.finished.items() if e == endpoint and state == "failed")
        for number in numbers:
            self.planned[endpoint, number] = self.now
            del self.finished[endpoint, number]
            self.redelivered.add((endpoint, number))

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.planned.keys() | self.finished.keys() == {
            (endpoint, number) for endpoint in ENDPOINTS for number in self.lanes
        }

    def teardown(self) -> None:
        """All leases end, everybody answers: everything is delivered in the end."""
        try:
            for worker in WORKERS:
                self.worker_dies(worker)
            for _ in range(len(self.lanes) + 1):
                self.now += SCHEDULE[-1] * 1.2
                self.worker_takes(0, 3)
                while self.hands[0]:
                    self.attempt_ends(0, 0, "delivered", False)
            assert self.planned == {}
        finally:
            self.run(self.served.close())
            self.runner.close()


def test_whatever_happens_order_is_kept_and_nothing_is_lost(plain_database: str) -> None:
    machine = type("DeliveringHere", (Delivering,), {"database": plain_database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
