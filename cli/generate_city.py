"""``citywatch generate-city``: the files of a synthetic city."""

from pathlib import Path
from typing import Annotated

import typer


def generate_city(
    into: Annotated[Path, typer.Argument(help="Folder to write to; files of the same names are replaced.")],
    like: Annotated[str, typer.Option(help="City of the seeds folder whose plan says how much there is.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="Decides the whole city.")] = 1,
) -> None:
    """Draw a synthetic city and write its districts, assets and sensors as files to begin a registry with."""
    from citywatch.registry import load_city
    from citywatch.registry.export import write_folder

    city = load_city(like, seed=seed).inventory
    write_folder(city, into)
    print(f"{len(city.assets)} assets and {len(city.sensors)} sensors written to {into}")
