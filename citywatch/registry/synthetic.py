"""A city drawn from a seed: assets and sensors that nobody has built, labelled so.

The plan in ``city.yaml`` says how many assets of each kind there are and which share of them is equipped. Every kind is
drawn by random numbers of its own, so one kind more changes nothing of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from citywatch.model.identifiers import AssetId, KindId, ModelId, SensorId
from citywatch.model.names import Name
from citywatch.model.registry import Asset, District, DistrictClass, Origin, Sensor
from citywatch.registry.boundaries import box, inside
from citywatch.registry.recipes import KEY_BRIDGE, RECIPES, Kit

Points = NDArray[np.float64]  # (n, 2): longitude, latitude

INSTALLED: Final = datetime(2025, 3, 1, tzinfo=UTC)
_CENTRAL_WEIGHT: Final = 3.0  # a central district holds so many times the assets of another one
_STREETS: Final = 40  # per district
_NEAR: Final = 0.03  # parts lie within this share of the way to some point of the district
_DRAIN: Final = (160.0, 240.0)  # grates and pipes are built for a storm of one to three years [L/(s ha)]
_LONG_SPAN: Final = 80.0  # bridges from here on are equipped like well-known ones [m]


@dataclass(frozen=True, slots=True)
class Plan:
    """How many ``assets`` of each kind, and the share [0-1] of them that is ``equipped``; 1 where it is not said."""

    seed: int
    assets: Mapping[str, int]
    equipped: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn."""

    assets: Sequence[Asset]
    sensors: Sequence[Sensor]


def draw(plan: Plan, districts: Sequence[District], given: Sequence[Asset], known: Iterable[AssetId]) -> Drawn:
    """Fill a city up: assets beside the ``given`` ones until the plan holds, sensors for all but the ``known`` ones.

    ``given`` assets are fully equipped unless they are ``known`` to have sensors of their own.
    """
    assets: list[Asset] = []
    sensors: list[Sensor] = []
    own = set(known)
    for kind_id in RECIPES:
        here = [asset for asset in given if asset.kind_id == kind_id]
        count = max(0, plan.assets.get(kind_id, 0) - len(here))
        rng = _generator(plan.seed, kind_id)
        parents = [asset for asset in (*given, *assets) if asset.kind_id == RECIPES[kind_id].part_of]
        columns = {name: draw_column(rng, count) for name, draw_column in RECIPES[kind_id].parameters.items()}
        if kind_id == "lighting-cabinet":
            columns["lamps"] = _shares(plan.assets.get("lamp", 0), count).astype(np.float64)
        if kind_id == "ponding-point":
            columns["drain_l_s"] = np.round(columns["catchment_ha"] * rng.uniform(*_DRAIN, count))
        drawn = _assets(KindId(kind_id), columns, districts, parents, rng, count=count)
        assets += drawn
        equipped = set(rng.permutation(count)[: round(count * plan.equipped.get(kind_id, 1.0))].tolist())
        for asset in here:
            if asset.asset_id not in own:
                sensors += _equip(asset, _kit(asset))
        for place, asset in enumerate(drawn):
            if place in equipped:
                sensors += _equip(asset, _kit(asset))
            elif place % 2:
                sensors += _equip(asset, RECIPES[kind_id].rudiment)
    return Drawn(assets, sensors)


