"""What the world asks of an asset."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.samples import Samples


class Site(Protocol):
    """One asset with its physics."""

    def measure(self, property_id: str, samples: Samples) -> NDArray[np.float64]:
        """Return what a sensor reads, shape (n,), in the unit of the property."""
        ...

    def is_powered(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the sensors of the asset have power at times (n,), shape (n,)."""
        ...
