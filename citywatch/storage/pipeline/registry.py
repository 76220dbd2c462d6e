"""The registry in the database: written from seed files, read by ingest and analytics at start."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from citywatch.errors import Conflict, NotFound
from citywatch.model.identifiers import (
    AssetId,
    DatastreamId,
    DistrictId,
    KindId,
    ModelId,
    PropertyId,
    SensorId,
    SystemId,
)
from citywatch.model.names import Name
from citywatch.model.registry import (
    PLATFORM_ASSET,
    Asset,
    Change,
    CoverageRule,
    Datastream,
    District,
    DistrictClass,
    Inventory,
    Measure,
    Origin,
    QualityLimits,
    Range,
    Registry,
    RegistryChange,
    RegistryChanges,
    Sampling,
    Sensor,
)
from citywatch.model.rules import Rule
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "registry.sql")


_APPLY: Final = (
    "apply_assets",
    "retire_assets",
    "apply_sensors",
    "retire_sensors",
    "apply_datastreams",
    "amend_versions",
    "close_versions",
    "open_versions",
    "keep_calibrations",
)
_LISTED: Final = 1000  # changes that are told one by one


@dataclass(frozen=True, slots=True)
class RegistryReport:
    """How many entries a city was written with, and what that changed."""

    assets: int
    sensors: int
    datastreams: int
    rules: int
    changes: RegistryChanges


def write_registry(connection: Connection, registry: Registry) -> RegistryReport:
    """Make the database hold a whole city as it is described, in one transaction.

    Assets and sensors that are no longer described are retired: they keep their rows, datastream numbers and data, and
    end now. An asset whose record has changed gets a new version beside the old ones.

    Raises
    ------
    Conflict
        The database belongs to another city.
    """
    with translated(), connection.transaction(), connection.cursor() as cursor:
        changes, datastreams = _compare(cursor, registry)
        cursor.execute(_SQL["upsert_city"], {"city_id": registry.city_id, **_names(registry.name)})
        for statement, rows in _rows(registry):
            cursor.executemany(_SQL[statement], rows)
        for statement in _APPLY:
            cursor.execute(_SQL[statement])
        cursor.execute(_SQL["announce"])
    return RegistryReport(len(registry.assets), len(registry.sensors), datastreams, len(registry.rules), changes)


def compare_registry(connection: Connection, registry: Registry) -> RegistryChanges:
    """Return what :func:`write_registry` would change, and change nothing.

    Raises
    ------
    Conflict
        The database belongs to another city.
    """
    with translated(), connection.transaction(force_rollback=True), connection.cursor() as cursor:
        return _compare(cursor, registry)[0]


def _compare(cursor: Cursor[TupleRow], registry: Registry) -> tuple[RegistryChanges, int]:
    """Stage a registry and list its differences; return them and the number of datastreams."""
    present = cursor.execute(_SQL["city"]).fetchone()
    if present is not None and present[0] != registry.city_id:
        raise Conflict(f"this database holds city {present[0]!r}; use another one for {registry.city_id!r}")
    cursor.execute(_SQL["stage"])
    _copy(cursor, "copy_assets", _assets(registry))
    _copy(cursor, "copy_sensors", _sensors(registry))
    _copy(cursor, "copy_measures", _measures(registry))
    datastreams = sum(count for (count,) in cursor.execute(_SQL["count_datastreams"]))
    cursor.execute(_SQL["end_sensors_with_their_assets"])
    cursor.execute(_SQL["compare"])
    counts: dict[str, dict[Change, int]] = {"asset": {}, "sensor": {}}
    for what, change, count in cursor.execute(_SQL["change_counts"]):
        counts[what][Change(change)] = count
    first = tuple(
        RegistryChange(Change(change), AssetId(asset_id), SensorId(sensor_id), tuple(fields))
        for _, change, asset_id, sensor_id, fields in cursor.execute(_SQL["changes"], {"limit": _LISTED})
    )
    return RegistryChanges(counts["asset"], counts["sensor"], first), datastreams


def _copy(cursor: Cursor[TupleRow], statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(_SQL[statement]) as copy:
        for row in rows:
            copy.write_row(row)


def read_datastreams(connection: Connection) -> list[Datastream]:
    """Return all datastreams by number, those of removed sensors too; a removal that is yet to come is not told."""
    with translated():
        rows = connection.execute(_SQL["datastreams"]).fetchall()
    measure = cache(_measure)  # a city has many datastreams of few measures
    return [
        Datastream(
            datastream_id=DatastreamId(row[0]),
            system_id=SystemId(row[1]),
            kind_id=KindId(row[2]),
            district_id=DistrictId(row[3]),
            asset_id=AssetId(row[4]),
            sensor_id=SensorId(row[5]),
            unit=row[7],
            measure=measure(row[6], *row[8:16]),
            removed_at=row[16],
        )
        for row in rows
    ]


def _measure(
    property_id: str,
    interval: float,
    sampling: str,
    span_low: float,
    span_high: float,
    plausible_low: float,
    plausible_high: float,
    resolution: float,
    limits: str,
) -> Measure:
    return Measure(
        property_id=PropertyId(property_id),
        expected_interval=interval,
        sampling=Sampling(sampling),
        span=Range(span_low, span_high),
        plausible=Range(plausible_low, plausible_high),
        resolution=resolution,
        limits=msgspec.json.decode(limits, type=QualityLimits),
    )


def read_rules(connection: Connection) -> list[Rule]:
    """Return the alarm rules."""
    with translated():
        return [msgspec.convert(definition, Rule) for (definition,) in connection.execute(_SQL["rules"])]


def read_asset_names(connection: Connection) -> Mapping[AssetId, Name]:
    """Return the names of all assets."""
    with translated():
        return {AssetId(asset): Name(en, zh) for asset, en, zh in connection.execute(_SQL["asset_names"])}


def read_covered_assets(connection: Connection) -> list[tuple[Asset, CoverageRule]]:
    """Return the assets of today whose kind has a coverage rule, each with that rule."""
    with translated():
        rows = connection.execute(_SQL["assets_with_coverage"]).fetchall()
    rules = {text: msgspec.json.decode(text, type=CoverageRule) for text in {row[14] for row in rows}}
    return [(_asset(row), rules[row[14]]) for row in rows]


def read_inventory(connection: Connection) -> Inventory:
    """Return the districts, assets and sensors of the city, those that have ended too.

    Raises
    ------
    NotFound
        No city has been loaded yet.
    """
    with translated():
        city = connection.execute(_SQL["city_name"]).fetchone()
        if city is None:
            raise NotFound("the database holds no city yet; run 'citywatch seed' or 'citywatch registry import'")
        return Inventory(
            city_id=city[0],
            name=Name(city[1], city[2]),
            districts=[
                District(DistrictId(row[0]), Name(row[1], row[2]), DistrictClass(row[3]), row[4], row[5])
                for row in connection.execute(_SQL["districts"])
            ],
            assets=[_asset(row) for row in connection.execute(_SQL["assets"]) if row[0] != PLATFORM_ASSET],
            sensors=[
                Sensor(AssetId(row[0]), SensorId(row[1]), ModelId(row[2]), *row[3:])
                for row in connection.execute(_SQL["sensors"])
            ],
        )


def _asset(row: TupleRow) -> Asset:
    return Asset(
        asset_id=AssetId(row[0]),
        kind_id=KindId(row[1]),
        district_id=DistrictId(row[2]),
        name=Name(row[3], row[4]),
        latitude=row[5],
        longitude=row[6],
        responsible_unit=row[7],
        origin=Origin(row[8]),
        parameters=row[9],
        parent_id=row[10],
        street=row[11],
        valid_from=row[12],
        valid_until=row[13],
    )


def _rows(registry: Registry) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Yield each statement with its rows, referred-to tables first."""
    yield (
        "upsert_system",
        [
            {
                "system_id": system.system_id,
                **_names(system.name),
                "retention": Jsonb(msgspec.to_builtins(system.retention)),
            }
            for system in registry.systems
        ],
    )
    yield (
        "upsert_district",
        [
            {
                "district_id": district.district_id,
                **_names(district.name),
                "district_class": district.district_class.value,
                "boundary": Jsonb(district.boundary),
                "boundary_source": district.boundary_source,
            }
            for district in registry.districts
        ],
    )
    yield (
        "upsert_property",
        [
            {"property_id": entry.property_id, **_names(entry.name), "unit": entry.unit, "decimals": entry.decimals}
            for entry in registry.properties
        ],
    )
    yield (
        "upsert_kind",
        [
            {
                "kind_id": kind.kind_id,
                "system_id": kind.system_id,
                **_names(kind.name),
                "coverage": None if kind.coverage is None else Jsonb(msgspec.to_builtins(kind.coverage)),
                "parameters": Jsonb(msgspec.to_builtins(kind.parameters)),
                "part_of": list(kind.part_of),
            }
            for kind in registry.kinds
        ],
    )
    yield (
        "upsert_rule",
        [{"rule_id": rule.rule_id, "definition": Jsonb(msgspec.to_builtins(rule))} for rule in registry.rules],
    )


