"""The composition of the ingest process: settings are read here and handed on as values."""

import gc
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from citywatch.broker import BrokerAddress, Delivery, Network, Subscriber
from citywatch.clock import Clock, SystemClock
from citywatch.errors import Unavailable
from citywatch.logs import configure_logs, logger
from citywatch.model.observations import Batch
from citywatch.service import Stop, stop_on_signals
from citywatch.settings import load_settings
from citywatch.storage.connection import Connection, connect
from citywatch.storage.listening import REGISTRY, heard, listen
from citywatch.storage.migrate import require_current_schema
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.health import write_beat
from citywatch.storage.pipeline.registry import read_datastreams
from citywatch.wire.sparkplug.topics import FILTERS as SPARKPLUG_FILTERS
from citywatch.wire.sparkplug.topics import is_sparkplug
from citywatch.wire.topics import PREFIX
from ingest.assemble import TimeWindow, assemble
from ingest.catalogue import Catalogue
from ingest.commit import Committer
from ingest.interpret import Message, interpret
from ingest.pipeline import Pipeline
from ingest.settings import IngestSettings
from ingest.sparkplug import SparkplugInterpreter

_BEAT: Final = 5.0  # [s]
_ALLOCATIONS: Final = 200_000  # objects more than before, until the garbage collector looks
_OWN: Final = ("/cmd", "/alarm")  # what we publish ourselves


def _shared_by(group: str) -> str:
    """Return the beginning of a filter that a group of ingesters shares."""
    return f"$share/{group}/" if group else ""


class MqttSource:
    """The subscription of an ingester, without what we publish ourselves on the same tree."""

    def __init__(self, settings: IngestSettings, clock: Clock) -> None:
        self._network = Network()
        self._subscriber = Subscriber(
            self._network,
            BrokerAddress.from_url(settings.broker_url.get_secret_value()),
            client_id=f"citywatch-{settings.ingest_instance}",
            filters=[
                f"{_shared_by(settings.ingest_group)}{PREFIX}/#",
                *(SPARKPLUG_FILTERS if settings.ingest_sparkplug else ()),
            ],
            window=settings.ingest_window,
            session_expiry=settings.ingest_session_expiry,
            clock=clock,
        )

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._subscriber.is_connected

    def open(self) -> None:
        """Connect and subscribe."""
        self._subscriber.open()

    def close(self) -> None:
        """Send the last acknowledgements and disconnect; the session stays."""
        self._subscriber.close()
        self._network.close()

    def poll(self, timeout: float) -> None:
        """Wait up to ``timeout`` [s] for traffic and handle it."""
        self._network.poll(timeout)

    def wake(self) -> None:
        """End a poll from another thread."""
        self._network.wake()

    def take(self) -> list[Delivery]:
        """Return the telemetry that has arrived; acknowledge at once what is ours."""
        deliveries = self._subscriber.take()
        own = [delivery for delivery in deliveries if delivery.topic.endswith(_OWN)]
        if not own:
            return deliveries
        self._subscriber.acknowledge(own)
        return [delivery for delivery in deliveries if not delivery.topic.endswith(_OWN)]

    def send(self, topic: str, payload: bytes) -> None:
        """Publish a command."""
        self._subscriber.send(topic, payload)

    def acknowledge(self, deliveries: Iterable[Delivery]) -> int:
        """Tell the broker that these are safe."""
        return self._subscriber.acknowledge(deliveries)


class Ingester:
    """The ingest process."""

    def __init__(self, settings: IngestSettings, clock: Clock, stop: Stop) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._database = settings.database_url.get_secret_value()
        self._started_at = clock.now()
        self._catalogue = self._read_catalogue()
        self._committer = Committer(open_writer=self._open_writer, assemble=self._assemble, stop=stop)
        self._source = MqttSource(settings, clock)
        self._sparkplug = SparkplugInterpreter(self._source.send, max_bytes=settings.ingest_max_payload)
        self.pipeline = Pipeline(
            source=self._source,
            interpret=self._interpret,
            committer=self._committer,
            batch_readings=settings.ingest_batch_readings,
            batch_messages=min(settings.ingest_batch_messages, settings.ingest_window),
            beat=settings.ingest_beat,
        )

    def run(self) -> None:
        """Work until a stop is asked for."""
        beats = threading.Thread(target=self._keep_beating, name="beats")
        with closing(self._source):
            self._source.open()
            logger().info("ingest runs", datastreams=self._catalogue.size)
            beats.start()
            try:
                self.pipeline.run(self._stop)
            finally:
                self._stop.request()
                beats.join()
        logger().info("ingest stopped", **self._details())

    def _interpret(self, delivery: Delivery) -> Message:
        if is_sparkplug(delivery.topic):
            return self._sparkplug.interpret(delivery, self._catalogue)
        return interpret(delivery, self._catalogue, max_bytes=self._settings.ingest_max_payload)

    def _assemble(self, messages: Sequence[Message]) -> Batch:
        window = TimeWindow(
            ahead=timedelta(seconds=self._settings.ingest_max_ahead),
            behind=timedelta(days=self._settings.ingest_max_age_days),
        )
        return assemble(messages, self._catalogue, window, keep_bytes=self._settings.ingest_max_payload)

    def _open_writer(self) -> BatchWriter:
        instance = self._settings.ingest_instance
        return BatchWriter(connect(self._database, process=instance), ingester=instance)

    def _read_catalogue(self) -> Catalogue:
        with connect(self._database, process="ingest") as connection:
            require_current_schema(connection)
            return Catalogue(read_datastreams(connection))

    def _keep_beating(self) -> None:
        """Say that we live, and read the registry again when somebody changed it."""
        while not self._stop.requested():
            try:
                with connect(self._database, process="ingest beats") as connection:
                    listen(connection, REGISTRY)
                    self._catalogue = self._read_catalogue()
                    while not self._stop.requested():
                        self._beat(connection, "ok" if self._source.is_connected else "degraded")
                        if heard(connection, timeout=_BEAT):
                            self._catalogue = self._read_catalogue()
                    self._beat(connection, "stopped")
            except Unavailable:
                self._stop.wait(_BEAT)

    def _beat(self, connection: Connection, state: str) -> None:
        write_beat(
            connection,
            process="ingest",
            instance=self._settings.ingest_instance,
            started_at=self._started_at,
            at=self._clock.now(),
            state=state,
            details=self._details(),
        )

    def _details(self) -> Mapping[str, Any]:
        return {
            **asdict(self.pipeline.counters),
            "datastreams": self._catalogue.size,
            "outage": self._committer.outage,
        }


def run() -> None:
    """Run ingest until a signal asks it to stop."""
    settings = load_settings(IngestSettings)
    configure_logs(process="ingest", level=settings.log_level, format=settings.log_format)
    with stop_on_signals() as stop:
        ingester = Ingester(settings, SystemClock(), stop)
        _collect_rarely()
        ingester.run()


def _collect_rarely() -> None:
    """Have the garbage collector look at what is there now never again, and at new objects seldom.

    A message makes a dozen objects without cycles that live until the commit; walking over them again and again cost
    a seventh of the time of ingest.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
