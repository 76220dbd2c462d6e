"""The composition of the simulators: settings are read here and handed on as values."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from citywatch.broker import BrokerAddress
from citywatch.clock import Clock, SystemClock, to_micros
from citywatch.errors import Unavailable
from citywatch.logs import configure_logs, logger
from citywatch.registry import load_city
from citywatch.service import Stop, stop_on_signals
from citywatch.settings import load_settings
from simulators.fleet import Fleet
from simulators.position import read_position, write_position
from simulators.scenario import load_scenario
from simulators.sending import Act, Sending
from simulators.settings import SimulatorSettings
from simulators.truth import TruthFile
from simulators.world import World

_PACK = 600_000  # what is caught up leaves in packs of so long [ms]
_STEP = 10_000  # position and truth are written so often [ms]
_PATIENCE = 60.0  # [s]
_FAREWELL = 5.0  # [s]


@dataclass(frozen=True, slots=True)
class Task:
    """What to simulate.

    ``catch_up``: how far back to begin, unless ``position`` says that we came farther. ``speed``: how much faster than
    the clock the past is played; None sends it at once, in packs. ``lasts``: end so long after now; None goes on.
    """

    city: str
    scenario: str
    seed: int
    catch_up: timedelta
    speed: float | None = None
    lasts: timedelta | None = None
    position: Path | None = None
    truth: Path | None = None


@dataclass(slots=True)
class Account:
    """What the devices have sent."""

    devices: int
    messages: int = 0
    readings: int = 0


def build_world(task: Task) -> World:
    """Return the world of a task.

    Raises
    ------
    Misconfigured
        City, scenario or a setting is wrong.
    """
    settings = load_settings(SimulatorSettings)
    registry = load_city(task.city)
    offset = datetime(2026, 1, 1, tzinfo=ZoneInfo(settings.time_zone)).utcoffset()
    assert offset is not None
    return World(registry, load_scenario(task.scenario, registry), seed=task.seed, utc_offset=offset.total_seconds())


def preview(task: Task, clock: Clock) -> tuple[World, int, int]:
    """Return the world and the interval that a task of limited length covers [ms since the epoch]."""
    now = _now(clock)
    return build_world(task), now - _ms(task.catch_up), now + _ms(task.lasts or timedelta())


def run(task: Task) -> Account:
    """Simulate until a signal asks us to stop or the task ends.

    Raises
    ------
    Misconfigured
        City, scenario or a setting is wrong.
    Unavailable
        The broker cannot be reached.
    """
    settings = load_settings(SimulatorSettings)
    configure_logs(process="simulators", level=settings.log_level, format=settings.log_format)
    clock = SystemClock()
    world = build_world(task)
    address = BrokerAddress.from_url(settings.broker_url.get_secret_value())
    fleet = Fleet(address, clock, world.devices)
    with stop_on_signals() as stop, closing(fleet):
        return Simulation(task, world, fleet, clock, stop).run()


class Simulation:
    """Plays a world to a fleet at the pace of a task."""

    def __init__(self, task: Task, world: World, fleet: Fleet, clock: Clock, stop: Stop) -> None:
        self._task = task
        self._world = world
        self._fleet = fleet
        self._clock = clock
        self._stop = stop
        self._truth = None if task.truth is None else TruthFile(task.truth, world.scenario)
        self._account = Account(len(world.devices))

    def run(self) -> Account:
        """Catch up, then keep pace with the clock."""
        begun = _now(self._clock)
        start = begun - _ms(self._task.catch_up)
        if self._task.position is not None:
            start = max(start, min(read_position(self._task.position) or 0, begun))
        self._saved = start
        end = None if self._task.lasts is None else begun + _ms(self._task.lasts)
        logger().info("simulation starts", devices=len(self._world.devices), scenario=self._world.scenario.scenario_id)
        if self._task.speed is None:
            self._play(self._world.sendings(start, begun, pack=_PACK), lambda now: now)
            self._save(begun)
            logger().info("simulation has caught up", messages=self._account.messages, readings=self._account.readings)
            start = begun
        speed = self._task.speed or 1.0
        self._play(self._world.sendings(start, end), lambda now: min(now, start + int(speed * (now - begun))))
        logger().info("simulation ends", messages=self._account.messages, readings=self._account.readings)
        return self._account

    def _play(self, sendings: Iterator[Sending], virtual: Callable[[int], int]) -> None:
        for sending in sendings:
            while (ahead := sending.time - virtual(_now(self._clock))) > 0 and not self._stop.requested():
                self._fleet.network.poll(min(ahead / 1000, 0.2))
            if self._stop.requested():
                with suppress(Unavailable):  # the broker may have ended before us; then we go on where we last saved
                    self._save(sending.time - 1, patience=_FAREWELL)
                return
            if sending.time - self._saved >= _STEP:
                self._save(sending.time - 1)
            self._do(sending)

    def _do(self, sending: Sending) -> None:
        obey(self._fleet, sending)
        if sending.act is Act.SEND:
            self._account.messages += 1
            self._account.readings += sending.readings

    def _save(self, time: int, *, patience: float = _PATIENCE) -> None:
        """Note that everything until ``time`` [ms] is with the broker; wait for its word at most ``patience`` [s]."""
        if not self._fleet.confirm(timeout=patience):
            raise Unavailable(f"the broker has left messages unconfirmed for {patience:g} s")
        if self._truth is not None:
            self._truth.note(self._saved, time)
        if self._task.position is not None:
            write_position(self._task.position, time)
        self._saved = time


def obey(fleet: Fleet, sending: Sending) -> None:
    """Let a device of a fleet do what the world says.

    Raises
    ------
    Unavailable
        The broker cannot be reached.
    """
    match sending.act:
        case Act.SEND:
            fleet.send(sending.device, sending.payload)
        case Act.LOSE_POWER:
            fleet.lose_power(sending.device)
        case Act.LOSE_LINK:
            fleet.lose_link(sending.device)
        case Act.CONNECT:
            fleet.connect(sending.device)


def _now(clock: Clock) -> int:
    return to_micros(clock.now()) // 1000


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
