"""Tail probability of scores: one scale for all datastreams, by peaks over threshold."""

from dataclasses import dataclass

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


def fit_tail(excesses: Floats) -> tuple[Floats, Floats]:
    """Return shape and scale of generalised Pareto distributions by probability-weighted moments.

    Formula: ``b0 = mean(y)``, ``b1 = mean((1 - p) y)`` with ``p = (j - 0.35) / n`` of the j-th smallest;
    ``shape = 2 - b0 / (b0 - 2 b1)``, held in [-1, 0.5]; ``scale = b0 (1 - shape)``

    Parameters
    ----------
    excesses
        Shape (m, n), [unit of the score], >= 0, ascending along each row.

    Returns
    -------
    shape, scale
        Shapes (m,), [-] and [unit of the score]; the scale is 0 where all excesses are.

    Notes
    -----
    Closed form for all datastreams at once, and better than maximum likelihood below some hundred excesses.

    Examples
    --------
    >>> quantiles = -np.log1p(-(np.arange(1, 201) - 0.5) / 200)  # of the exponential distribution: shape 0, scale 1
    >>> [round(float(part[0]), 1) for part in fit_tail(3 * quantiles[None])]
    [0.0, 3.0]

    References
    ----------
    Hosking and Wallis 1987, Technometrics 29 (3) 339-349.
    """
    count = excesses.shape[1]
    weight = 1 - (np.arange(1, count + 1) - 0.35) / count
    first = excesses.mean(axis=1)
    second = (weight * excesses).mean(axis=1)
    gap = first - 2 * second
    ratio = np.divide(first, gap, out=np.full(len(first), 2.0), where=gap > 1e-12 * first)
    shape = np.clip(2 - ratio, -1.0, 0.5)
    return shape, first * (1 - shape)


@dataclass(frozen=True, slots=True)
class TailParams:
    """``peaks`` [samples]: how many of the largest scores make the tail, >= 10; ``enough`` [samples]: no probability
    before, more than ``peaks``; ``reach``: no probability below ``1 / (reach n)`` is claimed from n scores, >= 1.
    """

    peaks: int = 32
    enough: int = 200
    reach: float = 100.0

    def __post_init__(self) -> None:
        if not (self.peaks >= 10 and self.enough > self.peaks and self.reach >= 1):
            raise ValueError("peaks >= 10, enough > peaks and reach >= 1")


class TailProbability:
    """Probability that a usual score of the same datastream is as large, of m datastreams.

    Formula: ``P(x) = k/n (1 + shape (x - u) / scale)^(-1/shape)`` above ``u``, the (k+1)-th largest of n scores, with
    the k excesses fitted (``fit_tail``); below it ``k/n`` is all that is said

    Parameters
    ----------
    count
        Number of datastreams.
    params
        See :class:`TailParams`; ``k`` peaks.

    Notes
    -----
    ``update`` returns the probability [-] against the scores before, nan for the first ``enough`` of them. A small
    probability is rare, so it can be compared between datastreams and held against one budget of alarms. For scores of
    residuals: of raw values that drift it learns the drift. What is learned in alarm makes the next one rarer.

    Examples
    --------
    >>> tail = TailProbability(1, TailParams(peaks=10, enough=100))
    >>> scores = np.random.default_rng(1).exponential(1.0, (5000, 1))
    >>> _ = tail.update(scores)
    >>> bool(3e-5 < tail.update(np.array([[np.log(1e4)]]))[0, 0] < 3e-4)
    True

    References
    ----------
    Siffer, Fouque, Termier and Largouet 2017, KDD, 1067-1075: SPOT; Pickands 1975, Annals of Statistics 3 (1) 119-131.
    """

    def __init__(self, count: int, params: TailParams) -> None:
        self._params = params
        self.state: Columns = {
            "largest": np.full((count, params.peaks + 1), -np.inf),  # ascending; the first is the threshold
            "seen": np.zeros(count, dtype=np.int64),
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of scores; return their tail probability [-]."""
        tails = np.full(block.shape, np.nan)
        with rows_of(self.state, places) as rows:
            largest = rows["largest"] = rows["largest"].copy()
            for turn, scores in enumerate(block):
                here, seen = observed(scores), rows["seen"]
                known = here & (seen >= self._params.enough)
                tails[turn, known] = self._params.peaks / seen[known]
                high = np.flatnonzero(here & (scores > largest[:, 0]))
                judged = high[known[high]]
                if len(judged):
                    tails[turn, judged] = self._above(largest[judged], scores[judged], seen[judged])
                if len(high):
                    changed = largest[high]
                    changed[:, 0] = scores[high]
                    changed.sort(axis=1)
                    largest[high] = changed
                rows["seen"] = seen + here
        return tails

    def _above(self, largest: Floats, scores: Floats, seen: Places) -> Floats:
        base = largest[:, 0]
        shape, scale = fit_tail(largest[:, 1:] - base[:, None])
        shape = np.where(np.abs(shape) < 1e-6, 1e-6, shape)
        with np.errstate(divide="ignore", over="ignore"):
            steps = (scores - base) / scale  # inf where the tail has no width
            share = np.maximum(1 + shape * steps, 0.0) ** (-1 / shape)
        return np.maximum(self._params.peaks * share, 1 / self._params.reach) / seen
