"""Shrunk covariance, and the distance of vectors under it."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from analytics.methods.ticks import Floats


@dataclass(frozen=True, slots=True)
class Shrunk:
    """``mean`` (p,) and ``covariance`` (p, p) of healthy vectors; ``share`` [-] in [0, 1]: how much was shrunk."""

    mean: Floats
    covariance: Floats
    share: float


def ledoit_wolf(vectors: Floats) -> Shrunk:
    """Return the covariance of vectors, shrunk towards a multiple of the identity.

    Formula: ``(1 - r) S + r m I`` with ``S`` the sample covariance (divided by n), ``m = trace(S) / p``,
    ``r = min(b, d) / d``, ``d = norm(S - m I)^2 / p``, ``b = sum(norm(x x' - S)^2) / (p n^2)``

    Parameters
    ----------
    vectors
        Shape (n, p), [unit of the features, scaled alike], n >= 2; rows with nan are left out.

    Returns
    -------
    shrunk
        Covariance [unit^2], positive definite unless all features are constant.

    Raises
    ------
    ValueError
        With fewer than two whole vectors.

    Notes
    -----
    Makes the inverse sane when vectors are few; it does not make 35 of them enough for 30 features. Scale the features
    first: shrinking mixes their variances.

    Examples
    --------
    >>> round(ledoit_wolf(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])).share, 3)
    0.944

    References
    ----------
    Ledoit and Wolf 2004, J. Multivariate Analysis 88 (2) 365-411.
    """
    whole = vectors[np.isfinite(vectors).all(axis=1)]
    count, size = whole.shape
    if count < 2:
        raise ValueError(f"{count} whole vectors: at least 2 are needed")
    mean = whole.mean(axis=0)
    centred = whole - mean
    sample = centred.T @ centred / count
    average = np.trace(sample) / size
    distance = float(np.sum((sample - average * np.eye(size)) ** 2)) / size
    fourth = float(np.sum(np.sum(centred**2, axis=1) ** 2))  # sum of norm(x x')^2
    noise = (fourth / count - float(np.sum(sample**2))) / (size * count)
    share = 1.0 if distance <= 0 else min(max(noise, 0.0), distance) / distance
    return Shrunk(mean, (1 - share) * sample + share * average * np.eye(size), share)


def mahalanobis(vectors: Floats, mean: Floats, covariance: Floats) -> Floats:
    """Return the squared Mahalanobis distance of vectors.

    Formula: ``(x - m)' C^-1 (x - m)``

    Parameters
    ----------
    vectors, mean
        Shapes (n, p) and (p,), [unit of the features].
    covariance
        Shape (p, p), [unit^2], positive definite.

    Returns
    -------
    distance
        Shape (n,), [-], >= 0; nan for vectors with nan.

    Examples
    --------
    >>> mahalanobis(np.array([[3.0, 4.0]]), np.zeros(2), np.diag([9.0, 4.0])).round(9).tolist()
    [5.0]

    References
    ----------
    Mahalanobis 1936, Proc. National Institute of Sciences of India 2 (1) 49-55.
    """
    away = vectors - mean
    lower = np.linalg.cholesky(covariance)
    return np.asarray(np.sum(np.linalg.solve(lower, away.T) ** 2, axis=0), dtype=np.float64)


def distance_limit(size: int, tail: float) -> float:
    """Return the squared distance that a healthy vector exceeds with a given probability.

    Formula: ``chi2.isf(tail, size)``

    Parameters
    ----------
    size
        Number of features [-], >= 1.
    tail
        Probability [-], in (0, 1).

    Notes
    -----
    Holds for normal features and a known covariance; with fewer than about 35 vectors per feature the false-alarm rate
    rises steeply, and a limit from the tail of the distances themselves is the better one.

    Examples
    --------
    >>> round(distance_limit(2, 0.001), 2)
    13.82

    References
    ----------
    Hotelling 1947, Multivariate Quality Control, in: Techniques of Statistical Analysis, McGraw-Hill.
    """
    return float(chi2.isf(tail, size))
