"""City, districts, systems, assets, observed properties, rules."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.context import Ctx
from api.etags import TaggedRoute
from api.schemas.registry import (
    Asset,
    AssetKind,
    AssetPage,
    AssetState,
    AssetVersion,
    Boundary,
    City,
    District,
    ObservedProperty,
    Rule,
    System,
)
from citywatch.errors import NotFound
from citywatch.storage.serving import registry

router = APIRouter(tags=["registry"], route_class=TaggedRoute)
Filter = Annotated[str | None, Query(max_length=63)]


@router.get("/city")
async def get_city(ctx: Ctx) -> City:
    """Return the city and how much it holds."""
    city = await registry.city(ctx.database, City)
    if city is None:
        raise NotFound("no city has been seeded; run 'citywatch seed demo'")
    return city.model_copy(update={"time_zone": ctx.time_zone})


@router.get("/systems")
async def list_systems(ctx: Ctx) -> list[System]:
    """Return the systems."""
    return await registry.systems(ctx.database, System)


@router.get("/districts")
async def list_districts(ctx: Ctx) -> list[District]:
    """Return the districts and functional zones."""
    return await registry.districts(ctx.database, District)


@router.get("/districts.geojson")
async def get_district_boundaries(ctx: Ctx) -> dict[str, Any]:
    """Return the districts as a GeoJSON feature collection, for maps."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": district.district_id,
                "properties": district.model_dump(exclude={"boundary"}),
                "geometry": district.boundary,
            }
            for district in await registry.boundaries(ctx.database, Boundary)
        ],
    }


@router.get("/assets")
async def list_assets(
    ctx: Ctx,
    system: Filter = None,
    kind: Filter = None,
    district: Filter = None,
    parent: Annotated[str | None, Query(max_length=63, description="only what is part of this asset")] = None,
    text: Annotated[str | None, Query(max_length=100, description="sought in identifier and names")] = None,
    ended: Annotated[bool, Query(description="also those that are not there now")] = False,
    after: Annotated[str, Query(max_length=63, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> AssetPage:
    """Return assets in the order of their identifiers."""
    found = await registry.assets(
        ctx.database,
        Asset,
        system=system,
        kind=kind,
        district=district,
        parent=parent,
        text=text,
        ended=ended,
        after=after,
        limit=limit + 1,
    )
    return AssetPage(items=found[:limit], next=found[limit - 1].asset_id if len(found) > limit else None)


@router.get("/assets/{asset_id}")
async def get_asset(ctx: Ctx, asset_id: str) -> Asset:
    """Return one asset, also one that has ended."""
    found = await registry.asset(ctx.database, Asset, asset_id)
    if found is None:
        raise NotFound(f"there is no asset {asset_id!r}")
    return found


@router.get("/assets/{asset_id}/versions")
async def list_asset_versions(ctx: Ctx, asset_id: str) -> list[AssetVersion]:
    """Return what the record of an asset has said, oldest first: names, district, responsible unit."""
    found = await registry.versions(ctx.database, AssetVersion, asset_id)
    if not found:
        raise NotFound(f"there is no asset {asset_id!r}")
    return found


@router.get("/kinds")
async def list_kinds(ctx: Ctx) -> list[AssetKind]:
    """Return the kinds of assets with their design parameters and coverage rules."""
    return await registry.kinds(ctx.database, AssetKind)


@router.get("/asset-states")
async def list_asset_states(ctx: Ctx, system: Filter = None, district: Filter = None) -> list[AssetState]:
    """Return every asset with its place, its worst active alarm and its silent datastreams: what a map shows."""
    return await registry.asset_states(ctx.database, AssetState, system=system, district=district)


@router.get("/properties")
async def list_properties(ctx: Ctx) -> list[ObservedProperty]:
    """Return the observed properties with their units."""
    return await registry.properties(ctx.database, ObservedProperty)


@router.get("/rules")
async def list_rules(ctx: Ctx, kind: Filter = None) -> list[Rule]:
    """Return the alarm rules with their limits, and what founds each number."""
    return await registry.rules(ctx.database, Rule, kind=kind)
