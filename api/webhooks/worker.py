"""The delivery worker: takes what is due, sends it, logs it, plans the next attempt.

At least once: a worker that dies after sending and before logging sends again; receivers know a message by its id.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, timedelta
from time import monotonic
from typing import Final

import httpx
from numpy.random import Generator

from api.webhooks.schedule import pause_after
from api.webhooks.signature import signed_headers
from citywatch.clock import Clock
from citywatch.errors import Unavailable
from citywatch.logs import logger
from citywatch.storage.serving import deliveries, health
from citywatch.storage.serving.alarms import CHANNEL
from citywatch.storage.serving.database import Database
from citywatch.storage.serving.deliveries import Attempt, DueDelivery

_LEASE_MARGIN: Final = timedelta(seconds=30)
_BEAT: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = 1.0  # [s] until the next look at what is due, and at whether to stop
_USER_AGENT: Final = "citywatch-webhooks/1"


class Worker:
    """Delivers from the outbox until it is stopped."""

    def __init__(
        self,
        database: Database,
        client: httpx.AsyncClient,
        *,
        clock: Clock,
        rng: Generator,
        timeout: float,
        concurrency: int,
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._rng = rng
        self._timeout = timeout
        self._concurrency = concurrency
        self._started_at = self._beat_at = clock.now()
        self._attempts = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until a stop is asked for; what is under way then is finished."""
        while not stop.is_set():
            try:
                listener = await self._database.listen(CHANNEL)
                try:
                    while not stop.is_set():
                        await self._beat("ok")
                        self._attempts += await self.deliver_due()
                        await listener.heard(timeout=await self._pause())
                    await self._beat("stopped")
                finally:
                    await listener.close()
            except Unavailable as error:
                logger().warning("webhooks wait for the database", cause=str(error))
                await asyncio.sleep(_LONGEST_WAIT)

    async def deliver_due(self) -> int:
        """Deliver everything that is due now; return how many attempts that took."""
        count = 0
        while due := await self._claim():
            await asyncio.gather(*(self._deliver(one) for one in due))
            count += len(due)
        return count

    async def _beat(self, state: str) -> None:
        now = self._clock.now()
        if state == "ok" and now < self._beat_at:
            return
        self._beat_at = now + _BEAT
        await health.write_beat(
            self._database,
            process="webhooks",
            started_at=self._started_at,
            at=now,
            state=state,
            details={"attempts": self._attempts},
        )

    async def _claim(self) -> Sequence[DueDelivery]:
        lease = timedelta(seconds=self._timeout) + _LEASE_MARGIN
        return await deliveries.claim_due(self._database, now=self._clock.now(), lease=lease, limit=self._concurrency)

    async def _deliver(self, due: DueDelivery) -> None:
        attempt = await self._attempt(due)
        if attempt.status is not None and 200 <= attempt.status < 300:
            await deliveries.settle(self._database, due, attempt, state="delivered", next_attempt_at=None)
            return
        pause = pause_after(due.attempts, self._rng)
        state = "failed" if pause is None else "pending"
        next_at = None if pause is None else self._clock.now() + pause
        logger().warning(
            "webhook not delivered", endpoint=due.endpoint_id, status=attempt.status, cause=attempt.error, state=state
        )
        await deliveries.settle(self._database, due, attempt, state=state, next_attempt_at=next_at)

    async def _attempt(self, due: DueDelivery) -> Attempt:
        at, began = self._clock.now(), monotonic()
        body = encode(due)
        headers = {
            "content-type": "application/json",
            "user-agent": _USER_AGENT,
            **signed_headers(due.secret, f"evt_{due.outbox_id}", at, body),
        }
        status, error = None, None
        try:
            async with asyncio.timeout(self._timeout):
                async with self._client.stream("POST", due.url, content=body, headers=headers) as response:
                    status = response.status_code  # the answer's body is nobody's business
        except TimeoutError:
            error = f"no answer within {self._timeout:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        if status is not None and not 200 <= status < 300:
            error = f"HTTP status {status}"
        return Attempt(at, (monotonic() - began) * 1000, status, error)

    async def _pause(self) -> float:
        """Return how long nothing is due [s]."""
        at = await deliveries.next_due(self._database)
        if at is None:
            return _LONGEST_WAIT
        return min(max((at - self._clock.now()).total_seconds(), 0.05), _LONGEST_WAIT)


def encode(due: DueDelivery) -> bytes:
    """Return the body of a delivery: type, time and data as Standard Webhooks recommends."""
    message = {
        "type": due.type,
        "timestamp": due.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": due.data,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
