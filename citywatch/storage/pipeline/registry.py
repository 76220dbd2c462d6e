"""The registry in the database: written from seed files, read by ingest and analytics at start."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from citywatch.errors import Conflict
from citywatch.model.identifiers import AssetId, DatastreamId, DistrictId, KindId, PropertyId, SensorId, SystemId
from citywatch.model.names import Name
from citywatch.model.registry import (
    Asset,
    CoverageRule,
    Datastream,
    Measure,
    Origin,
    QualityLimits,
    Range,
    Registry,
    Sampling,
)
from citywatch.model.rules import Rule
from citywatch.storage.connection import Connection, translated
from citywatch.storage.sql import load_sql

_SQL: Final = load_sql("citywatch.storage.pipeline", "registry.sql")


@dataclass(frozen=True, slots=True)
class RegistryReport:
    """How many entries a city was written with."""

    assets: int
    sensors: int
    datastreams: int
    rules: int


def write_registry(connection: Connection, registry: Registry) -> RegistryReport:
    """Insert or update a whole city in one transaction; what the files no longer hold stays as it is.

    Raises
    ------
    Conflict
        The database belongs to another city.
    """
    datastreams = list(_datastreams(registry))
    with translated(), connection.transaction(), connection.cursor() as cursor:
        present = cursor.execute(_SQL["city"]).fetchone()
        if present is not None and present[0] != registry.city_id:
            raise Conflict(f"this database holds city {present[0]!r}; use another one for {registry.city_id!r}")
        cursor.execute(_SQL["upsert_city"], {"city_id": registry.city_id, **_names(registry.name)})
        for statement, rows in _rows(registry):
            cursor.executemany(_SQL[statement], rows)
        cursor.executemany(_SQL["upsert_datastream"], datastreams)
        cursor.execute(_SQL["announce"])
    return RegistryReport(len(registry.assets), len(registry.sensors), len(datastreams), len(registry.rules))


def read_datastreams(connection: Connection) -> list[Datastream]:
    """Return all datastreams by number, those of removed sensors too."""
    with translated():
        rows = connection.execute(_SQL["datastreams"]).fetchall()
    return [
        Datastream(
            datastream_id=DatastreamId(row[0]),
            system_id=SystemId(row[1]),
            kind_id=KindId(row[2]),
            district_id=DistrictId(row[3]),
            asset_id=AssetId(row[4]),
            sensor_id=SensorId(row[5]),
            unit=row[7],
            measure=Measure(
                property_id=PropertyId(row[6]),
                expected_interval=row[8],
                sampling=Sampling(row[9]),
                span=Range(row[10], row[11]),
                plausible=Range(row[12], row[13]),
                resolution=row[14],
                limits=msgspec.convert(row[15], QualityLimits),
            ),
            removed_at=row[16],
        )
        for row in rows
    ]


def read_rules(connection: Connection) -> list[Rule]:
    """Return the alarm rules."""
    with translated():
        return [msgspec.convert(definition, Rule) for (definition,) in connection.execute(_SQL["rules"])]


def read_asset_names(connection: Connection) -> Mapping[AssetId, Name]:
    """Return the names of all assets."""
    with translated():
        return {AssetId(asset): Name(en, zh) for asset, en, zh in connection.execute(_SQL["asset_names"])}


def read_covered_assets(connection: Connection) -> list[tuple[Asset, CoverageRule]]:
    """Return the assets whose kind has a coverage rule, each with that rule."""
    with translated():
        rows = connection.execute(_SQL["assets_with_coverage"]).fetchall()
    return [
        (
            Asset(
                asset_id=AssetId(row[0]),
                kind_id=KindId(row[1]),
                district_id=DistrictId(row[2]),
                name=Name(row[3], row[4]),
                latitude=row[5],
                longitude=row[6],
                responsible_unit=row[7],
                origin=Origin(row[8]),
                parameters=row[9],
            ),
            msgspec.convert(row[10], CoverageRule),
        )
        for row in rows
    ]


def _rows(registry: Registry) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Yield each statement with its rows, referred-to tables first."""
    models = {model.model_id: model for model in registry.models}
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
            }
            for kind in registry.kinds
        ],
    )
    yield (
        "upsert_asset",
        [
            {
                "asset_id": asset.asset_id,
                "kind_id": asset.kind_id,
                "district_id": asset.district_id,
                **_names(asset.name),
                "latitude": asset.latitude,
                "longitude": asset.longitude,
                "responsible_unit": asset.responsible_unit,
                "origin": asset.origin.value,
                "parameters": Jsonb(dict(asset.parameters)),
            }
            for asset in registry.assets
        ],
    )
    yield (
        "upsert_sensor",
        [
            {
                "asset_id": sensor.asset_id,
                "sensor_id": sensor.sensor_id,
                "model_id": sensor.model_id,
                "model_name_en": models[sensor.model_id].name.en,
                "model_name_zh": models[sensor.model_id].name.zh,
                "installed_at": sensor.installed_at,
                "removed_at": sensor.removed_at,
                "calibrated_at": sensor.calibrated_at,
            }
            for sensor in registry.sensors
        ],
    )
    yield (
        "upsert_rule",
        [{"rule_id": rule.rule_id, "definition": Jsonb(msgspec.to_builtins(rule))} for rule in registry.rules],
    )


def _datastreams(registry: Registry) -> Iterator[Mapping[str, Any]]:
    units = {entry.property_id: entry.unit for entry in registry.properties}
    models = {model.model_id: model for model in registry.models}
    for sensor in registry.sensors:
        for measure in models[sensor.model_id].measures:
            yield {
                "asset_id": sensor.asset_id,
                "sensor_id": sensor.sensor_id,
                "property_id": measure.property_id,
                "unit": units[measure.property_id],
                "expected_interval": measure.expected_interval,
                "sampling": measure.sampling.value,
                "span_low": measure.span.low,
                "span_high": measure.span.high,
                "plausible_low": measure.plausible.low,
                "plausible_high": measure.plausible.high,
                "resolution": measure.resolution,
                "limits": Jsonb(msgspec.to_builtins(measure.limits)),
            }


def _names(name: Name) -> dict[str, str]:
    return {"name_en": name.en, "name_zh": name.zh}
