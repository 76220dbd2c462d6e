"""The upkeep process: rolls up what is stored, removes what is expired; apart, so that no alarm waits for it."""

from dataclasses import asdict
from typing import Final

from analytics.retention import remove_expired
from analytics.rollups import Rollups
from analytics.timer import Timer
from citywatch.clock import Clock
from citywatch.errors import Unavailable
from citywatch.logs import logger
from citywatch.service import Stop
from citywatch.storage.connection import Connection, connect
from citywatch.storage.migrate import require_current_schema
from citywatch.storage.pipeline.health import write_beat

PROCESS: Final = "upkeep"
_BEAT: Final = 5.0  # [s]
_RETENTION: Final = 3600.0  # [s]


class Upkeep:
    """The upkeep process, on a connection that is opened anew after an outage.

    Parameters
    ----------
    interval
        Time between two refreshes of the roll-ups [s]; a backlog is worked off without a pause.
    """

    def __init__(self, database: str, *, time_zone: str, interval: float, clock: Clock, stop: Stop) -> None:
        self._database = database
        self._time_zone = time_zone
        self._interval = interval
        self._clock = clock
        self._stop = stop
        self._started_at = clock.now()

    def run(self) -> None:
        """Work until a stop is asked for."""
        with connect(self._database, process=PROCESS) as connection:
            require_current_schema(connection)
        while not self._stop.requested():
            try:
                with connect(self._database, process=PROCESS) as connection:
                    self._keep(connection)
            except Unavailable as error:
                logger().warning("upkeep waits", cause=str(error))
                self._stop.wait(2.0)

    def _keep(self, connection: Connection) -> None:
        rollups = Rollups(connection, time_zone=self._time_zone)
        beat, refreshing = Timer(_BEAT, self._clock), Timer(self._interval, self._clock)
        expiring = Timer(_RETENTION, self._clock)
        more = False
        while not self._stop.requested():
            if more or refreshing.is_due():
                more = rollups.step(give_up_at=self._clock.now()) or rollups.make_city_hours(at=self._clock.now())
            if beat.is_due():
                self._beat(connection, rollups, "ok")
            if not more and expiring.is_due():
                self._remove_expired(connection, rollups)
            if not more:
                self._stop.wait(1.0)
        self._beat(connection, rollups, "stopped")
        logger().info("upkeep stopped", **asdict(rollups.counters))

    def _remove_expired(self, connection: Connection, rollups: Rollups) -> None:
        for removed in remove_expired(connection):
            rollups.counters.removed += removed
            self._beat(connection, rollups, "ok")
            if self._stop.requested():
                return

    def _beat(self, connection: Connection, rollups: Rollups, state: str) -> None:
        write_beat(
            connection,
            process=PROCESS,
            instance=f"{PROCESS}-1",
            started_at=self._started_at,
            at=self._clock.now(),
            state=state,
            details=asdict(rollups.counters),
        )
