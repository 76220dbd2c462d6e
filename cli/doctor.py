"""``citywatch doctor``: what is well, what is not, and what to do about it."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

import typer

from citywatch.clock import SystemClock
from citywatch.errors import CitywatchError
from citywatch.settings import ProcessSettings, load_settings
from citywatch.storage.connection import Connection, connect
from cli.checks import Check, Finding, ledger, storage

CHECKS: Final[tuple[Check, ...]] = (*storage.CHECKS, *ledger.CHECKS)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False) -> None:
    """Look at the database: storage level, migrations, partitions, roll-ups, retention, followers, ledger, devices.

    Exit code 1 when something is wrong; every line that says so says how to mend it.
    """
    url = load_settings(ProcessSettings).database_url.get_secret_value()
    now = SystemClock().now()
    with connect(url, process="doctor") as connection:
        findings = [finding for check in CHECKS for finding in _made(check, connection, now)]
    if as_json:
        print(json.dumps([_plain(finding) for finding in findings], default=str))
    else:
        for finding in findings:
            mark = "ok   " if finding.fix is None else "WRONG"
            print(f"{mark} {finding.subject:12} {finding.says}")
            if finding.fix is not None:
                print(f"      {'':12} -> {finding.fix}")
    if any(finding.fix is not None for finding in findings):
        raise typer.Exit(1)


def _made(check: Check, connection: Connection, now: datetime) -> Iterator[Finding]:
    """Make a check; one that cannot be made is a finding too."""
    subject = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        yield from check(connection, now)
    except CitywatchError as error:
        yield Finding(subject, f"cannot be looked at: {error}", "mend what stands above, then ask again")


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "subject": finding.subject,
        "ok": finding.fix is None,
        "says": finding.says,
        "fix": finding.fix,
        "facts": dict(finding.facts),
    }
