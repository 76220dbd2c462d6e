"""The platform as an asset of its city, so that its own troubles are alarms that people see and acknowledge."""

from collections.abc import Iterator
from typing import Any

from citywatch.model.names import Name
from citywatch.model.registry import PLATFORM, PLATFORM_ASSET, Asset, District, Origin


def platform_asset(district: District) -> Asset:
    """Return the asset; it stands in a district of the city, in the middle of its bounds, and says that it need not."""
    longitudes, latitudes = zip(*_positions(district.boundary["coordinates"]), strict=True)
    return Asset(
        asset_id=PLATFORM_ASSET,
        kind_id=PLATFORM,
        district_id=district.district_id,
        name=Name("citywatch", "citywatch 平台"),
        latitude=round((min(latitudes) + max(latitudes)) / 2, 4),
        longitude=round((min(longitudes) + max(longitudes)) / 2, 4),
        responsible_unit="operators of the platform",
        origin=Origin.PLATFORM,
        parameters={"position": "none: shown in the middle of the first district by identifier"},
    )


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    """Yield every [longitude, latitude] of GeoJSON coordinates, however deep."""
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _positions(part)
