"""Polygons in well-known text."""

import math
import re
from typing import Final

from citywatch.model.sensorthings import Ring

_NUMBER: Final = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_CORNER: Final = rf"\s*({_NUMBER})\s+({_NUMBER})\s*"
_POLYGON: Final = re.compile(r"\s*POLYGON\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)


def read_polygon(text: str) -> tuple[Ring, ...]:
    """Return the rings of ``POLYGON((longitude latitude, ...), ...)``, the outer one first.

    Raises
    ------
    ValueError
        The text is something else, a ring is open or has fewer than three corners, or a number is not finite.
    """
    found = _POLYGON.fullmatch(text)
    if found is None:
        raise ValueError("a polygon is written POLYGON((longitude latitude, ...))")
    rings = re.findall(r"\(([^()]*)\)", found[1])
    if re.sub(r"\([^()]*\)", "()", found[1]).replace(" ", "") != ",".join(["()"] * len(rings)) or not rings:
        raise ValueError("the rings of a polygon stand in parentheses, with commas between them")
    return tuple(_read_ring(ring) for ring in rings)


def _read_ring(text: str) -> Ring:
    corners = []
    for part in text.split(","):
        found = re.fullmatch(_CORNER, part, re.ASCII)
        if found is None:
            raise ValueError(f"{part.strip()!r} is not 'longitude latitude'")
        corners.append((float(found[1]), float(found[2])))
    if len(corners) < 4 or corners[0] != corners[-1]:
        raise ValueError("a ring has at least three corners and ends where it began")
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in corners):
        raise ValueError("corners are finite numbers")
    return tuple(corners)
