"""Mode tracking: which of the modes just found is which of those we know."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from analytics.methods.fdd import Modes
from analytics.methods.mode_shapes import Shapes, mac
from analytics.methods.ticks import Columns, Floats


def matched(
    known: Floats, known_shapes: Shapes, found: Modes, *, reach: float = 0.05, likeness: float = 0.8
) -> NDArray[np.intp]:
    """Return which mode that was found is which known one.

    Formula: the assignment with the least sum of ``abs(f / f_known - 1) / reach + 1 - MAC`` among pairs with
    ``abs(f / f_known - 1) <= reach`` and ``MAC >= likeness``

    Parameters
    ----------
    known, known_shapes
        Shapes (m,) [Hz] and (m, p) [unit of the channels].
    found
        Modes of the newest identification, see ``fdd.Modes``.
    reach
        How far a frequency may have moved [-].
    likeness
        How alike the shapes have to be [-].

    Returns
    -------
    match
        Shape (m,), [-]: number of the mode that was found, -1 for none.

    Examples
    --------
    >>> shapes = np.eye(2, dtype=complex)
    >>> found = Modes(np.array([0.5, 2.02, 3.0]), np.full(3, np.nan), np.array([[1, 1], [0, 1], [1, 0]], dtype=complex))
    >>> matched(np.array([1.0, 2.0]), shapes, found).tolist()
    [-1, 1]

    References
    ----------
    Cabboi, Magalhaes, Gentile and Cunha 2017, Structural Control and Health Monitoring 24 (1) e1854.
    """
    match = np.full(len(known), -1)
    if not len(known) or not len(found.frequency):
        return match
    moved = np.abs(found.frequency / known[:, None] - 1)
    alike = mac(known_shapes, found.shapes)
    possible = (moved <= reach) & (alike >= likeness)
    cost = np.where(possible, moved / reach + 1 - alike, 1e6)
    rows, columns = linear_sum_assignment(cost)
    kept = possible[rows, columns]
    match[rows[kept]] = columns[kept]
    return match


class ModeTracker:
    """Follows m known modes through identification after identification.

    Formula: ``f_known' = f_known + a (f - f_known)`` for matched modes; shapes stay as they were given

    Parameters
    ----------
    frequency, shapes
        Shapes (m,) [Hz] and (m, p) [unit of the channels]: the reference.
    follow
        ``a`` [-] in [0, 1): how much the expected frequency follows the season.

    Notes
    -----
    ``update`` returns frequency [Hz] and MAC [-] of each mode, nan where it was not found. A mode that is not excited
    is not found; only one that stays away says something. The frequencies still move with temperature
    (``frost_line``): never alarm on them as they are.

    Examples
    --------
    >>> tracker = ModeTracker(np.array([2.0]), np.array([[1.0, 0.5]], dtype=complex))
    >>> found = Modes(np.array([2.04]), np.array([0.01]), np.array([[1.0, 0.5]], dtype=complex))
    >>> [part.tolist() for part in tracker.update(found)], tracker.state["frequency"].round(3).tolist()
    ([[2.04], [1.0]], [2.004])

    References
    ----------
    Cabboi, Magalhaes, Gentile and Cunha 2017, Structural Control and Health Monitoring 24 (1) e1854.
    """

    def __init__(
        self, frequency: Floats, shapes: Shapes, *, follow: float = 0.1, reach: float = 0.05, likeness: float = 0.8
    ) -> None:
        self._shapes = shapes
        self._follow = follow
        self._reach = reach
        self._likeness = likeness
        self.state: Columns = {"frequency": np.array(frequency, dtype=np.float64)}

    def update(self, found: Modes) -> tuple[Floats, Floats]:
        """Take the modes of one identification; return frequency (m,) [Hz] and MAC (m,) [-] of the known ones."""
        known = self.state["frequency"]
        match = matched(known, self._shapes, found, reach=self._reach, likeness=self._likeness)
        here = np.flatnonzero(match >= 0)
        frequency, alike = np.full(len(known), np.nan), np.full(len(known), np.nan)
        frequency[here] = found.frequency[match[here]]
        alike[here] = mac(self._shapes, found.shapes)[here, match[here]]
        self.state["frequency"] = np.where(match >= 0, known + self._follow * (frequency - known), known)
        return frequency, alike
