"""Metrics for Prometheus: what this process measures itself, and what all processes report in their beats.

The other processes serve no HTTP; their beats are in the database, so one scrape of the API sees them all. Names,
units and meanings are in docs/reference/metrics.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.live import NewestBatch
from api.schemas.indicators import ProcessHealth
from api.schemas.sensors import SensorCounts

_STATES: Final = ("ok", "degraded", "stopped")
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Reported:
    """How a number of a beat is exported; ``labels`` beside the instance."""

    name: str
    meaning: str
    is_counter: bool = True
    labels: tuple[tuple[str, str], ...] = ()


_POSITION: Final = "number of the newest batch whose results are committed"


def _outcome(name: str) -> Reported:
    return Reported("citywatch_ingest_readings", "readings by what became of them", labels=(("outcome", name),))


REPORTED: Final[Mapping[str, Mapping[str, Reported]]] = {
    "ingest": {
        "messages": Reported("citywatch_ingest_messages", "messages received"),
        "received": Reported("citywatch_ingest_readings_received", "readings received"),
        "stored": _outcome("stored"),
        "duplicate": _outcome("duplicate"),
        "conflict": _outcome("conflict"),
        "rejected": _outcome("rejected"),
        "batches": Reported("citywatch_ingest_batches", "batches committed"),
        "acknowledged": Reported("citywatch_ingest_messages_acknowledged", "messages acknowledged to the broker"),
        "pending": Reported("citywatch_ingest_messages_pending", "messages received and not committed", False),
        "datastreams": Reported("citywatch_ingest_datastreams", "datastreams known from the registry", False),
    },
    "analytics": {
        "batches": Reported("citywatch_analytics_batches", "batches evaluated"),
        "observations": Reported("citywatch_analytics_observations", "observations evaluated"),
        "findings": Reported("citywatch_analytics_findings", "observations that do not pass a quality test"),
        "anomalies": Reported("citywatch_analytics_anomalies", "anomalies found"),
        "position": Reported("citywatch_analytics_position", _POSITION, False),
    },
    "upkeep": {
        "observations": Reported("citywatch_upkeep_observations", "observations rolled up"),
        "changed": Reported(
            "citywatch_upkeep_changed_stretches", "stretches rolled up again, their values had changed"
        ),
        "removed": Reported("citywatch_upkeep_removed", "rows removed by retention"),
        "position": Reported("citywatch_upkeep_position", _POSITION, False),
    },
    "webhooks": {
        "attempts": Reported("citywatch_webhooks_attempts", "deliveries attempted"),
        "under_way": Reported("citywatch_webhooks_under_way", "deliveries under way", False),
    },
}
"""By process and field of its beat; what a process adds to its beat is exported once it has a row here."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the database says at one instant; ``open_alarms`` by system and severity."""

    at: datetime
    processes: Sequence[ProcessHealth]
    newest: NewestBatch | None
    sensors: SensorCounts
    open_alarms: Mapping[tuple[str, int], int]


class Requests:
    """Counts the requests of one app and how long they wait; Prometheus reads them from here."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._answers = Counter(
            "citywatch_api_answers",
            "answers by method, route and status",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._waits = Histogram(
            "citywatch_api_wait_seconds",
            "from a request to the first byte of its answer",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, wait: float) -> None:
        """Count an answer that began ``wait`` [s] after its request."""
        self._answers.labels(method, route, str(status)).inc()
        self._waits.labels(route).observe(wait)


class Measured:
    """ASGI middleware that counts answers. Routes are named by their pattern: identifiers would make endless series."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, root = perf_counter(), scope.get("root_path", "")

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                mount = scope.get("root_path", "").removeprefix(root)
                route = f"{mount}{getattr(scope.get('route'), 'path', '')}" or "other"
                method = scope["method"] if scope["method"] in {"GET", "POST", "PUT", "PATCH", "DELETE"} else "other"
                self._requests.answered(method, route, message["status"], perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, noted)


def exposition(requests: Requests, snapshot: Snapshot | None, accept: str) -> tuple[bytes, str]:
    """Return all metrics and their media type, as the scraper prefers; without a snapshot the database is away."""
    encode, media_type = choose_encoder(accept)
    return encode(_Both(requests.registry, snapshot)), media_type


class _Both(Collector):
    """The metrics of this process, then those of the database."""

    def __init__(self, own: Collector, snapshot: Snapshot | None) -> None:
        self._own = own
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        yield from self._own.collect()
        up = 0 if self._snapshot is None else 1
        yield GaugeMetricFamily("citywatch_database_up", "1: the database answers, 0: it does not", value=up)
        if self._snapshot is not None:
            yield from _of_city(self._snapshot)
            yield from _of_processes(self._snapshot)
            yield from _of_beats(self._snapshot.processes)


def _of_city(snapshot: Snapshot) -> Iterator[Metric]:
    sensors = GaugeMetricFamily("citywatch_sensors", "installed sensors by liveness", labels=["liveness"])
    for liveness, count in snapshot.sensors.model_dump().items():
        sensors.add_metric([liveness], count)
    yield sensors
    alarms = GaugeMetricFamily("citywatch_open_alarms", "open alarms", labels=["system", "severity"])
    for (system, severity), count in snapshot.open_alarms.items():
        alarms.add_metric([system, str(severity)], count)
    yield alarms
    if snapshot.newest is not None:
        yield GaugeMetricFamily(
            "citywatch_newest_batch_number", "number of the newest batch", value=snapshot.newest.batch_no
        )
        age = (snapshot.at - snapshot.newest.committed_at).total_seconds()
        yield GaugeMetricFamily("citywatch_newest_batch_age_seconds", "since the newest batch was committed", value=age)


def _of_processes(snapshot: Snapshot) -> Iterator[Metric]:
    labels = ["process", "instance"]
    ages = GaugeMetricFamily("citywatch_process_beat_age_seconds", "since the last beat of a process", labels=labels)
    starts = GaugeMetricFamily(
        "citywatch_process_start_time_seconds", "when a process started, since 1970", labels=labels
    )
    states = GaugeMetricFamily(
        "citywatch_process_state",
        "1 for the state a process says it is in, 0 for the others",
        labels=[*labels, "state"],
    )
    for one in snapshot.processes:
        ages.add_metric([one.process, one.instance], (snapshot.at - one.beat_at).total_seconds())
        starts.add_metric([one.process, one.instance], one.started_at.timestamp())
        for state in _STATES:
            states.add_metric([one.process, one.instance, state], float(one.state == state))
    yield from (ages, starts, states)


def _of_beats(processes: Sequence[ProcessHealth]) -> Iterator[Metric]:
    families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for process, fields in REPORTED.items():
        for field, reported in fields.items():
            names = ["instance", *(label for label, _ in reported.labels)]
            family = CounterMetricFamily if reported.is_counter else GaugeMetricFamily
            metric = families.setdefault(reported.name, family(reported.name, reported.meaning, labels=names))
            for one in processes:
                value: Any = one.details.get(field)
                if one.process == process and isinstance(value, int | float):
                    metric.add_metric([one.instance, *(text for _, text in reported.labels)], value)
    yield from families.values()
