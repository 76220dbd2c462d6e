"""State that survives a restart: columns by datastream, saved under the numbers of the datastreams.

Between saving and restoring the registry may have changed; whoever is new starts blank, whoever is gone is dropped.
"""

import io
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
"""Named columns whose first axis counts the datastreams."""


class SavedState(msgspec.Struct, frozen=True):
    """Everything a restart needs: columns as an npz archive, and small facts as they are."""

    columns: bytes
    facts: dict[str, Any]

    def to_bytes(self) -> bytes:
        """Return the state as bytes."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "SavedState":
        """Return the state that :meth:`to_bytes` wrote."""
        return msgspec.msgpack.decode(data, type=cls)


def pack_columns(numbers: NDArray[np.intp], groups: Mapping[str, Columns]) -> bytes:
    """Return groups of columns as bytes; ``numbers`` (m,) are the datastreams of their rows."""
    arrays: dict[str, Any] = {"numbers": numbers}
    for group, columns in groups.items():
        arrays |= {f"{group}.{name}": column for name, column in columns.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def unpack_columns(data: bytes, numbers: NDArray[np.intp], groups: Mapping[str, Columns]) -> None:
    """Fill columns from bytes; rows of datastreams that the bytes do not know stay as they are."""
    with np.load(io.BytesIO(data), allow_pickle=False) as saved:
        _, mine, theirs = np.intersect1d(numbers, saved["numbers"], return_indices=True)
        for group, columns in groups.items():
            for name, column in columns.items():
                if f"{group}.{name}" in saved:
                    column[mine] = saved[f"{group}.{name}"][theirs]
