"""Features of blocks of samples: how large, how peaked."""

from dataclasses import dataclass

import numpy as np

from analytics.methods.ticks import Floats, observed


@dataclass(frozen=True, slots=True)
class BlockFeatures:
    """Features of c channels about their mean, float64 (c,): ``mean``, ``rms`` and ``peak`` [unit of the channel],
    ``crest`` and ``kurtosis`` [-], ``present`` [-] in [0, 1]: share of samples that were there.
    """

    mean: Floats
    rms: Floats
    peak: Floats
    crest: Floats
    kurtosis: Floats
    present: Floats


def block_features(samples: Floats) -> BlockFeatures:
    """Return the features of a block.

    Formula: ``rms = sqrt(mean(u^2))``, ``peak = max(abs(u))``, ``crest = peak / rms``,
    ``kurtosis = mean(u^4) / mean(u^2)^2`` of ``u = x - mean(x)``

    Parameters
    ----------
    samples
        Shape (n, c), [unit of the channel], n >= 1; nan where a sample is missing.

    Returns
    -------
    features
        See :class:`BlockFeatures`. A Gaussian signal has kurtosis 3, a sine 1.5 and crest 1.41, an impact far more.
        Crest and kurtosis of a constant channel, and all but ``present`` of an empty one, are nan.

    Notes
    -----
    Missing samples are left out, so few of them change little; look at ``present`` first.

    Examples
    --------
    >>> found = block_features(np.array([[1.0], [5.0], [1.0], [5.0]]))
    >>> [float(part[0]) for part in (found.mean, found.rms, found.peak, found.crest, found.kurtosis)]
    [3.0, 2.0, 2.0, 1.0, 1.0]

    References
    ----------
    Randall 2011, Vibration-based Condition Monitoring, Wiley, section 2.2.
    """
    here = observed(samples)
    count = here.sum(axis=0)
    known = count > 0
    share = 1.0 / np.maximum(count, 1)
    mean = np.where(known, np.where(here, samples, 0.0).sum(axis=0) * share, np.nan)
    away = np.where(here, samples - mean, 0.0)
    peak = np.where(known, np.abs(away).max(axis=0, initial=0.0), np.nan)
    moves = peak > 0
    unit = away / np.where(moves, peak, 1.0)  # powers of it neither overflow nor vanish
    square = (unit**2).sum(axis=0) * share
    fourth = (unit**4).sum(axis=0) * share
    rms = np.sqrt(square)
    return BlockFeatures(
        mean=mean,
        rms=peak * rms,
        peak=peak,
        crest=np.divide(1.0, rms, out=np.full(len(peak), np.nan), where=moves),
        kurtosis=np.divide(fourth, square**2, out=np.full(len(peak), np.nan), where=moves),
        present=count / max(len(samples), 1),
    )
