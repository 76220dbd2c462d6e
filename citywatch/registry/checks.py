"""What must hold between the entries of a registry; every fault is noted, none stops the search for others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Final, TypeVar

import numpy as np

from citywatch.model.identifiers import AssetId, KindId
from citywatch.model.registry import Asset, AssetKind, DesignParameter, District, Sensor, SensorModel
from citywatch.registry.boundaries import inside
from citywatch.registry.documents import Entry
from citywatch.registry.problems import Problems

T = TypeVar("T")
PROVENANCE: Final = frozenset({"source", "licence", "position"})
"""Texts that an asset of any kind may have among its parameters: where its record, data and position come from."""
_EARLIEST: Final = datetime(1800, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def unique(field: str, entries: Iterable[Entry[T]], key: Callable[[T], str], problems: Problems) -> set[str]:
    """Note entries whose key another one has already; return all keys."""
    places: dict[str, str] = {}
    for entry in entries:
        name = key(entry.value)
        if name in places:
            problems.add(entry.place, f"{field}: {name!r} stands already at {places[name]}")
        places.setdefault(name, entry.place)
    return set(places)


def known(
    field: str,
    entries: Iterable[Entry[T]],
    references: Callable[[T], Iterable[str]],
    names: AbstractSet[str],
    problems: Problems,
) -> None:
    """Note references to what does not exist."""
    for entry in entries:
        for name in references(entry.value):
            if name not in names:
                problems.add(entry.place, f"{field}: there is no {name!r}")


def check_assets(
    entries: Sequence[Entry[Asset]], kinds: Sequence[AssetKind], districts: Sequence[District], problems: Problems
) -> None:
    """Check identifiers, references, dates, design parameters, positions and parents of assets."""
    kind_of = {kind.kind_id: kind for kind in kinds}
    unique("asset_id", entries, lambda asset: asset.asset_id, problems)
    known("kind_id", entries, lambda asset: [asset.kind_id], kind_of.keys(), problems)
    known("district_id", entries, lambda asset: [asset.district_id], {one.district_id for one in districts}, problems)
    for entry in entries:
        _check_date("valid_from", entry.place, entry.value.valid_from, problems)
        _check_date("valid_until", entry.place, entry.value.valid_until, problems)
        if entry.value.kind_id in kind_of:
            _check_parameters(entry, kind_of[entry.value.kind_id], problems)
    _check_positions(entries, districts, problems)
    _check_parents(entries, kind_of, problems)


def check_sensors(
    entries: Sequence[Entry[Sensor]],
    models: Sequence[SensorModel],
    assets: Sequence[Entry[Asset]],
    problems: Problems,
) -> None:
    """Check identifiers, references and dates of sensors."""
    asset_of = {entry.value.asset_id: entry.value for entry in assets}
    unique("sensor_id", entries, lambda sensor: f"{sensor.asset_id}/{sensor.sensor_id}", problems)
    known("asset_id", entries, lambda sensor: [sensor.asset_id], asset_of.keys(), problems)
    known("model_id", entries, lambda sensor: [sensor.model_id], {model.model_id for model in models}, problems)
    for entry in entries:
        sensor, asset = entry.value, asset_of.get(entry.value.asset_id)
        for field in ("installed_at", "removed_at", "calibrated_at", "calibrated_until"):
            _check_date(field, entry.place, getattr(sensor, field), problems)
        end = None if asset is None else asset.valid_until
        if end is not None and sensor.installed_at is not None and sensor.installed_at >= end:
            problems.add(entry.place, f"installed_at: {sensor.asset_id} had ended by then ({end.isoformat()})")


def _check_date(field: str, place: str, moment: datetime | None, problems: Problems) -> None:
    if moment is not None and not _EARLIEST <= moment <= _LATEST:
        problems.add(place, f"{field}: {moment.isoformat()} cannot be right; expected a date from 1800 to 2200")


def _check_parameters(entry: Entry[Asset], kind: AssetKind, problems: Problems) -> None:
    designed = {parameter.name: parameter for parameter in kind.parameters}
    for name, value in entry.value.parameters.items():
        if name in designed:
            fault = _fault(designed[name], value)
            if fault:
                problems.add(entry.place, f"parameter.{name}: {fault}, not {value!r}")
        elif name in PROVENANCE:
            if not isinstance(value, str):
                problems.add(entry.place, f"parameter.{name}: a text is expected, not {value!r}")
        else:
            known_names = ", ".join(sorted({*designed, *PROVENANCE}))
            problems.add(entry.place, f"parameter.{name}: a {kind.kind_id} has none such; known are {known_names}")


def _fault(parameter: DesignParameter, value: float | str) -> str:
    if parameter.range is None:
        return "" if value in parameter.values else f"one of {', '.join(parameter.values)} is expected"
    low, high = parameter.range.low, parameter.range.high
    if isinstance(value, str):
        return f"a number{f' in {parameter.unit}' if parameter.unit else ''} is expected"
    if low <= value <= high:
        return ""
    unit = f" {parameter.unit}; is it in another unit?" if parameter.unit else ""
    return f"expected from {low:g} to {high:g}{unit}"


def _check_positions(entries: Sequence[Entry[Asset]], districts: Sequence[District], problems: Problems) -> None:
    longitude = np.array([entry.value.longitude for entry in entries])
    latitude = np.array([entry.value.latitude for entry in entries])
    found = np.zeros(len(entries), dtype=np.bool_)
    for district in districts:
        found |= inside(district.boundary, longitude, latitude)
    for place in np.flatnonzero(~found).tolist() if districts else []:
        asset = entries[place].value
        problems.add(
            entries[place].place,
            f"latitude, longitude: {asset.latitude:g}, {asset.longitude:g} lies in no district of the city;"
            " WGS 84 in degrees is expected, latitude first",
        )


def _check_parents(entries: Sequence[Entry[Asset]], kind_of: Mapping[KindId, AssetKind], problems: Problems) -> None:
    asset_of = {entry.value.asset_id: entry.value for entry in entries}
    known("parent_id", entries, lambda asset: [asset.parent_id] if asset.parent_id else [], asset_of.keys(), problems)
    for entry in entries:
        asset = entry.value
        parent = asset_of.get(asset.parent_id) if asset.parent_id else None
        kind = kind_of.get(asset.kind_id)
        if parent is None or kind is None:
            continue
        if parent.kind_id not in kind.part_of:
            allowed = ", ".join(kind.part_of) or "nothing"
            problems.add(entry.place, f"parent_id: a {kind.kind_id} is part of {allowed}, not of a {parent.kind_id}")
        if _leads_back(asset, asset_of):
            problems.add(entry.place, f"parent_id: {asset.asset_id} is part of itself, by way of {asset.parent_id}")


def _leads_back(asset: Asset, asset_of: Mapping[AssetId, Asset]) -> bool:
    seen: set[AssetId] = set()
    at = asset.parent_id
    while at is not None and at not in seen:
        if at == asset.asset_id:
            return True
        seen.add(at)
        at = asset_of[at].parent_id if at in asset_of else None
    return False
