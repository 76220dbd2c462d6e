"""``citywatch dashboards``: bring the dashboards of this release into a running Grafana, compare, fetch them."""

import difflib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citywatch.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from dashboards.remote import Grafana

app = typer.Typer(no_args_is_help=True, help="Push the Grafana dashboards of this release, compare, export them.")

Url = Annotated[str, typer.Option(envvar="GRAFANA_URL", metavar="URL", help="Address of Grafana.")]
Token = Annotated[
    str, typer.Option(envvar="GRAFANA_TOKEN", help="Token of a service account that may edit dashboards and folders.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

_LOCAL = "http://localhost:3000"


@app.command()
def push(
    url: Url = _LOCAL,
    token: Token = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Write every dashboard that is missing or differs; what somebody changed there is overwritten.

    Dashboards that Grafana reads from files cannot be pushed; nothing is written when one that differs is among them.
    """
    with _grafana(url, token) as grafana:
        due = [pair for pair in grafana.compare() if pair.difference != "same"]
        locked = [pair.ours["uid"] for pair in due if pair.provisioned]
        if locked:
            raise Misconfigured(
                f"Grafana reads {', '.join(locked)} from files; mount dashboards/generated of this release there, or"
                " take the provider out of its provisioning before pushing"
            )
        for pair in due:
            if not dry_run:
                grafana.push(pair, message=f"citywatch {version('citywatch')}")
    if as_json:
        print(json.dumps({"pushed": [pair.ours["uid"] for pair in due], "dry_run": dry_run}))
        return
    for pair in due:
        print(f"{'would push' if dry_run else 'pushed'} {pair.ours['uid']}: was {pair.difference.value}")
    if not due:
        print("all dashboards are those of this release")


@app.command()
def diff(url: Url = _LOCAL, token: Token = "", as_json: Json = False) -> None:
    """Show what differs between this release and Grafana; exit code 1 when anything does."""
    from dashboards.remote import canonical

    with _grafana(url, token) as grafana:
        pairs = list(grafana.compare())
    if as_json:
        print(json.dumps({pair.ours["uid"]: pair.difference.value for pair in pairs}))
    for pair in pairs if not as_json else ():
        if pair.theirs is None:
            print(f"{pair.ours['uid']} is missing in Grafana")
        elif pair.difference != "same":
            lines = difflib.unified_diff(
                canonical(pair.theirs).splitlines(), canonical(pair.ours).splitlines(),
                f"grafana/{pair.ours['uid']}", f"release/{pair.file}", lineterm="", n=2,
            )  # fmt: skip
            print("\n".join(lines))
    if any(pair.difference != "same" for pair in pairs):
        raise typer.Exit(1)
    if not as_json:
        print("all dashboards are those of this release")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write one JSON file per dashboard into.")],
    url: Url = _LOCAL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Fetch the dashboards tagged citywatch from Grafana, with whatever was changed there."""
    from dashboards.remote import canonical

    folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    with _grafana(url, token) as grafana:
        for uid, model in grafana.export():
            (folder / f"{uid}.json").write_text(canonical(model), encoding="utf-8")
            written.append(uid)
    print(json.dumps({"exported": written}) if as_json else f"{len(written)} dashboards written to {folder}")


@contextmanager
def _grafana(url: str, token: str) -> "Iterator[Grafana]":
    """Yield the Grafana at an address, and turn its errors into ours."""
    if find_spec("grafana_client") is None:
        raise Misconfigured("grafana-client is not installed; install citywatch[grafana]")
    if not token:
        raise Misconfigured("no token; make a service account with the role Editor in Grafana and set GRAFANA_TOKEN")
    from grafana_client.client import GrafanaException, GrafanaServerError, GrafanaTimeoutError
    from niquests.exceptions import RequestException

    from dashboards.remote import Grafana

    try:
        yield Grafana(url, token)
    except (GrafanaTimeoutError, GrafanaServerError) as error:
        raise Unavailable(f"Grafana at {url} does not answer as it should: {error}") from error
    except GrafanaException as error:
        remedy = (
            "check GRAFANA_TOKEN: a service account with the role Editor" if error.status_code in {401, 403} else ""
        )
        raise Misconfigured(f"Grafana at {url} refuses: {error}{f'; {remedy}' if remedy else ''}") from error
    except RequestException as error:
        raise Unavailable(f"nobody answers at {url}; is Grafana there, and is GRAFANA_URL right?") from error