def _assets(registry: Registry) -> Iterator[Sequence[Any]]:
    for asset in registry.assets:
        yield (
            asset.asset_id,
            asset.kind_id,
            asset.district_id,
            asset.name.en,
            asset.name.zh,
            asset.latitude,
            asset.longitude,
            asset.responsible_unit,
            asset.origin.value,
            Jsonb(asset.parameters),
            asset.parent_id,
            asset.street,
            asset.valid_from,
            asset.valid_until,
        )


def _sensors(registry: Registry) -> Iterator[Sequence[Any]]:
    names = {model.model_id: model.name for model in registry.models}
    for sensor in registry.sensors:
        name = names[sensor.model_id]
        yield (
            sensor.asset_id,
            sensor.sensor_id,
            sensor.model_id,
            name.en,
            name.zh,
            sensor.installed_at,
            sensor.removed_at,
            sensor.calibrated_at,
            sensor.calibrated_until,
        )


def _measures(registry: Registry) -> Iterator[Sequence[Any]]:
    units = {entry.property_id: entry.unit for entry in registry.properties}
    for model in registry.models:
        for measure in model.measures:
            yield (
                model.model_id,
                measure.property_id,
                units[measure.property_id],
                measure.expected_interval,
                measure.sampling.value,
                measure.span.low,
                measure.span.high,
                measure.plausible.low,
                measure.plausible.high,
                measure.resolution,
                Jsonb(msgspec.to_builtins(measure.limits)),
            )


def _names(name: Name) -> dict[str, str]:
    return {"name_en": name.en, "name_zh": name.zh}
