"""MEWMA: small lasting shifts of several channels of one asset together."""

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


class Mewma:
    """Multivariate exponentially weighted moving average of m assets with p channels each.

    Formula: ``Z' = Z + lam (x - mean - Z)``;
    ``T2 = (2 - lam) / (lam (1 - (1 - lam)^(2 n))) transpose(Z') C^-1 Z'`` after n turns

    Parameters
    ----------
    mean
        Shape (m, p), [unit of the channels]: what is healthy.
    covariance
        Shape (m, p, p), [unit^2], positive definite: shrink it first (``shrinkage``).
    weight
        ``lam`` [-] in (0, 1]: small for small shifts, 1 is the distance of the newest vector alone.

    Notes
    -----
    ``update`` returns T2 [-], for healthy channels about chi-squared with p degrees of freedom; nan when no channel
    was observed. A channel that is silent keeps its average. Find out which channel it was by leaving each out.

    Examples
    --------
    >>> one = Mewma(np.zeros((1, 2)), np.eye(2)[None], weight=1.0)
    >>> one.update(np.array([[[3.0, 4.0]]])).tolist()
    [[25.0]]

    References
    ----------
    Lowry, Woodall, Champ and Rigdon 1992, Technometrics 34 (1) 46-53.
    """

    def __init__(self, mean: Floats, covariance: Floats, *, weight: float = 0.2) -> None:
        if not 0 < weight <= 1:
            raise ValueError("0 < weight <= 1")
        self._mean = mean
        self._precision = np.linalg.inv(covariance)
        self._weight = weight
        self.state: Columns = {"average": np.zeros(mean.shape), "turns": np.zeros(mean.shape, dtype=np.int64)}

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c, p) of c assets; return T2 (k, c) [-]."""
        scores = np.full(block.shape[:2], np.nan)
        mean = self._mean if places is None else self._mean[places]
        precision = self._precision if places is None else self._precision[places]
        weight = self._weight
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, vectors in enumerate(block):
                here = observed(vectors)
                away = np.where(here, vectors - mean - rows["average"], 0.0)
                rows["average"] = rows["average"] + weight * away
                rows["turns"] = rows["turns"] + here
                shrunk = weight * (1 - (1 - weight) ** (2 * np.maximum(rows["turns"], 1))) / (2 - weight)
                scaled = rows["average"] / np.sqrt(shrunk)
                distance = np.einsum("ci,cij,cj->c", scaled, precision, scaled)
                scores[turn] = np.where(here.any(axis=1), distance, np.nan)
        return scores
