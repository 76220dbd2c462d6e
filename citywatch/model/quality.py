"""Quality of a value: QARTOD flags, and the tests that set them.

Reference: U.S. IOOS, Manual for Real-Time Quality Control (QARTOD), flag scheme of IOC Manuals and Guides 54 (2013).
"""

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Flag(IntEnum):
    """QARTOD primary flag of one value."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class QualityTest(IntFlag):
    """The tests that found fault with a value, as a bit set."""

    GROSS_RANGE = 1
    SPIKE = 2
    RATE_OF_CHANGE = 4
    FLAT_LINE = 8
    GAP = 16


GOOD: Final = (Flag.PASS, Flag.NOT_EVALUATED)
"""Flags of values that may feed statistics: nothing is known against them."""


def gross_range(
    values: NDArray[np.float64],
    span: NDArray[np.float64],
    plausible: NDArray[np.float64],
) -> NDArray[np.int16]:
    """QARTOD gross range test: 4 outside what the sensor can measure, 3 outside what the site can show, else 1.

    Parameters
    ----------
    values
        Shape (n,), finite, in the unit of their datastream.
    span, plausible
        Shape (n, 2): lowest and highest value of the sensor span and of the plausible range, same unit;
        ``-inf`` and ``inf`` where there is no limit.

    Returns
    -------
    flags
        Shape (n,), values of :class:`Flag`.
    """
    flags = np.full(values.shape, Flag.PASS, dtype=np.int16)
    flags[(values < plausible[:, 0]) | (values > plausible[:, 1])] = Flag.SUSPECT
    flags[(values < span[:, 0]) | (values > span[:, 1])] = Flag.FAIL
    return flags
