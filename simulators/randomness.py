"""Random numbers that belong to a name and a count, not to a moment of drawing.

The n-th number of a stream depends on the seed, the name of the stream and n alone. So a simulator that starts again
repeats itself exactly, and another device changes no number of this one.
"""

from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

_BLOCK: Final = 256
_KEPT: Final = 4


class Noise:
    """A stream of independent standard normal numbers that can be read at any position."""

    def __init__(self, seed: int, *names: str) -> None:
        digest = blake2b("/".join(names).encode(), digest_size=16).digest()
        self._key = tuple(np.frombuffer(digest, dtype="<u4").tolist())
        self._seed = seed
        self._blocks: dict[int, NDArray[np.float64]] = {}

    def normal(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the numbers at positions (n,), none negative: standard normal, shape (n,)."""
        if len(counts) == 1:  # a device that looks once, which is nearly always
            number, place = divmod(int(counts[0]), _BLOCK)
            return self._block(number)[place : place + 1]
        blocks, places = np.divmod(counts, _BLOCK)
        result = np.empty(len(counts))
        for block in np.unique(blocks):
            here = blocks == block
            result[here] = self._block(int(block))[places[here]]
        return result

    def uniform(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the numbers at positions (n,), mapped to a uniform distribution on [0, 1]; shape (n,)."""
        shares: NDArray[np.float64] = ndtr(self.normal(counts))
        return shares

    def _block(self, number: int) -> NDArray[np.float64]:
        if number not in self._blocks:
            while len(self._blocks) >= _KEPT:
                del self._blocks[next(iter(self._blocks))]
            sequence = np.random.SeedSequence(self._seed, spawn_key=(*self._key, number))
            self._blocks[number] = np.random.Generator(np.random.Philox(sequence)).standard_normal(_BLOCK)
        return self._blocks[number]


def constants(seed: int, *names: str) -> np.random.Generator:
    """Return a generator for the constants of a named thing: drawn once, in a fixed order."""
    digest = blake2b("/".join(names).encode(), digest_size=16).digest()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=np.frombuffer(digest, dtype="<u4").tolist()))
