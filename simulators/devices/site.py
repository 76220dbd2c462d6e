"""What the world asks of an asset."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.randomness import Noise


@dataclass(frozen=True, slots=True)
class Samples:
    """When a sensor looks: ``times`` (n,) [s since the epoch] and ``counts`` (n,), the running numbers of its looks.

    ``seed`` and ``name`` (asset/sensor/property) select the random numbers.
    """

    times: NDArray[np.float64]
    counts: NDArray[np.int64]
    noise: Noise


class Site(Protocol):
    """One asset with its physics."""

    def measure(self, property_id: str, samples: Samples) -> NDArray[np.float64]:
        """Return what a sensor reads, shape (n,), in the unit of the property."""
        ...

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the sensors of the asset have power at times (n,), shape (n,)."""
        ...
