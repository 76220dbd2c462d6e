"""The composition of the analytics process: settings are read here and handed on as values."""

from dataclasses import asdict
from datetime import timedelta
from typing import Final

from analytics.devices import Sensors, catch_up
from analytics.evaluate import Evaluator
from analytics.follow import Follower
from analytics.jobs import compute_coverage, expire_dead_letters, prune, publish_baselines
from analytics.platform import PlatformWatch
from analytics.settings import AnalyticsSettings
from analytics.timer import Timer
from analytics.upkeep import Upkeep
from citywatch.clock import Clock, SystemClock
from citywatch.errors import Unavailable
from citywatch.logs import configure_logs, logger
from citywatch.model.event_windows import Surroundings
from citywatch.service import Stop, stop_on_signals
from citywatch.settings import load_settings
from citywatch.storage.connection import Connection, connect
from citywatch.storage.listening import REGISTRY, heard, listen
from citywatch.storage.migrate import require_current_schema
from citywatch.storage.pipeline.batches import CHANNEL
from citywatch.storage.pipeline.health import write_beat
from citywatch.storage.pipeline.registry import (
    read_asset_names,
    read_covered_assets,
    read_datastreams,
    read_rules,
)

_BEAT: Final = 5.0  # [s]
_PRUNE: Final = 3600.0  # [s]
_DEVICES: Final = 10.0  # [s]
_PLATFORM: Final = 60.0  # [s]


class Analytics:
    """The analytics process, on connections that are opened anew after an outage."""

    def __init__(self, settings: AnalyticsSettings, clock: Clock, stop: Stop) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._database = settings.database_url.get_secret_value()
        self._started_at = clock.now()
        self._imbalance: str | None = None

    def run(self) -> None:
        """Work until a stop is asked for."""
        with connect(self._database, process="analytics") as connection:
            require_current_schema(connection)
        while not self._stop.requested():
            try:
                with (
                    connect(self._database, process="analytics") as connection,
                    connect(self._database, process="analytics ear") as ear,
                ):
                    listen(ear, CHANNEL)
                    listen(ear, REGISTRY)
                    self._follow(connection, ear)
            except Unavailable as error:
                logger().warning("analytics waits", cause=str(error))
                self._stop.wait(2.0)

    def _follow(self, connection: Connection, ear: Connection) -> None:
        """Follow the batches until a stop is asked for or the registry changes."""
        datastreams, rules = read_datastreams(connection), read_rules(connection)
        covered, names = read_covered_assets(connection), read_asset_names(connection)
        evaluator = Evaluator(datastreams, rules, time_zone=self._settings.time_zone)
        kept = Surroundings(
            timedelta(seconds=self._settings.analytics_waveform_before),
            timedelta(seconds=self._settings.analytics_waveform_after),
        )
        follower = Follower(connection, evaluator, rules=rules, assets=names, clock=self._clock, kept=kept)
        beat, checkpoint = Timer(_BEAT, self._clock), Timer(self._settings.analytics_checkpoint_interval, self._clock)
        coverage = Timer(self._settings.analytics_coverage_interval, self._clock)
        sensors, devices = Sensors(datastreams), Timer(_DEVICES, self._clock)
        platform = PlatformWatch(connection, rules=rules, assets=names, clock=self._clock)
        looking = Timer(_PLATFORM, self._clock)
        pruning = Timer(_PRUNE, self._clock)
        keep = timedelta(days=self._settings.analytics_keep_batches_days)
        keep_letters = timedelta(days=self._settings.analytics_keep_dead_letters_days)
        changed = False
        while not (self._stop.requested() or changed):
            caught_up = follower.step() == 0
            now = self._clock.now()
            if beat.is_due():
                if looking.is_due():
                    self._look(platform)
                self._beat(connection, follower, "degraded" if self._imbalance else "ok")
            if devices.is_due():
                catch_up(connection, sensors)
            if caught_up and coverage.is_due():
                with connection.transaction():
                    compute_coverage(connection, covered, datastreams, at=now)
                    publish_baselines(connection, evaluator, at=now)
            if checkpoint.is_due():
                follower.checkpoint()
            if pruning.is_due():
                prune(connection, at=now, keep=keep)
                expire_dead_letters(connection, at=now, keep=keep_letters)
            if caught_up:
                changed = REGISTRY in heard(ear, timeout=1.0)
        follower.checkpoint()
        self._beat(connection, follower, "stopped")
        logger().info(
            "analytics reads the registry anew" if changed else "analytics stopped", **asdict(follower.counters)
        )

    def _look(self, platform: PlatformWatch) -> None:
        imbalance = platform.look()
        self._imbalance = None if imbalance is None else f"{imbalance}; run 'citywatch doctor'"

    def _beat(self, connection: Connection, follower: Follower, state: str) -> None:
        write_beat(
            connection,
            process="analytics",
            instance="analytics-1",
            started_at=self._started_at,
            at=self._clock.now(),
            state=state,
            details={**asdict(follower.counters), "imbalance": self._imbalance},
        )


def run() -> None:
    """Run analytics until a signal asks it to stop."""
    settings = load_settings(AnalyticsSettings)
    configure_logs(process="analytics", level=settings.log_level, format=settings.log_format)
    with stop_on_signals() as stop:
        Analytics(settings, SystemClock(), stop).run()


def run_upkeep() -> None:
    """Keep roll-ups and retention until a signal asks it to stop."""
    settings = load_settings(AnalyticsSettings)
    configure_logs(process="upkeep", level=settings.log_level, format=settings.log_format)
    with stop_on_signals() as stop:
        Upkeep(
            settings.database_url.get_secret_value(),
            time_zone=settings.time_zone,
            interval=settings.analytics_rollup_interval,
            clock=SystemClock(),
            stop=stop,
        ).run()
