"""Frequency domain decomposition: modes of a structure from its response alone, at the peaks of the spectrum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from analytics.methods.mode_shapes import Shapes, mac
from analytics.methods.ticks import Floats, observed


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes by rising frequency: ``frequency`` (k,) [Hz], ``damping`` (k,) [-] as a share of the critical one, nan
    where it could not be told, ``shapes`` complex (k, p) of p channels, largest component 1.
    """

    frequency: Floats
    damping: Floats
    shapes: Shapes


@dataclass(frozen=True, slots=True)
class FddParams:
    """``segment`` [samples] >= 32: the resolution is rate / segment; ``prominence`` [dB] > 0: how far a peak of the
    first singular value stands out; ``band`` [Hz]: where modes are looked for; ``likeness`` [-] in (0, 1): MAC above
    which the spectrum around a peak belongs to its mode.
    """

    segment: int = 1024
    prominence: float = 3.0
    band: tuple[float, float] = (0.0, np.inf)
    likeness: float = 0.8

    def __post_init__(self) -> None:
        if not (self.segment >= 32 and self.prominence > 0 and 0 < self.likeness < 1 and self.band[0] < self.band[1]):
            raise ValueError("segment >= 32, prominence > 0, 0 < likeness < 1 and a rising band")


def spectral_matrices(samples: Floats, rate: float, segment: int) -> tuple[Floats, Shapes]:
    """Return the cross-spectral matrices of all channels.

    Formula: mean over Hann-windowed segments, each a quarter after the last, of ``X(f) X(f)*``, as one-sided density

    Parameters
    ----------
    samples
        Shape (n, p), [unit of the channels], evenly sampled, without holes, n >= segment.
    rate
        [Hz].
    segment
        [samples].

    Returns
    -------
    frequency, matrices
        Shapes (f,) [Hz] and (f, p, p) [unit^2/Hz], Hermitian.

    Raises
    ------
    ValueError
        With a hole, or fewer samples than a segment.

    Examples
    --------
    >>> _, matrices = spectral_matrices(np.random.default_rng(1).normal(0, 1, (512, 2)), 10.0, 64)
    >>> matrices.shape, bool(np.allclose(matrices, np.conj(matrices.transpose(0, 2, 1))))
    ((33, 2, 2), True)

    References
    ----------
    Welch 1967, IEEE Trans. Audio and Electroacoustics 15 (2) 70-73; Bendat and Piersol 2010, Random Data, section 11.6.
    """
    if len(samples) < segment:
        raise ValueError(f"{len(samples)} samples: a segment needs {segment}")
    if not observed(samples).all():
        raise ValueError("samples have holes: fill short ones, or leave the channel out")
    window = np.hanning(segment + 1)[:-1]
    pieces = np.lib.stride_tricks.sliding_window_view(samples, segment, axis=0)[:: segment // 4]
    away = pieces - pieces.mean(axis=-1, keepdims=True)
    bins = np.fft.rfft(away * window, axis=-1)  # (pieces, p, f)
    by_bin = bins.transpose(2, 1, 0)  # (f, p, pieces)
    matrices = by_bin @ np.conj(by_bin.transpose(0, 2, 1)) * (2 / (len(pieces) * rate * np.sum(window**2)))
    return np.asarray(np.fft.rfftfreq(segment, 1 / rate), dtype=np.float64), matrices


def fdd(samples: Floats, rate: float, params: FddParams) -> Modes:
    """Return the modes at the peaks of the first singular value.

    Formula: ``G(f) = U S U*``; modes at the peaks of ``s1(f)``, between the bins by a parabola through the logarithm;
    shape ``u1`` there

    Parameters
    ----------
    samples
        Shape (n, p), [unit of the channels], evenly sampled, without holes, n >= segment.
    rate
        [Hz].
    params
        See :class:`FddParams`.

    Returns
    -------
    modes
        See :class:`Modes`; the damping is nan.

    Raises
    ------
    ValueError
        With a hole, or fewer samples than a segment.

    Notes
    -----
    Assumes a broad-band load: a machine on the bridge is found as a mode as well. Quick enough for every ten minutes.

    Examples
    --------
    >>> time = np.arange(6000) / 20
    >>> tone = np.sin(2 * np.pi * 2.503 * time)[:, None] * [1.0, -0.5]
    >>> noise = 0.1 * np.random.default_rng(1).normal(0, 1, (6000, 2))
    >>> modes = fdd(tone + noise, 20.0, FddParams(segment=512, prominence=20.0))
    >>> modes.frequency.round(2).tolist(), modes.shapes.real.round(1).tolist()
    ([2.5], [[1.0, -0.5]])

    References
    ----------
    Brincker, Zhang and Andersen 2001, Smart Materials and Structures 10 (3) 441-445.
    """
    return _peaks(_decomposed(samples, rate, params), params)[0]


def efdd(samples: Floats, rate: float, params: FddParams) -> Modes:
    """Return the modes of :func:`fdd` with frequency and damping from the free decay of each.

    Formula: the bell of ``s1`` around a peak, where ``MAC(u1(f), u1(peak)) >= likeness``, is the spectrum of one
    oscillator; its inverse transform decays as ``exp(-2 pi f damping t) cos(2 pi f t)``: ``f`` from the zero crossings
    and the damping from the heights between them, from 0.9 down to 0.2

    Parameters
    ----------
    samples, rate, params
        As for :func:`fdd`; the rate in [Hz].

    Returns
    -------
    modes
        See :class:`Modes`; the damping is nan where the decay has fewer than three swings. Where it has fewer than two
        zero crossings the frequency is that of :func:`fdd`.

    Raises
    ------
    ValueError
        With a hole, or fewer samples than a segment.

    Notes
    -----
    Frequencies scatter less than those of the peak alone. The damping is wrong by 3 to 60 %, in general too large,
    because segments are short: never alarm on it.

    Examples
    --------
    >>> rng, y = np.random.default_rng(2), [0.0, 0.0]
    >>> a = 2 * 0.99 * np.cos(2 * np.pi * 0.15), -(0.99**2)  # one mode at 0.15 of the rate, damping 1.07 %
    >>> for load in rng.normal(0, 1, 20000).tolist(): y.append(a[0] * y[-1] + a[1] * y[-2] + load)
    >>> modes = efdd(np.array(y)[:, None], 10.0, FddParams(prominence=20.0))
    >>> modes.frequency.round(2).tolist(), modes.damping.round(2).tolist()
    ([1.5], [0.01])

    References
    ----------
    Brincker, Ventura and Andersen 2001, IMAC XIX, 698-703.
    """
    spectrum = _decomposed(samples, rate, params)
    modes, peaks = _peaks(spectrum, params)
    frequency, damping = modes.frequency.copy(), modes.damping.copy()
    for mode, peak in enumerate(peaks.tolist()):
        decay = np.fft.irfft(_bell(spectrum, peak, params))
        found, share = _oscillation(decay[: len(spectrum.frequency)], rate)
        if np.isfinite(found):
            frequency[mode] = found
            damping[mode] = share
    return Modes(frequency, damping, modes.shapes)


def scaled(shapes: Shapes) -> Shapes:
    """Return mode shapes (k, p) with largest component 1."""
    if not len(shapes):
        return shapes
    largest = np.take_along_axis(shapes, np.abs(shapes).argmax(axis=1)[:, None], axis=1)
    return np.asarray(shapes / largest, dtype=np.complex128)


@dataclass(frozen=True, slots=True)
class _Decomposed:
    """``frequency`` (f,) [Hz], first singular value ``first`` (f,) and vector ``shapes`` (f, p) at each."""

    frequency: Floats
    first: Floats
    shapes: Shapes


def _decomposed(samples: Floats, rate: float, params: FddParams) -> _Decomposed:
    grid, matrices = spectral_matrices(samples, rate, params.segment)
    left, singular, _ = np.linalg.svd(matrices)
    return _Decomposed(grid, singular[:, 0], left[:, :, 0])


def _peaks(spectrum: _Decomposed, params: FddParams) -> tuple[Modes, NDArray[np.intp]]:
    grid = spectrum.frequency
    level = 10 * np.log10(np.maximum(spectrum.first, np.finfo(np.float64).tiny))
    peaks, _ = find_peaks(level, prominence=params.prominence)
    peaks = peaks[(grid[peaks] >= params.band[0]) & (grid[peaks] <= params.band[1])]
    before, at, after = level[peaks - 1], level[peaks], level[peaks + 1]
    bend = np.minimum(before - 2 * at + after, -np.finfo(np.float64).tiny)
    shift = np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
    unknown = np.full(len(peaks), np.nan)
    return Modes(grid[peaks] + shift * grid[1], unknown, scaled(spectrum.shapes[peaks])), peaks


def _bell(spectrum: _Decomposed, peak: int, params: FddParams) -> Floats:
    """Return the first singular value around a peak, as far as its shape is that of the peak, 0 elsewhere."""
    strange = np.flatnonzero(mac(spectrum.shapes, spectrum.shapes[[peak]])[:, 0] < params.likeness)
    low = int(strange[strange < peak].max(initial=-1)) + 1
    high = int(strange[strange > peak].min(initial=len(spectrum.first)))
    bell = np.zeros(len(spectrum.first))
    bell[low:high] = spectrum.first[low:high]
    return bell


def _oscillation(decay: Floats, rate: float) -> tuple[float, float]:
    """Return frequency [Hz] and damping [-] of a free decay, nan where it is too short to tell."""
    decay = decay / decay[0]
    before = np.flatnonzero(np.diff(np.signbit(decay)))
    crossing = before + decay[before] / (decay[before] - decay[before + 1])
    swings = np.split(np.abs(decay), before + 1)[1:-1]
    height = np.array([swing.max() for swing in swings])
    top = np.array([begin + 1 + swing.argmax() for begin, swing in zip(before, swings, strict=False)])
    low = np.flatnonzero(height < 0.2)
    end = int(low[0]) if len(low) else len(height)
    if end < 2:
        return np.nan, np.nan
    frequency = rate / (2 * np.polyfit(np.arange(end + 1), crossing[: end + 1], 1)[0])
    used = height[:end] < 0.9
    if np.count_nonzero(used) < 3:
        return float(frequency), np.nan
    slope = np.polyfit(top[:end][used] / rate, np.log(height[:end][used]), 1)[0]
    return float(frequency), float(max(-slope, 0.0) / (2 * np.pi * frequency))
