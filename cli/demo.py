"""``citywatch demo``: the whole system on this machine, without Docker and without root."""

import fcntl
import os
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from citywatch.clock import SystemClock
from citywatch.errors import Misconfigured, Unavailable
from citywatch.registry import load_city, load_targets
from citywatch.service import Stop, stop_on_signals
from citywatch.storage.connection import connect
from citywatch.storage.databases import create_database, with_database
from citywatch.storage.migrate import migrate
from citywatch.storage.pipeline.registry import write_registry
from citywatch.storage.pipeline.targets import write_targets
from cli.embedded.broker import BrokerKind, embedded_broker
from cli.embedded.home import Home
from cli.embedded.ports import free_port
from cli.embedded.postgres import embedded_postgres
from cli.embedded.stack import Process, Stack


def demo(
    state: Annotated[
        Path, typer.Option(help="Folder for data and logs; the same folder continues the same city.")
    ] = Path("~/.local/state/citywatch"),
    port: Annotated[int, typer.Option(help="Port of the console; another one is taken when it is in use.")] = 8000,
    broker: Annotated[BrokerKind, typer.Option(help="MQTT broker to run.")] = BrokerKind.AUTO,
    city: Annotated[str, typer.Option(help="City of the seeds folder.")] = "demo",
    scenario: Annotated[str, typer.Option(help="What happens in the city.")] = "demo",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the console in a browser.")] = False,
) -> None:
    """Run the whole system: PostgreSQL, MQTT broker, simulators, ingest, analytics, API, console.

    Needs neither Docker nor root. Ctrl-C stops everything; the next start goes on with the same data.
    """
    console = Console(highlight=False)
    home = Home(state.expanduser())
    with stop_on_signals() as stop, _only_one(home), ExitStack() as servers:
        console.print(f"citywatch demo, data and logs in {home.state}")
        server = servers.enter_context(embedded_postgres(home))
        create_database(server, "citywatch")
        database = with_database(server, "citywatch")
        report = migrate(database)
        registry = load_city(city)
        with connect(database, process="demo") as connection:
            write_registry(connection, registry)
            write_targets(connection, *load_targets())
        address = servers.enter_context(embedded_broker(home, kind=broker))
        console.print(
            f"  database {report.level}, broker {address}, city {registry.name.en}: {len(registry.assets)} assets"
        )

        http_port = free_port(port)
        environment = {
            "CITYWATCH_DATABASE_URL": database,
            "CITYWATCH_BROKER_URL": str(address),
            "CITYWATCH_LOG_FORMAT": "json",
            "CITYWATCH_ANALYTICS_COVERAGE_INTERVAL": "10",
            "CITYWATCH_ANALYTICS_ROLLUP_INTERVAL": "10",
            "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS": '["127.0.0.0/8", "::1/128"]',
        }
        stack = Stack(home, environment, SystemClock(), lambda text: console.print(f"  {text}"))
        servers.callback(stack.stop)
        stack.start(Process("api", ["api", "--port", str(http_port)]))
        stack.start(Process("webhooks", ["webhooks"]))
        stack.start(Process("analytics", ["analytics"]))
        stack.start(Process("upkeep", ["upkeep"]))
        stack.start(Process("ingest", ["ingest"]))
        position = str(home.state / "simulators.position")
        truth = str(home.state / "truth.jsonl")
        simulate = ["simulate", "--city", city, "--scenario", scenario, "--catch-up", "2h"]
        stack.start(Process("simulators", [*simulate, "--position", position, "--truth", truth]))

        url = f"http://127.0.0.1:{http_port}/"
        _wait_until_served(url, stack, stop)
        console.print(f"\n  console  [bold]{url}[/bold]\n  API      {url}docs")
        console.print(f"  other commands: export CITYWATCH_DATABASE_URL='{database}'", markup=False, soft_wrap=True)
        console.print("\n  Ctrl-C stops everything.")
        if open_browser:
            webbrowser.open(url)
        while not stop.wait(1.0):
            if not stack.look_after():
                raise Misconfigured("the demo cannot go on; the log named above says why")
        console.print("\n  stopping ...")
    console.print("  stopped; the next start goes on with the same data.")


@contextmanager
def _only_one(home: Home) -> Iterator[None]:
    """Hold the folder for ourselves; the lock ends with the process, however that ends."""
    with (home.state / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(f"another demo runs in {home.state}; stop it or choose another --state") from None
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _wait_until_served(url: str, stack: Stack, stop: Stop) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{url}api/v1/health/ready", timeout=2).status_code == 204:
                return
        except httpx.TransportError:
            pass
        if stop.wait(0.1):
            return
        if not stack.look_after():
            raise Misconfigured("a process of the demo does not start; the log named above says why")
    raise Unavailable(f"the API did not answer at {url} within a minute; see its log in the state folder")
