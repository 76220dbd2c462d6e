"""``citywatch dead-letters``: look at what was rejected, publish it again, let it expire."""

import base64
import getpass
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from citywatch.errors import Misconfigured
from citywatch.model.dead_letters import LetterFilter, LetterState, StoredLetter, obstacle, remedy
from citywatch.settings import ProcessSettings, load_settings
from cli.instants import instant

app = typer.Typer(no_args_is_help=True, help="Look at rejected messages, publish them again, let them expire.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")]
Since = Annotated[
    datetime | None, typer.Option(parser=instant, metavar="TIME", help="Received at or after this instant.")
]
Until = Annotated[datetime | None, typer.Option(parser=instant, metavar="TIME", help="Received before this instant.")]
Reason = Annotated[str | None, typer.Option(help="Reason code, such as unknown_datastream.")]
Topic = Annotated[str | None, typer.Option(metavar="FILTER", help="MQTT topic filter; + and # work.")]
Actor = Annotated[str | None, typer.Option(help="Who does it. [default: the user of this machine]")]


@app.command("list")
def list_letters(
    since: Since = None,
    until: Until = None,
    reason: Reason = None,
    topic: Topic = None,
    state: Annotated[LetterState | None, typer.Option(help="What became of it. [default: any]")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """List dead letters, newest first."""
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.dead_letters import read_letters

    with connect(_settings().database_url.get_secret_value(), process="dead letters") as connection:
        found = read_letters(connection, LetterFilter(None, since, until, reason, topic, state), limit=limit)
    if as_json:
        print(json.dumps([_as_json(letter) for letter in found]))
    elif not found:
        print("no dead letters")
    else:
        table = Table("ID", "received", "state", "reason", "readings", "bytes", "topic", box=None)
        for letter in found:
            table.add_row(
                str(letter.dead_letter_id), f"{letter.received_at:%Y-%m-%d %H:%M:%S}", letter.state, letter.reason,
                str(letter.readings), str(letter.payload_size), letter.topic,
            )  # fmt: skip
        _console().print(table)


@app.command()
def show(
    dead_letter_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="Number of the letter.")],
    as_json: Json = False,
) -> None:
    """Show one dead letter: its bytes, what can be read of them, what would mend it, what happened since."""
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.dead_letters import (
        read_later_letters,
        read_letter,
        read_letter_events,
        read_payload,
    )
    from citywatch.wire.excerpt import excerpt, hex_dump

    with connect(_settings().database_url.get_secret_value(), process="dead letters") as connection:
        letter = read_letter(connection, dead_letter_id)
        payload = read_payload(connection, dead_letter_id)
        history = read_letter_events(connection, dead_letter_id)
        later = read_later_letters(connection, dead_letter_id)
    decoded = excerpt(payload, letter.content_type)
    if as_json:
        shown = _as_json(letter)
        shown["payload_base64"] = base64.b64encode(payload).decode()
        shown["decoded"] = asdict(decoded)
        shown["history"] = [{**asdict(event), "at": event.at.isoformat()} for event in history]
        shown["came_back_as"] = list(later)
        print(json.dumps(shown))
        return
    which = "the whole message" if letter.indices is None else f"readings {letter.indices[:20]}"
    lines = [
        f"letter {letter.dead_letter_id}, received {letter.received_at.isoformat(timespec='milliseconds')}",
        f"topic     {letter.topic}",
        f"format    {letter.content_type or 'no content type'}, {letter.payload_size} bytes, {letter.kept} kept",
        f"rejected  {letter.reason}: {letter.detail} ({which})",
        f"remedy    {remedy(letter.reason)}",
        f"re-drive  {obstacle(letter) or 'possible'}",
        f"state     {letter.state}",
        *(f"          {event.event} by {event.actor} at {event.at.isoformat(timespec='seconds')}" for event in history),
        *([f"          rejected again as {', '.join(map(str, later))}"] if later else []),
        f"decoded   {decoded.count} readings" + (f"; {decoded.trouble}" if decoded.trouble else ""),
        *(f"          {one.name} = {one.value} {one.unit or ''} at {one.time}" for one in decoded.readings[:10]),
        "",
        hex_dump(payload),
    ]
    print("\n".join(lines))


@app.command()
def redrive(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers of letters.")] = None,
    since: Since = None,
    until: Until = None,
    reason: Reason = None,
    topic: Topic = None,
    everything: Annotated[bool, typer.Option("--all", help="All open letters.")] = False,
    actor: Actor = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Publish the messages of dead letters again, byte for byte; exit code 1 when some cannot be.

    Letters are named by number, or open ones by filter. Each goes the way of every message: what was accepted the
    first time comes out as duplicate, what is still wrong as a new dead letter.
    """
    from citywatch.broker import BrokerAddress
    from citywatch.clock import SystemClock
    from citywatch.redrive import redrive as run

    if not ids and not everything and all(one is None for one in (since, until, reason, topic)):
        raise Misconfigured("name letters by number, or open ones by --since, --until, --reason, --topic or --all")
    settings = _settings()
    report = run(
        settings.database_url.get_secret_value(),
        BrokerAddress.from_url(settings.broker_url.get_secret_value()),
        LetterFilter(tuple(ids) if ids else None, since, until, reason, topic),
        actor=actor or getpass.getuser(),
        clock=SystemClock(),
        dry_run=dry_run,
    )
    if as_json:
        print(json.dumps({**asdict(report), "dry_run": dry_run}))
    else:
        print(f"{'would publish' if dry_run else 'published'} {report.messages} messages of {report.letters} letters")
        for refused in report.refused:
            print(f"letter {refused.dead_letter_id} cannot be re-driven: {refused.why}")
    if report.refused_letters:
        raise typer.Exit(1)


@app.command()
def expire(
    older_than: Annotated[float, typer.Option(min=0, metavar="DAYS", help="Received more than so many days ago.")],
    actor: Actor = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Drop the bytes of old dead letters; their records stay, and they cannot be re-driven any more."""
    from citywatch.clock import SystemClock
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.dead_letters import count_older_letters, expire_letters

    now = SystemClock().now()
    before = now - timedelta(days=older_than)
    with connect(_settings().database_url.get_secret_value(), process="dead letters") as connection:
        if dry_run:
            count = count_older_letters(connection, before=before)
        else:
            count = expire_letters(connection, before=before, actor=actor or getpass.getuser(), at=now)
    if as_json:
        print(json.dumps({"letters": count, "before": before.isoformat(), "dry_run": dry_run}))
    else:
        print(f"{'would drop' if dry_run else 'dropped'} the bytes of {count} letters")


def _as_json(letter: StoredLetter) -> dict[str, Any]:
    times = {
        "received_at": letter.received_at.isoformat(),
        "state_at": None if letter.state_at is None else letter.state_at.isoformat(),
    }
    more = {"remedy": remedy(letter.reason), "obstacle": obstacle(letter)}
    return {**asdict(letter), **times, "payload_sha256": letter.payload_sha256.hex(), **more}


def _settings() -> ProcessSettings:
    return load_settings(ProcessSettings)


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)
