"""A city as the files that :func:`~citywatch.registry.load.load_folder` reads; what is read back is the same."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from citywatch.model.registry import Asset, District, Inventory, Sensor

_CITY = "city.yaml"
_DISTRICTS = "districts.geojson"
_SENSORS = "sensors.csv"


class AssetFormat(StrEnum):
    """How the assets are written: a table, or points that a map program opens."""

    CSV = "csv"
    GEOJSON = "geojson"


def write_folder(inventory: Inventory, folder: Path, asset_format: AssetFormat = AssetFormat.CSV) -> None:
    """Write ``city.yaml``, ``districts.geojson``, ``assets.csv`` or ``assets.geojson``, and ``sensors.csv``.

    Files of these names are replaced; the other form of the assets is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = {"city_id": inventory.city_id, "name": {"en": inventory.name.en, "zh": inventory.name.zh}}
    (folder / _CITY).write_text(yaml.safe_dump(about, allow_unicode=True, sort_keys=False), encoding="utf-8")
    _write_features(
        folder / _DISTRICTS,
        {"boundary_source": next((one.boundary_source for one in inventory.districts), "")},
        map(_district_feature, inventory.districts),
    )
    for other in AssetFormat:
        (folder / f"assets.{other}").unlink(missing_ok=True)
    target = folder / f"assets.{asset_format}"
    if asset_format is AssetFormat.GEOJSON:
        _write_features(target, {}, map(_asset_feature, inventory.assets))
    else:
        _write_csv(target, ASSET_COLUMNS, [_asset_row(asset) for asset in inventory.assets])
    _write_csv(folder / _SENSORS, SENSOR_COLUMNS, [_sensor_row(sensor) for sensor in inventory.sensors])


ASSET_COLUMNS = (
    "asset_id", "kind_id", "district_id", "name_en", "name_zh", "latitude", "longitude", "street", "responsible_unit",
    "origin", "parent_id", "valid_from", "valid_until",
)  # fmt: skip
SENSOR_COLUMNS = (
    "asset_id", "sensor_id", "model_id", "installed_at", "removed_at", "calibrated_at", "calibrated_until",
)  # fmt: skip


def _asset_row(asset: Asset) -> Mapping[str, Any]:
    parameters = {f"parameter.{name}": value for name, value in asset.parameters.items()}
    return {**_asset_fields(asset), "latitude": asset.latitude, "longitude": asset.longitude, **parameters}


def _asset_feature(asset: Asset) -> Mapping[str, Any]:
    present = {name: value for name, value in _asset_fields(asset).items() if value is not None and value != ""}
    return {
        "type": "Feature",
        "properties": {**present, "parameters": dict(asset.parameters)},
        "geometry": {"type": "Point", "coordinates": [asset.longitude, asset.latitude]},
    }


def _asset_fields(asset: Asset) -> dict[str, Any]:
    return {
        "asset_id": asset.asset_id,
        "kind_id": asset.kind_id,
        "district_id": asset.district_id,
        "name_en": asset.name.en,
        "name_zh": asset.name.zh,
        "street": asset.street,
        "responsible_unit": asset.responsible_unit,
        "origin": asset.origin.value,
        "parent_id": asset.parent_id,
        "valid_from": _instant(asset.valid_from),
        "valid_until": _instant(asset.valid_until),
    }


def _sensor_row(sensor: Sensor) -> Mapping[str, Any]:
    return {
        "asset_id": sensor.asset_id,
        "sensor_id": sensor.sensor_id,
        "model_id": sensor.model_id,
        "installed_at": _instant(sensor.installed_at),
        "removed_at": _instant(sensor.removed_at),
        "calibrated_at": _instant(sensor.calibrated_at),
        "calibrated_until": _instant(sensor.calibrated_until),
    }


def _district_feature(district: District) -> Mapping[str, Any]:
    return {
        "type": "Feature",
        "properties": {
            "district_id": district.district_id,
            "name": {"en": district.name.en, "zh": district.name.zh},
            "district_class": district.district_class.value,
        },
        "geometry": dict(district.boundary),
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    parameters = sorted({column for row in rows for column in row} - set(columns))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*columns, *parameters], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_features(path: Path, members: Mapping[str, Any], features: Iterable[Mapping[str, Any]]) -> None:
    """Write a collection with one feature per line, so that a fault has a line of its own."""
    head = _json({"type": "FeatureCollection", **members})
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{head[:-1]},"features":[')
        file.writelines(_lines(features))
        file.write("\n]}\n")


def _lines(features: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for number, feature in enumerate(features):
        yield f"{',' if number else ''}\n{_json(feature)}"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
