"""``citywatch simulate``: the devices of a city, live on the broker or on standard output."""

import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.durations import duration

if TYPE_CHECKING:
    from simulators.sending import Sending


def simulate(
    city: Annotated[str, typer.Option(help="City of the seeds folder.")] = "demo",
    scenario: Annotated[
        str, typer.Option(help="What happens: a name of simulators/scenarios, or a YAML file of yours.")
    ] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="Decides everything that looks random.")] = 1,
    catch_up: Annotated[
        timedelta,
        typer.Option(parser=duration, metavar="DURATION", help="How far back to begin, for example 90m, 2h, 1d."),
    ] = timedelta(),
    speed: Annotated[
        float | None, typer.Option(min=0.01, help="Play the past so much faster than the clock. [default: at once]")
    ] = None,
    lasts: Annotated[
        timedelta | None,
        typer.Option("--for", parser=duration, metavar="DURATION", help="End after so long. [default: never]"),
    ] = None,
    position: Annotated[Path | None, typer.Option(help="File that remembers how far we came, to go on there.")] = None,
    truth: Annotated[Path | None, typer.Option(help="File to append what really happened to, JSON Lines.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Print the messages as JSON Lines instead of sending them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account at the end as JSON.")] = False,
) -> None:
    """Simulate the devices of a city; each has its own MQTT connection and last will.

    The same seed, city and scenario give the same readings at the same times, whenever it was started.
    """
    from citywatch.clock import SystemClock
    from simulators.wiring import Task, preview, run

    task = Task(city, scenario, seed, catch_up, speed, lasts, position, truth)
    if dry_run:
        world, start, end = preview(task, SystemClock())
        for sending in world.sendings(start, end):
            topic = world.devices[sending.device].telemetry
            line = {"time": sending.time / 1000, "topic": topic, **_shown(sending)}
            print(json.dumps(line, ensure_ascii=False))
        return
    account = run(task)
    if as_json:
        print(json.dumps({"devices": account.devices, "messages": account.messages, "readings": account.readings}))
    else:
        print(f"{account.devices} devices sent {account.messages} messages with {account.readings} readings")


def _shown(sending: "Sending") -> dict[str, Any]:
    """Return the payload as JSON, as base64 where it is none, or what the device does instead of sending."""
    from simulators.sending import Act

    if sending.act is not Act.SEND:
        return {"act": sending.act.name.lower().replace("_", "-")}
    try:
        return {"payload": json.loads(sending.payload)}
    except ValueError:
        return {"base64": b64encode(sending.payload).decode()}
