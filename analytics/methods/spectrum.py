"""Welch spectrum, and the power in bands of it."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import welch

from analytics.methods.ticks import Floats, observed


def spectrum(samples: Floats, rate: float, segment: int) -> tuple[Floats, Floats]:
    """Return the one-sided power spectral density of each channel.

    Formula: mean over half-overlapping Hann-windowed segments of ``2 abs(fft(w x))^2 / (rate sum(w^2))``, each
    segment about its mean

    Parameters
    ----------
    samples
        Shape (n, c), [unit of the channel], evenly sampled, n >= segment; a channel with a hole gives nan.
    rate
        Sampling rate [Hz], > 0.
    segment
        Samples per segment [samples], >= 8: the resolution is ``rate / segment``.

    Returns
    -------
    frequency, density
        Shapes (f,) [Hz] and (f, c) [unit^2/Hz].

    Raises
    ------
    ValueError
        With fewer samples than a segment.

    Examples
    --------
    >>> time = np.arange(1024) / 64
    >>> frequency, density = spectrum(np.sin(2 * np.pi * 8 * time)[:, None], 64.0, 256)
    >>> float(frequency[density[:, 0].argmax()])
    8.0

    References
    ----------
    Welch 1967, IEEE Trans. Audio and Electroacoustics 15 (2) 70-73.
    """
    if len(samples) < segment:
        raise ValueError(f"{len(samples)} samples: a segment needs {segment}")
    whole = observed(samples).all(axis=0)
    filled = np.where(whole, samples, 0.0)
    frequency, density = welch(filled, fs=rate, nperseg=segment, axis=0)
    return np.asarray(frequency, dtype=np.float64), np.where(whole, density, np.nan)


def band_powers(frequency: Floats, density: Floats, edges: Sequence[float]) -> Floats:
    """Return the power in each band.

    Formula: ``sum(density) * df`` over ``low <= f < high``

    Parameters
    ----------
    frequency, density
        Shapes (f,) [Hz] and (f, c) [unit^2/Hz], as from :func:`spectrum`.
    edges
        Rising bounds of b bands, b + 1 of them [Hz].

    Returns
    -------
    power
        Shape (b, c), [unit^2]; all bands together hold the variance.

    Examples
    --------
    >>> band_powers(np.array([0.0, 1.0, 2.0, 3.0]), np.ones((4, 1)), [0.0, 1.0, 4.0]).tolist()
    [[1.0], [3.0]]

    References
    ----------
    Bendat and Piersol 2010, Random Data, Wiley, section 11.5.
    """
    step = frequency[1] - frequency[0]
    band = np.searchsorted(edges, frequency, side="right") - 1
    bands = len(edges) - 1
    inside = (band >= 0) & (band < bands)
    powers = np.zeros((bands, density.shape[1]))
    np.add.at(powers, band[inside], density[inside] * step)
    return powers
