"""The ``citywatch`` command: dispatches, and turns our errors into one sentence and an exit code.

Modules are imported when their command runs, so that ``citywatch --help`` is quick.
"""

import json
import os
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from citywatch.errors import CitywatchError, Misconfigured, Unavailable
from citywatch.logs import configure_logs
from citywatch.settings import ProcessSettings, check_variables, load_settings
from cli import coverage, dashboards, dead_letters, registry, targets, waveforms
from cli.bench.command import bench
from cli.compare.command import compare
from cli.demo import demo
from cli.doctor import doctor
from cli.generate_city import generate_city
from cli.import_csv import import_csv
from cli.record import record
from cli.replay import replay
from cli.report import report
from cli.score import score
from cli.simulate import simulate

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watch a city's lifelines: bridges, gas network, waterlogging points, streetlights.",
)
for command in (demo, doctor, simulate, record, replay, compare, import_csv, generate_city, report, score):
    app.command()(command)
app.add_typer(bench, name="bench")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(registry.app, name="registry")
app.add_typer(waveforms.app, name="waveforms")
app.add_typer(dashboards.app, name="dashboards")
app.add_typer(coverage.app, name="coverage")
app.add_typer(targets.app, name="targets")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database to the schema of this release."""
    from citywatch.storage.migrate import migrate as run

    report = run(_database())
    if as_json:
        print(json.dumps({"level": report.level.value, "applied": report.applied, "note": report.note}))
    else:
        done = "\n".join(f"  applied {name}" for name in report.applied) or "  nothing to do"
        print(f"{report.level}\n{done}" + (f"\n  note: {report.note}" if report.note else ""))


@app.command()
def seed(
    city: Annotated[str, typer.Argument(help="Name of a folder below seeds/cities.")] = "demo",
    as_json: Json = False,
) -> None:
    """Load a city's registry and the targets into the database; again: take over what changed, retire what is gone."""
    from citywatch.registry import load_city, load_targets
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.registry import write_registry
    from citywatch.storage.pipeline.targets import write_targets

    loaded = load_city(city)
    with connect(_database(), process="seed") as connection:
        report = write_registry(connection, loaded)
        write_targets(connection, *load_targets())
    counts = {"assets": report.assets, "sensors": report.sensors, "datastreams": report.datastreams}
    if as_json:
        print(json.dumps({"city": loaded.city_id, **counts, "rules": report.rules}))
    else:
        print(f"{loaded.name.en}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))


@app.command()
def ingest() -> None:
    """Run ingest: MQTT messages become committed rows."""
    from ingest.wiring import run

    run()


@app.command()
def analytics() -> None:
    """Run analytics: committed rows become quality flags, alarms and coverage."""
    from analytics.wiring import run

    run()


@app.command()
def upkeep() -> None:
    """Run the upkeep: roll-ups, coverage and indicators by day, reports that are due, retention."""
    from analytics.wiring import run_upkeep

    run_upkeep()


@app.command()
def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: CITYWATCH_API_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [default: CITYWATCH_API_PORT]")] = None,
) -> None:
    """Run the API and the console."""
    from api.wiring import run

    run(host=host, port=port)


@app.command()
def health(
    process: Annotated[str | None, typer.Argument(help="ingest, analytics, upkeep or webhooks. [default: all]")] = None,
    as_json: Json = False,
) -> None:
    """Say how the processes are; exit code 1 when one is not well, for probes of containers."""
    from citywatch.clock import SystemClock
    from citywatch.model.processes import EXPECTED, judged
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.health import read_beats

    with connect(_database(), process="health") as connection:
        beats = read_beats(connection, process)
    now = SystemClock().now()
    rows: list[dict[str, Any]] = [
        {
            "process": beat.process,
            "state": judged(beat.state, now - beat.at),
            "age_s": (now - beat.at).total_seconds(),
            "cause": beat.cause,
        }
        for beat in beats
    ]
    seen = {beat.process for beat in beats}
    lacking = [name for name in ((process,) if process else EXPECTED) if name not in seen]
    rows += [{"process": name, "state": "missing", "age_s": None, "cause": "never reported"} for name in lacking]
    if as_json:
        print(json.dumps(rows))
    for row in () if as_json else rows:
        seen_at = "" if row["age_s"] is None else f" seen {row['age_s']:.0f} s ago"
        print(f"{row['process']:10} {row['state']:9}{seen_at}{': ' + row['cause'] if row['cause'] else ''}")
    if any(row["state"] != "ok" for row in rows):
        raise typer.Exit(1)


@app.command()
def webhooks() -> None:
    """Run the delivery of webhooks."""
    from api.wiring import run_webhooks

    run_webhooks()


def _database() -> str:
    return load_settings(ProcessSettings).database_url.get_secret_value()


def _version(wanted: bool) -> None:
    if wanted:
        print(f"citywatch {version('citywatch')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Check the environment before any command runs."""
    from analytics.settings import AnalyticsSettings
    from api.settings import ApiSettings
    from ingest.settings import IngestSettings
    from simulators.settings import SimulatorSettings

    check_variables(os.environ, [IngestSettings, AnalyticsSettings, ApiSettings, SimulatorSettings])


def main() -> None:
    """Run the command; exit with 2 when a person has to change something, 3 when a server is away, 1 otherwise."""
    configure_logs(process="command", level="warning")  # processes set up their own
    try:
        app()
    except Misconfigured as error:
        _fail(error, 2)
    except Unavailable as error:
        _fail(error, 3)
    except CitywatchError as error:
        _fail(error, 1)
    except BrokenPipeError:
        sys.stderr.close()


def _fail(error: CitywatchError, code: int) -> None:
    print(f"citywatch: {error}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
