"""``citywatch generate-city``: seed files of a synthetic city."""

from pathlib import Path
from typing import Annotated

import typer


def generate_city(
    into: Annotated[Path, typer.Argument(help="Folder to write to; files of the same names are replaced.")],
    seed: Annotated[int, typer.Option(min=0, help="Decides the whole city.")] = 1,
) -> None:
    """Draw a synthetic city and write its districts, assets and sensors as seed files."""
    from simulators.synthetic_city import DEMO, SyntheticCity

    city = SyntheticCity(DEMO, seed=seed)
    into.mkdir(parents=True, exist_ok=True)
    city.write(into)
    print(f"{len(city.assets)} assets and {len(city.sensors)} sensors written to {into}")
