"""Mode shapes: how alike two of them are, and how much one looks like a standing wave."""

import numpy as np
from numpy.typing import NDArray

from analytics.methods.ticks import Floats

Shapes = NDArray[np.complex128]


def mac(first: Shapes | Floats, second: Shapes | Floats) -> Floats:
    """Return the modal assurance criterion of all pairs of mode shapes.

    Formula: ``abs(a* b)^2 / ((a* a) (b* b))``

    Parameters
    ----------
    first, second
        Shapes (k, p) and (l, p), [unit of the channels], real or complex: one mode shape per row.

    Returns
    -------
    mac
        Shape (k, l), [-] in [0, 1]: 1 the same shape, whatever its scale; 0 for a shape of zeros.

    Examples
    --------
    >>> mac(np.array([[1.0, 2.0]]), np.array([[-2.0, -4.0], [2.0, -1.0]])).tolist()
    [[1.0, 0.0]]

    References
    ----------
    Allemang 2003, Sound and Vibration 37 (8) 14-23.
    """
    overlap = np.abs(np.conj(first) @ second.T) ** 2
    sizes = np.outer(np.sum(np.abs(first) ** 2, axis=1), np.sum(np.abs(second) ** 2, axis=1))
    return np.asarray(np.divide(overlap, sizes, out=np.zeros_like(sizes), where=sizes > 0), dtype=np.float64)


def phase_collinearity(shapes: Shapes) -> Floats:
    """Return the modal phase collinearity: 1 when all channels move in phase or against it.

    Formula: ``((Sxx - Syy)^2 + 4 Sxy^2) / (Sxx + Syy)^2`` of real part x and imaginary part y

    Parameters
    ----------
    shapes
        Shape (k, p), [unit of the channels].

    Returns
    -------
    collinearity
        Shape (k,), [-] in [0, 1]; of real structures above 0.8, of noise poles anything.

    Examples
    --------
    >>> phase_collinearity(np.array([[1 + 1j, 2 + 2j], [1, 1j]])).tolist()
    [1.0, 0.0]

    References
    ----------
    Juang and Pappa 1985, J. Guidance, Control and Dynamics 8 (5) 620-627.
    """
    xx = np.sum(shapes.real**2, axis=1)
    yy = np.sum(shapes.imag**2, axis=1)
    xy = np.sum(shapes.real * shapes.imag, axis=1)
    total = np.maximum((xx + yy) ** 2, 1e-300)
    return np.asarray(((xx - yy) ** 2 + 4 * xy**2) / total, dtype=np.float64)