def _assets(
    kind_id: KindId,
    columns: Mapping[str, NDArray[Any]],
    districts: Sequence[District],
    parents: Sequence[Asset],
    rng: Generator,
    *,
    count: int,
) -> list[Asset]:
    recipe = RECIPES[kind_id]
    parent_of = np.repeat(np.arange(len(parents)), _shares(count, len(parents))) if parents else None
    if parent_of is None:
        weights = np.array([_CENTRAL_WEIGHT if d.district_class is DistrictClass.CENTRAL else 1.0 for d in districts])
        district_of = rng.choice(len(districts), size=count, p=weights / weights.sum())
        points = _scatter(districts, district_of, rng)
    else:
        numbers = {district.district_id: number for number, district in enumerate(districts)}
        district_of = np.array([numbers[parents[number].district_id] for number in parent_of.tolist()], dtype=np.int64)
        points = _beside(districts, district_of, parents, parent_of, rng)
    parameters = {name: column.tolist() for name, column in columns.items()}
    streets = rng.integers(1, _STREETS + 1, size=count)
    if kind_id == "lamp" and parent_of is not None:
        labels = _labels_beside(len(parents), parent_of)
    else:
        labels = [f"{number:0{_width(count)}d}" for number in range(1, count + 1)]
    found = []
    for place, (label, number) in enumerate(zip(labels, district_of.tolist(), strict=True)):
        district = districts[number]
        parent = None if parent_of is None else parents[int(parent_of[place])]
        short = "-".join(str(int(part)) for part in label.split("-"))
        found.append(
            Asset(
                asset_id=AssetId(f"{recipe.prefix}-{label}"),
                kind_id=kind_id,
                district_id=district.district_id,
                name=Name(
                    f"{district.name.en} {recipe.name.en} {short}", f"{district.name.zh}{short}号{recipe.name.zh}"
                ),
                latitude=float(points[place, 1]),
                longitude=float(points[place, 0]),
                responsible_unit=f"{district.name.en} {recipe.unit} (synthetic)",
                origin=Origin.SYNTHETIC,
                parameters={name: column[place] for name, column in parameters.items()},
                parent_id=None if parent is None else parent.asset_id,
                street=f"{district.name.en} street {streets[place]} (synthetic)" if parent is None else parent.street,
            )
        )
    return found


def _labels_beside(parents: int, parent_of: NDArray[np.int64]) -> list[str]:
    """Number parts within their parent, whose number goes before: ``cabinet-lamp``; ``parent_of`` (n,) is in order."""
    places = 1 + np.arange(len(parent_of)) - np.searchsorted(parent_of, parent_of)
    return [
        f"{parent:0{_width(parents)}d}-{place:02d}"
        for parent, place in zip((parent_of + 1).tolist(), places.tolist(), strict=True)
    ]


def _scatter(districts: Sequence[District], district_of: NDArray[np.int64], rng: Generator) -> Points:
    """Return a point in the district of each place (n,), uniform over its box and drawn again while outside."""
    points = np.empty((len(district_of), 2))
    for number in np.unique(district_of):
        boundary = districts[number].boundary
        low, high = box(boundary)
        open_places = np.flatnonzero(district_of == number)
        while len(open_places):
            tried = np.round(rng.uniform(low, high, (len(open_places), 2)), 5)
            points[open_places] = tried
            open_places = open_places[~inside(boundary, tried[:, 0], tried[:, 1])]
    return points


def _beside(
    districts: Sequence[District],
    district_of: NDArray[np.int64],
    parents: Sequence[Asset],
    parent_of: NDArray[np.int64],
    rng: Generator,
) -> Points:
    """Return points near the parents, at the parent itself where the way leads out of the district."""
    home = np.array([(parent.longitude, parent.latitude) for parent in parents])[parent_of]
    share = rng.uniform(0.002, _NEAR, (len(parent_of), 1))
    near = np.round(home + share * (_scatter(districts, district_of, rng) - home), 5)
    for number in np.unique(district_of):
        here = district_of == number
        out = np.flatnonzero(here)[~inside(districts[number].boundary, near[here, 0], near[here, 1])]
        near[out] = home[out]
    return np.asarray(near, dtype=np.float64)


def _kit(asset: Asset) -> Kit:
    span = asset.parameters.get("span_m", 0.0)
    known = asset.origin is not Origin.SYNTHETIC or (isinstance(span, float) and span >= _LONG_SPAN)
    return KEY_BRIDGE if asset.kind_id == "bridge" and known else RECIPES[asset.kind_id].kit


def _equip(asset: Asset, kit: Kit) -> Iterable[Sensor]:
    for name, model, count in kit:
        for number in range(1, count + 1):
            sensor_id = SensorId(name if count == 1 else f"{name}-{number}")
            yield Sensor(asset.asset_id, sensor_id, ModelId(model), INSTALLED, None, INSTALLED)


def _shares(count: int, parts: int) -> NDArray[np.int64]:
    """Return how many of ``count`` things fall to each of some parts, as evenly as whole numbers allow."""
    if not parts:
        return np.zeros(0, dtype=np.int64)
    shares: NDArray[np.int64] = np.diff(count * np.arange(parts + 1) // parts)
    return shares


def _width(count: int) -> int:
    return max(3, len(str(count)))


def _generator(seed: int, kind_id: str) -> Generator:
    digest = blake2b(kind_id.encode(), digest_size=16).digest()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=np.frombuffer(digest, dtype="<u4").tolist()))
