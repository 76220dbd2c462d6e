"""A city to demonstrate with: drawn from a seed, apart from the names of well-known bridges, and labelled so.

Districts of Wuhan are drawn as cells around their seats (a power diagram), which shows who neighbours whom and is
no administrative boundary. Positions of named bridges are approximate; their instrumentation is invented.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.random import Generator

Point = tuple[float, float]  # longitude, latitude

BOUNDARY_SOURCE: Final = "schematic cells drawn by citywatch around district seats; not administrative boundaries"
_OUTLINE: Final[tuple[Point, ...]] = (
    (114.02, 30.98), (114.18, 31.12), (114.33, 31.30), (114.52, 31.36), (114.66, 31.22), (114.82, 31.10),
    (114.98, 31.02), (115.06, 30.90), (114.96, 30.78), (114.86, 30.66), (114.80, 30.56), (114.72, 30.44),
    (114.70, 30.28), (114.60, 30.12), (114.42, 29.99), (114.24, 30.04), (114.12, 30.14), (113.92, 30.16),
    (113.76, 30.24), (113.70, 30.42), (113.80, 30.56), (113.86, 30.70), (113.94, 30.84),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seat:
    """A district and the point its cell is drawn around; ``weight`` [deg2] makes the cell larger."""

    district_id: str
    name_en: str
    name_zh: str
    district_class: str
    position: Point
    weight: float = 0.0


SEATS: Final = (
    Seat("jiangan", "Jiang'an", "江岸区", "central", (114.31, 30.63)),
    Seat("jianghan", "Jianghan", "江汉区", "central", (114.26, 30.61)),
    Seat("qiaokou", "Qiaokou", "硚口区", "central", (114.20, 30.595)),
    Seat("hanyang", "Hanyang", "汉阳区", "central", (114.20, 30.545)),
    Seat("wuchang", "Wuchang", "武昌区", "central", (114.31, 30.55)),
    Seat("qingshan", "Qingshan", "青山区", "central", (114.41, 30.63)),
    Seat("hongshan", "Hongshan", "洪山区", "central", (114.34, 30.49)),
    Seat("dongxihu", "Dongxihu", "东西湖区", "outer", (114.10, 30.68), 0.01),
    Seat("caidian", "Caidian", "蔡甸区", "outer", (113.94, 30.54), 0.01),
    Seat("jiangxia", "Jiangxia", "江夏区", "outer", (114.36, 30.25), 0.04),
    Seat("huangpi", "Huangpi", "黄陂区", "outer", (114.36, 30.95), 0.05),
    Seat("xinzhou", "Xinzhou", "新洲区", "outer", (114.80, 30.86), 0.04),
    Seat("hannan", "Hannan", "汉南区", "outer", (113.98, 30.30), 0.01),
    Seat("donghu-hightech", "East Lake High-tech", "东湖高新区", "zone", (114.53, 30.46), 0.005),
    Seat("wuhan-kaifa", "Wuhan Economic Development Zone", "武汉经开区", "zone", (114.13, 30.47)),
    Seat("donghu-scenic", "East Lake Scenic Area", "东湖风景区", "zone", (114.41, 30.555)),
    Seat("changjiang-xinqu", "Yangtze New Area", "长江新区", "zone", (114.48, 30.72), 0.003),
)


@dataclass(frozen=True, slots=True)
class NamedBridge:
    """A bridge that everybody knows, with its main span [m]."""

    asset_id: str
    name_en: str
    name_zh: str
    district_id: str
    position: Point
    span: float


NAMED_BRIDGES: Final = (
    NamedBridge("yangtze-1", "Wuhan Yangtze River Bridge", "武汉长江大桥", "hanyang", (114.288, 30.550), 128),
    NamedBridge("yangtze-2", "Second Wuhan Yangtze River Bridge", "武汉长江二桥", "jiangan", (114.328, 30.607), 400),
    NamedBridge("baishazhou", "Baishazhou Yangtze River Bridge", "白沙洲长江大桥", "hongshan", (114.252, 30.488), 618),
    NamedBridge(
        "tianxingzhou", "Tianxingzhou Yangtze River Bridge", "天兴洲长江大桥", "qingshan", (114.403, 30.667), 504
    ),
    NamedBridge("erqi", "Erqi Yangtze River Bridge", "二七长江大桥", "jiangan", (114.352, 30.634), 616),
    NamedBridge("yingwuzhou", "Yingwuzhou Yangtze River Bridge", "鹦鹉洲长江大桥", "hanyang", (114.276, 30.535), 850),
    NamedBridge("yangsigang", "Yangsigang Yangtze River Bridge", "杨泗港长江大桥", "hanyang", (114.262, 30.515), 1700),
    NamedBridge("junshan", "Junshan Yangtze River Bridge", "军山长江大桥", "wuhan-kaifa", (114.130, 30.418), 460),
    NamedBridge("yangluo", "Yangluo Yangtze River Bridge", "阳逻长江大桥", "changjiang-xinqu", (114.545, 30.655), 1280),
    NamedBridge("qingshan-bridge", "Qingshan Yangtze River Bridge", "青山长江大桥", "qingshan", (114.480, 30.660), 938),
    NamedBridge("zhuankou", "Zhuankou Yangtze River Bridge", "沌口长江大桥", "wuhan-kaifa", (114.186, 30.456), 760),
    NamedBridge("qingchuan", "Qingchuan Bridge", "晴川桥", "hanyang", (114.281, 30.562), 280),
)

UNIT: Final = "Municipal facilities office (synthetic)"
_DRAIN: Final = (160.0, 240.0)  # built for a storm of one to three years [L/(s ha)]
_INSTALLED: Final = "2025-03-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class CitySize:
    """How many assets of each kind; ``bare_bridges`` of the bridges carry no or too few sensors."""

    bridges: int
    bare_bridges: int
    wells: int
    ponding_points: int
    cabinets: int
    lamps_per_cabinet: int


DEMO: Final = CitySize(bridges=40, bare_bridges=12, wells=36, ponding_points=24, cabinets=10, lamps_per_cabinet=4)


class SyntheticCity:
    """Districts, assets and sensors; the same seed draws the same city."""

    def __init__(self, size: CitySize, *, seed: int) -> None:
        self._size = size
        self._rng = np.random.default_rng(seed)
        self.cells = {seat.district_id: _cell(seat) for seat in SEATS}
        self.assets: list[dict[str, Any]] = []
        self.sensors: list[dict[str, str]] = []
        self._add_bridges()
        self._add_wells()
        self._add_ponding_points()
        self._add_lights()

    def write(self, folder: Path) -> None:
        """Write ``districts.geojson``, ``assets.csv`` and ``sensors.csv``."""
        text = json.dumps(self._districts(), ensure_ascii=False, indent=None, separators=(",", ":"))
        (folder / "districts.geojson").write_text(
            text.replace('{"type":"Feature"', '\n{"type":"Feature"') + "\n", "utf-8"
        )
        _write_csv(folder / "assets.csv", self.assets)
        _write_csv(folder / "sensors.csv", self.sensors)

    def _districts(self) -> Mapping[str, Any]:
        return {
            "type": "FeatureCollection",
            "boundary_source": BOUNDARY_SOURCE,
            "features": [
                {
                    "type": "Feature",
                    "properties": {
                        "district_id": seat.district_id,
                        "name": {"en": seat.name_en, "zh": seat.name_zh},
                        "district_class": seat.district_class,
                    },
                    "geometry": {"type": "Polygon", "coordinates": [_ring(self.cells[seat.district_id])]},
                }
                for seat in SEATS
            ],
        }

    def _add_bridges(self) -> None:
        for bridge in NAMED_BRIDGES:
            asset = self._asset(bridge.asset_id, "bridge", bridge.district_id, bridge.name_en, bridge.name_zh)
            asset.update(longitude=bridge.position[0], latitude=bridge.position[1], origin="public")
            asset["parameter.span_m"] = bridge.span
        for number, seat in self._spread(self._size.bridges - len(NAMED_BRIDGES)):
            asset = self._asset(
                f"bridge-{number:03d}", "bridge", seat.district_id, f"{seat.name_en} bridge {number}",
                f"{seat.name_zh}{number}号桥",
            )  # fmt: skip
            asset["parameter.span_m"] = float(self._rng.integers(25, 90))
        bridges = [asset for asset in self.assets if asset["kind_id"] == "bridge"]
        bare = set(
            self._rng.permutation(np.arange(len(NAMED_BRIDGES), len(bridges)))[: self._size.bare_bridges].tolist()
        )
        for place, asset in enumerate(bridges):
            if place in bare:
                if place % 2:  # installed, but not everything that the coverage rule requires
                    self._sensor(asset, "tilt-1", "tiltmeter")
                continue
            for number in (1, 2, 3):
                self._sensor(asset, f"strain-{number}", "strain-gauge")
            for number in (1, 2):
                self._sensor(asset, f"joint-{number}", "joint-gauge")
                self._sensor(asset, f"tilt-{number}", "tiltmeter")
                self._sensor(asset, f"accel-{number}", "accelerometer-edge")
            self._sensor(asset, "weather", "weather-station")

    def _add_wells(self) -> None:
        for number, seat in self._spread(self._size.wells):
            asset = self._asset(
                f"well-{number:03d}", "gas-valve-well", seat.district_id, f"{seat.name_en} valve well {number}",
                f"{seat.name_zh}{number}号阀井",
            )  # fmt: skip
            asset["parameter.volume_m3"] = round(float(self._rng.uniform(3, 12)), 1)
            asset["parameter.pressure_kpa"] = float(self._rng.choice([100, 200, 300]))
            self._sensor(asset, "methane", "methane-laser")
            self._sensor(asset, "pressure", "pressure-logger")

    def _add_ponding_points(self) -> None:
        for number, seat in self._spread(self._size.ponding_points):
            asset = self._asset(
                f"ponding-{number:03d}", "ponding-point", seat.district_id, f"{seat.name_en} underpass {number}",
                f"{seat.name_zh}{number}号下穿通道",
            )  # fmt: skip
            catchment = round(float(self._rng.uniform(0.8, 4.0)), 2)
            asset["parameter.catchment_ha"] = catchment
            asset["parameter.drain_l_s"] = round(catchment * float(self._rng.uniform(*_DRAIN)))
            asset["parameter.area_m2"] = round(float(self._rng.uniform(300, 1500)))
            self._sensor(asset, "depth", "depth-gauge")
            self._sensor(asset, "ranger", "ultrasonic-ranger")
            self._sensor(asset, "rain", "rain-gauge")

    def _add_lights(self) -> None:
        for number, seat in self._spread(self._size.cabinets):
            cabinet = self._asset(
                f"cabinet-{number:03d}", "lighting-cabinet", seat.district_id,
                f"{seat.name_en} lighting cabinet {number}", f"{seat.name_zh}{number}号路灯控制柜",
            )  # fmt: skip
            cabinet["parameter.lamps"] = self._size.lamps_per_cabinet
            self._sensor(cabinet, "meter", "cabinet-meter")
            bearing = float(self._rng.uniform(0, 2 * np.pi))
            for place in range(1, self._size.lamps_per_cabinet + 1):
                lamp = self._asset(
                    f"lamp-{number:03d}-{place:02d}", "lamp", seat.district_id,
                    f"{seat.name_en} lamp {number}-{place}", f"{seat.name_zh}{number}-{place}号路灯",
                )  # fmt: skip
                lamp["longitude"] = round(cabinet["longitude"] + 0.0012 * place * np.cos(bearing), 5)
                lamp["latitude"] = round(cabinet["latitude"] + 0.0010 * place * np.sin(bearing), 5)
                lamp["parameter.power_w"] = float(self._rng.choice([100, 150, 200]))
                lamp["parent_id"] = cabinet["asset_id"]
                self._sensor(lamp, "controller", "lamp-controller")

    def _spread(self, count: int) -> Iterator[tuple[int, Seat]]:
        """Number assets and spread them over the districts, central ones first and most."""
        shares = np.array([3.0 if seat.district_class == "central" else 1.0 for seat in SEATS])
        for number in range(1, count + 1):
            yield number, SEATS[int(self._rng.choice(len(SEATS), p=shares / shares.sum()))]

    def _asset(self, asset_id: str, kind_id: str, district_id: str, name_en: str, name_zh: str) -> dict[str, Any]:
        longitude, latitude = _point_in(self.cells[district_id], self._rng)
        asset: dict[str, Any] = {
            "asset_id": asset_id,
            "kind_id": kind_id,
            "district_id": district_id,
            "name_en": name_en,
            "name_zh": name_zh,
            "latitude": latitude,
            "longitude": longitude,
            "responsible_unit": UNIT,
            "origin": "synthetic",
        }
        self.assets.append(asset)
        return asset

    def _sensor(self, asset: Mapping[str, Any], sensor_id: str, model_id: str) -> None:
        self.sensors.append(
            {
                "asset_id": asset["asset_id"],
                "sensor_id": sensor_id,
                "model_id": model_id,
                "installed_at": _INSTALLED,
                "removed_at": "",
                "calibrated_at": _INSTALLED,
            }
        )


def _cell(seat: Seat) -> list[Point]:
    """Return the part of the outline that is nearer to a seat than to any other (Aurenhammer 1987, power diagram)."""
    cell = list(_OUTLINE)
    for other in SEATS:
        if other is not seat:
            cell = _clip(cell, seat, other)
    return cell


def _clip(ring: Sequence[Point], seat: Seat, other: Seat) -> list[Point]:
    """Cut a ring along the line of equal power between two seats (Sutherland and Hodgman 1974)."""

    def excess(point: Point) -> float:
        return _power(point, seat) - _power(point, other)

    kept: list[Point] = []
    for start, end in zip(ring, (*ring[1:], ring[0]), strict=True):
        from_start, to_end = excess(start), excess(end)
        if from_start <= 0:
            kept.append(start)
        if (from_start < 0 < to_end) or (to_end < 0 < from_start):
            share = from_start / (from_start - to_end)
            kept.append((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
    return kept


def _power(point: Point, seat: Seat) -> float:
    return (point[0] - seat.position[0]) ** 2 + (point[1] - seat.position[1]) ** 2 - seat.weight


def _ring(cell: Sequence[Point]) -> list[list[float]]:
    closed = [*cell, cell[0]]
    return [[round(longitude, 4), round(latitude, 4)] for longitude, latitude in closed]


def _point_in(cell: Sequence[Point], rng: Generator) -> Point:
    """Draw a point inside a cell, away from its edge: a mean of its corners with random weights."""
    corners = np.array(cell)
    weights = rng.dirichlet(np.full(len(corners), 1.2))
    point = 0.85 * (weights @ corners) + 0.15 * corners.mean(axis=0)
    return round(float(point[0]), 5), round(float(point[1]), 5)


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
