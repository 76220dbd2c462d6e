"""Inputs that are almost right: good and hostile payloads, damaged in small ways."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

INTERESTING: Final = (
    b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x9f", b"\xbf", b"\x1b", b"\x5b", b"\x9b",
    b"\xbb", b"\xd8\x1c", b"\xd8\x1d\x00", b"\xc2", b"\xc4\x82", b"\xd9\xd9\xf7", b"\xf9\x7e\x00", b"[", b"]", b"{",
    b"}", b'"', b":", b",", b"-", b"1e999", b"NaN", b"null", b"\\u0000", b"\\ud800", b"9" * 30,
    b"\x12", b"\x0a", b"\xa0\x06",
)  # fmt: skip
_LONGEST: Final = 65_536  # [bytes]


class Mutator:
    """Draws inputs from seeds; the same generator gives the same inputs."""

    def __init__(self, seeds: Sequence[bytes], random: np.random.Generator) -> None:
        self._seeds = seeds
        self._random = random
        self._ways: Sequence[Callable[[bytearray], None]] = (
            self._flip, self._flip, self._put, self._insert, self._remove, self._repeat, self._splice, self._noise,
        )  # fmt: skip

    def draw(self) -> bytes:
        """Return the next input."""
        data = bytearray(self._seeds[self._below(len(self._seeds))])
        for _ in range(1 + self._below(3)):
            self._ways[self._below(len(self._ways))](data)
        return bytes(data[:_LONGEST])

    def _below(self, bound: int) -> int:
        return int(self._random.random() * bound)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._below(len(data))] ^= 1 << self._below(8)

    def _put(self, data: bytearray) -> None:
        piece = INTERESTING[self._below(len(INTERESTING))]
        place = self._below(len(data) + 1)
        data[place : place + len(piece)] = piece

    def _insert(self, data: bytearray) -> None:
        place = self._below(len(data) + 1)
        data[place:place] = INTERESTING[self._below(len(INTERESTING))]

    def _remove(self, data: bytearray) -> None:
        place = self._below(len(data) + 1)
        del data[place : place + 1 + self._below(8)]

    def _repeat(self, data: bytearray) -> None:
        place = self._below(len(data) + 1)
        piece = data[place : place + 1 + self._below(32)]
        data[place:place] = piece * (1 + self._below(1 + 300 // (1 + len(piece))))

    def _splice(self, data: bytearray) -> None:
        other = self._seeds[self._below(len(self._seeds))]
        data[self._below(len(data) + 1) :] = other[self._below(len(other) + 1) :]

    def _noise(self, data: bytearray) -> None:
        place = self._below(len(data) + 1)
        data[place : place + 8] = self._random.bytes(8)
