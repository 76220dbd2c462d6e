"""How assets of each kind are drawn: sizes, sensors, and what they are part of.

The ranges are plausible sizes for a large city and no statistics of a real one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from citywatch.model.names import Name

Draw = Callable[[Generator, int], NDArray[Any]]
Kit = tuple[tuple[str, str, int], ...]  # name and model of sensors, and how many


@dataclass(frozen=True, slots=True)
class Recipe:
    """How assets of a kind are drawn.

    ``kit`` is what an equipped asset carries, ``rudiment`` what every other of the unequipped ones has. ``part_of``
    names the kind of their parents, near which they lie.
    """

    prefix: str
    name: Name
    unit: str
    kit: Kit = ()
    rudiment: Kit = ()
    part_of: str = ""
    parameters: Mapping[str, Draw] = field(default_factory=dict)


def _between(low: float, high: float, decimals: int = 0) -> Draw:
    return lambda rng, count: np.round(rng.uniform(low, high, count), decimals)


def _whole(low: int, high: int) -> Draw:
    return lambda rng, count: rng.integers(low, high, count).astype(np.float64)


def _one_of(*values: float | str) -> Draw:
    return lambda rng, count: np.array(values, dtype=object)[rng.integers(len(values), size=count)]


_ROADS: Final = "road facilities office"
_GAS: Final = "gas company"
_WATER: Final = "water authority"
_LIGHTS: Final = "lighting office"
_GREY_IRON: Final = ("steel", "steel", "polyethylene", "polyethylene", "polyethylene", "ductile-iron", "grey-iron")

KEY_BRIDGE: Final[Kit] = (
    ("strain", "strain-gauge", 8),
    ("strain-east", "strain-gauge", 5),
    ("strain-west", "strain-gauge", 5),
    ("joint", "joint-gauge", 6),
    ("tilt", "tiltmeter", 6),
    ("tilt-tower", "tiltmeter", 3),
    ("accel", "accelerometer-edge", 8),
    ("accel-tower", "accelerometer-edge", 4),
    ("weather", "weather-station", 1),
)
RECIPES: Final[Mapping[str, Recipe]] = {
    "bridge": Recipe(
        "bridge", Name("bridge", "桥"), _ROADS,
        kit=(
            ("strain", "strain-gauge", 8), ("strain-pier", "strain-gauge", 2), ("joint", "joint-gauge", 4),
            ("tilt", "tiltmeter", 4), ("accel", "accelerometer-edge", 4), ("weather", "weather-station", 1),
        ),
        rudiment=(("tilt", "tiltmeter", 2),),
        parameters={"span_m": _whole(25, 90)},
    ),
    "tunnel": Recipe(
        "tunnel", Name("tunnel", "隧道"), _ROADS,
        kit=(("convergence", "convergence-gauge", 6), ("depth", "depth-gauge", 2), ("air", "tunnel-air", 2)),
        parameters={"length_m": _whole(200, 4000), "built_year": _whole(1995, 2024)},
    ),
    "gas-station": Recipe(
        "station", Name("gas station", "燃气场站"), _GAS,
        kit=(("meter", "station-meter", 2), ("methane", "methane-laser", 2)),
        parameters={"pressure_kpa": _one_of(400.0, 1600.0), "capacity_m3_h": _whole(1000, 50_000)},
    ),
    "gas-pipe-segment": Recipe(
        "pipe", Name("gas pipe segment", "燃气管段"), _GAS,
        kit=(("pressure", "pipe-pressure", 1),),
        part_of="gas-station",
        parameters={
            "length_m": _whole(50, 1500), "diameter_mm": _one_of(110.0, 160.0, 200.0, 315.0, 500.0),
            "pressure_kpa": _one_of(100.0, 200.0, 400.0), "laid_year": _whole(1985, 2024),
            "material": _one_of(*_GREY_IRON),
        },
    ),
    "gas-valve-well": Recipe(
        "well", Name("valve well", "阀井"), _GAS,
        kit=(("methane", "methane-laser", 1), ("pressure", "pressure-logger", 1)),
        part_of="gas-pipe-segment",
        parameters={"volume_m3": _between(3, 12, 1), "pressure_kpa": _one_of(100.0, 200.0, 300.0)},
    ),
    "gas-user": Recipe(
        "user", Name("gas user", "燃气用户"), _GAS,
        kit=(("meter", "gas-meter", 1),),
        part_of="gas-pipe-segment",
        parameters={
            "capacity_m3_h": _one_of(2.5, 6.0, 25.0, 160.0),
            "use": _one_of("household", "commercial", "commercial", "public", "industrial"),
        },
    ),
    "lpg-depot": Recipe(
        "depot", Name("LPG depot", "液化气储配站"), _GAS, parameters={"cylinders": _whole(20_000, 130_000)}
    ),
    "ponding-point": Recipe(
        "ponding", Name("underpass", "下穿通道"), _WATER,
        kit=(("depth", "depth-gauge", 1), ("ranger", "ultrasonic-ranger", 1), ("rain", "rain-gauge", 1)),
        parameters={"catchment_ha": _between(0.8, 4.0, 2), "area_m2": _between(300, 1500)},
    ),
    "pump-station": Recipe(
        "pump", Name("pump station", "排水泵站"), _WATER,
        kit=(("level", "level-meter", 2), ("pump", "pump-meter", 4)),
        parameters={"capacity_m3_s": _between(2, 120, 1), "pumps": _whole(4, 5)},
    ),
    "drain-pipe": Recipe(
        "drain", Name("storm drain", "雨水管段"), _WATER,
        kit=(("level", "drain-level", 1),),
        part_of="pump-station",
        parameters={
            "length_m": _whole(40, 900), "diameter_mm": _one_of(600.0, 800.0, 1200.0, 2000.0),
            "built_year": _whole(1975, 2024),
        },
    ),
    "rain-station": Recipe("rain", Name("rain station", "雨量站"), _WATER, kit=(("rain", "rain-gauge", 1),)),
    "lighting-cabinet": Recipe(
        "cabinet", Name("lighting cabinet", "路灯控制柜"), _LIGHTS, kit=(("meter", "cabinet-meter", 1),)
    ),
    "lamp": Recipe(
        "lamp", Name("lamp", "路灯"), _LIGHTS,
        kit=(("controller", "lamp-controller", 1),),
        part_of="lighting-cabinet",
        parameters={"power_w": _one_of(100.0, 150.0, 200.0)},
    ),
    "landscape-lighting": Recipe(
        "landscape", Name("landscape lighting", "景观照明"), _LIGHTS,
        kit=(("meter", "cabinet-meter", 1), ("leakage", "leakage-monitor", 1)),
        parameters={"power_w": _whole(500, 40_000)},
    ),
    "manhole-cover": Recipe(
        "cover", Name("manhole cover", "井盖"), _ROADS,
        kit=(("tilt", "cover-sensor", 1),),
        parameters={
            "diameter_mm": _one_of(600.0, 700.0, 800.0),
            "network": _one_of("storm", "sewer", "water", "gas", "power", "telecom"),
        },
    ),
    "utility-tunnel": Recipe(
        "gallery", Name("utility tunnel section", "综合管廊段"), "gallery operator",
        kit=(("air", "gallery-air", 2), ("depth", "depth-gauge", 1)),
        parameters={"length_m": _whole(150, 400)},
    ),
    "water-main": Recipe(
        "main", Name("water main segment", "供水管段"), "water company",
        kit=(("logger", "main-logger", 1),),
        parameters={
            "length_m": _whole(100, 2000), "diameter_mm": _one_of(300.0, 600.0, 1000.0),
            "laid_year": _whole(1975, 2024), "material": _one_of("steel", "ductile-iron", "ductile-iron", "concrete"),
        },
    ),
    "sewage-outlet": Recipe(
        "outlet", Name("sewage outlet", "污水排放口"), "environment office",
        kit=(("analyser", "outlet-analyser", 1),),
        parameters={"capacity_m3_h": _whole(100, 20_000)},
    ),
    "waste-station": Recipe(
        "waste", Name("waste transfer station", "垃圾转运站"), "sanitation office",
        kit=(("odour", "odour-sensor", 1),),
        parameters={"capacity_t_d": _whole(20, 400)},
    ),
    "smart-pole": Recipe(
        "pole", Name("smart pole", "智慧灯杆"), _LIGHTS,
        kit=(("station", "pole-station", 1),),
        parameters={"height_m": _one_of(8.0, 10.0, 12.0)},
    ),
}  # fmt: skip
