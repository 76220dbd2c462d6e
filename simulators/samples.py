"""The moments at which a sensor looks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.randomness import Noise


@dataclass(frozen=True, slots=True)
class Samples:
    """When a sensor looks: ``times`` (n,) [s since the epoch] and ``counts`` (n,), the running numbers of its looks.

    ``noise`` is the stream of the asset, sensor and property.
    """

    times: NDArray[np.float64]
    counts: NDArray[np.int64]
    noise: Noise
