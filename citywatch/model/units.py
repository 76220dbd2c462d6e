"""Units on the wire to UCUM units in storage.

Sources: RFC 8428 section 12.1 and RFC 8798 (SenML units and secondary units); UCUM 2.2. A sender may also write the
UCUM code itself.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from citywatch.errors import Reason, Rejected
from citywatch.model.waveforms import Samples


@dataclass(frozen=True, slots=True)
class Conversion:
    """``stored = factor * sent + offset``."""

    factor: float
    offset: float = 0.0

    def apply(self, value: float) -> float:
        """Return the stored value of a sent one."""
        return value * self.factor + self.offset

    def apply_to_samples(self, values: Samples) -> Samples:
        """Return the stored values of sent ones, shape (n,); infinite where they leave the range of float32."""
        with np.errstate(over="ignore"):
            return (values.astype(np.float64) * self.factor + self.offset).astype(np.float32)


# unit on the wire -> (quantity, factor to the reference unit of the quantity, offset)
_UNITS: Final[dict[str, tuple[str, float, float]]] = {
    "m": ("length", 1.0, 0.0),
    "cm": ("length", 0.01, 0.0),
    "mm": ("length", 0.001, 0.0),
    "um": ("length", 1e-6, 0.0),
    "km": ("length", 1000.0, 0.0),
    "m/s": ("velocity", 1.0, 0.0),
    "km/h": ("velocity", 1 / 3.6, 0.0),
    "mm/h": ("rain", 1.0, 0.0),
    "mm/min": ("rain", 60.0, 0.0),
    "m/s2": ("acceleration", 1.0, 0.0),
    "mm/s2": ("acceleration", 0.001, 0.0),
    "[g]": ("acceleration", 9.80665, 0.0),
    "um/m": ("strain", 1.0, 0.0),
    "deg": ("angle", 1.0, 0.0),
    "rad": ("angle", 57.29577951308232, 0.0),
    "N": ("force", 1.0, 0.0),
    "kN": ("force", 1000.0, 0.0),
    "Pa": ("pressure", 1.0, 0.0),
    "hPa": ("pressure", 100.0, 0.0),
    "kPa": ("pressure", 1000.0, 0.0),
    "MPa": ("pressure", 1e6, 0.0),
    "Cel": ("temperature", 1.0, 0.0),
    "K": ("temperature", 1.0, -273.15),
    "Hz": ("frequency", 1.0, 0.0),
    "s": ("time", 1.0, 0.0),
    "ms": ("time", 0.001, 0.0),
    "min": ("time", 60.0, 0.0),
    "h": ("time", 3600.0, 0.0),
    "g": ("mass", 0.001, 0.0),
    "kg": ("mass", 1.0, 0.0),
    "t": ("mass", 1000.0, 0.0),
    "V": ("voltage", 1.0, 0.0),
    "mV": ("voltage", 0.001, 0.0),
    "A": ("current", 1.0, 0.0),
    "mA": ("current", 0.001, 0.0),
    "W": ("power", 1.0, 0.0),
    "kW": ("power", 1000.0, 0.0),
    "J": ("energy", 1.0, 0.0),
    "Wh": ("energy", 3600.0, 0.0),
    "kWh": ("energy", 3.6e6, 0.0),
    "m3/s": ("flow", 1.0, 0.0),
    "m3/h": ("flow", 1 / 3600, 0.0),
    "l/s": ("flow", 0.001, 0.0),
    "m2": ("area", 1.0, 0.0),
    "ha": ("area", 10_000.0, 0.0),
    "m3": ("volume", 1.0, 0.0),
    "l": ("volume", 0.001, 0.0),
    "t/d": ("mass flow", 1.0, 0.0),
    "mg/L": ("concentration", 1.0, 0.0),
    "g/m3": ("concentration", 1.0, 0.0),
    "ug/m3": ("concentration", 1e-6, 0.0),
    "[pH]": ("acidity", 1.0, 0.0),
    "pH": ("acidity", 1.0, 0.0),
    "lx": ("illuminance", 1.0, 0.0),
    "%{LEL}": ("explosive limit", 1.0, 0.0),
    "/": ("ratio", 1.0, 0.0),
    "1": ("ratio", 1.0, 0.0),
    "%": ("ratio", 0.01, 0.0),
    "ppm": ("ratio", 1e-6, 0.0),
    "%RH": ("relative humidity", 1.0, 0.0),
    "count": ("count", 1.0, 0.0),
    "dB": ("level", 1.0, 0.0),
    "dBm": ("radio power", 1.0, 0.0),
    "lat": ("latitude", 1.0, 0.0),
    "lon": ("longitude", 1.0, 0.0),
}
# UCUM spells some units differently from SenML
_SPELLINGS: Final = {"[ppm]": "ppm", "kW.h": "kWh", "W.h": "Wh", "m/s^2": "m/s2", "[lx]": "lx", "{count}": "count"}


def is_known(unit: str) -> bool:
    """Return whether values in this unit can be accepted."""
    return _SPELLINGS.get(unit, unit) in _UNITS


@cache
def conversion(sent: str, stored: str) -> Conversion | None:
    """Return how a value in ``sent`` becomes one in ``stored``; None when it is the same unit.

    Raises
    ------
    Rejected
        Reason ``unit_mismatch``: unknown unit, or units of different quantities.
    """
    if sent == stored:
        return None
    source = _UNITS.get(_SPELLINGS.get(sent, sent))
    target = _UNITS.get(_SPELLINGS.get(stored, stored))
    if source is None or target is None or source[0] != target[0]:
        raise Rejected(
            Reason.UNIT_MISMATCH,
            f"unit {sent!r} cannot become {stored!r}; send {stored!r} or a unit of the same quantity",
        )
    factor = source[1] / target[1]
    offset = (source[2] - target[2]) / target[1]
    return None if factor == 1.0 and offset == 0.0 else Conversion(factor, offset)
