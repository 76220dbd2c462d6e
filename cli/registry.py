"""``citywatch registry``: check, compare, import and export what a city has."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from citywatch.model.registry import Change, Inventory, RegistryChanges
from citywatch.registry.export import AssetFormat

app = typer.Typer(no_args_is_help=True, help="Check, import and export a city's districts, assets and sensors.")

Folder = Annotated[
    Path, typer.Argument(help="Folder with city.yaml, districts.geojson, assets.csv or .geojson, sensors.csv.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
_SHOWN = 20


@app.command()
def check(folder: Folder, as_json: Json = False) -> None:
    """Read a folder and list everything that is wrong with it, as file:line; the database is not asked."""
    from citywatch.registry import load_folder

    registry = load_folder(folder)
    counts = {
        "city": registry.city_id,
        "districts": len(registry.districts),
        "assets": len(registry.inventory.assets),
        "sensors": len(registry.sensors),
    }
    if as_json:
        print(json.dumps(counts))
    else:
        print(
            f"{registry.name.en}: " + ", ".join(f"{counts[what]} {what}" for what in list(counts)[1:]) + "; no faults"
        )


@app.command("import")
def import_(
    folder: Folder,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make the database hold what a folder holds; what is no longer there is retired and keeps its data.

    A folder with any fault is refused as a whole.
    """
    from citywatch.registry import load_folder
    from citywatch.settings import ProcessSettings, load_settings
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.registry import compare_registry, write_registry

    registry = load_folder(folder)
    with connect(load_settings(ProcessSettings).database_url.get_secret_value(), process="registry") as connection:
        changes = compare_registry(connection, registry) if dry_run else write_registry(connection, registry).changes
    if as_json:
        print(json.dumps({"city": registry.city_id, "dry_run": dry_run, **_as_json(changes)}, ensure_ascii=False))
    else:
        print(_as_text(changes, would=dry_run))


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; files of the same names are replaced.")],
    asset_format: Annotated[
        AssetFormat, typer.Option("--format", help="How the assets are written.")
    ] = AssetFormat.CSV,
    city: Annotated[
        str | None, typer.Option(help="A city of the seeds folder. [default: that of the database]")
    ] = None,
) -> None:
    """Write what the database holds, retired assets included, as a folder that can be imported."""
    from citywatch.registry import load_city
    from citywatch.registry.export import write_folder

    inventory = load_city(city).inventory if city is not None else _stored()
    write_folder(inventory, folder, asset_format)
    print(f"{len(inventory.assets)} assets and {len(inventory.sensors)} sensors written to {folder}")


def _stored() -> Inventory:
    from citywatch.settings import ProcessSettings, load_settings
    from citywatch.storage.connection import connect
    from citywatch.storage.pipeline.registry import read_inventory

    with connect(load_settings(ProcessSettings).database_url.get_secret_value(), process="registry") as connection:
        return read_inventory(connection)


def _as_json(changes: RegistryChanges) -> dict[str, Any]:
    return {
        "assets": {change.value: count for change, count in changes.assets.items()},
        "sensors": {change.value: count for change, count in changes.sensors.items()},
        "first": [
            {
                "change": one.change.value,
                "asset_id": one.asset_id,
                **({"sensor_id": one.sensor_id} if one.sensor_id else {}),
                **({"fields": one.fields} if one.fields else {}),
            }
            for one in changes.first
        ],
    }


def _as_text(changes: RegistryChanges, *, would: bool) -> str:
    lines = []
    for what, counts in (("assets", changes.assets), ("sensors", changes.sensors)):
        parts = [f"{counts[change]} {change.value}" for change in Change if change in counts]
        lines.append(f"{what}: {', '.join(parts) or 'no change'}")
    for one in changes.first[:_SHOWN]:
        name = f"{one.asset_id}/{one.sensor_id}" if one.sensor_id else one.asset_id
        lines.append(f"  {one.change.value:8} {name}{': ' if one.fields else ''}{', '.join(one.fields)}")
    hidden = sum(changes.assets.values()) + sum(changes.sensors.values()) - len(changes.first[:_SHOWN])
    if hidden > 0:
        lines.append(f"  ... and {hidden} more; --json lists the first thousand")
    lines.append("nothing was changed: this was a dry run" if would else "done")
    return "\n".join(lines)
