"""Where a position lies: points and GeoJSON polygons, both WGS 84 in degrees."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def inside(
    boundary: Mapping[str, Any], longitude: NDArray[np.float64], latitude: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points (n,) lie in a polygon or multipolygon, holes left out, shape (n,).

    Even-odd rule (Shimrat 1962): a ray from the point to the east crosses the rings an odd number of times.
    """
    odd = np.zeros(len(longitude), dtype=np.bool_)
    for ring in _rings(boundary):
        corners = np.asarray(ring, dtype=np.float64)[:, :2]
        for (x0, y0), (x1, y1) in pairwise(corners):
            if y0 == y1:
                continue
            crosses = (y0 > latitude) != (y1 > latitude)
            odd ^= crosses & (longitude < x0 + (latitude - y0) * (x1 - x0) / (y1 - y0))
    return odd


def box(boundary: Mapping[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the south-western and the north-eastern corner of a boundary, longitude first."""
    corners = np.concatenate([np.asarray(ring, dtype=np.float64)[:, :2] for ring in _rings(boundary)])
    return corners.min(axis=0), corners.max(axis=0)


def _rings(boundary: Mapping[str, Any]) -> Iterator[Sequence[Sequence[float]]]:
    polygons = [boundary["coordinates"]] if boundary["type"] == "Polygon" else boundary["coordinates"]
    for polygon in polygons:
        yield from polygon
