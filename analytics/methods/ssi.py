"""Covariance-driven stochastic subspace identification, with stable poles chosen automatically."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from analytics.methods.fdd import Modes, scaled
from analytics.methods.mode_shapes import Shapes, mac, phase_collinearity
from analytics.methods.ticks import Floats, observed


@dataclass(frozen=True, slots=True)
class SsiParams:
    """``block_rows`` >= 2: lags [samples] of the correlation on either side; ``orders``: first and last model order,
    even; a pole is stable when the nearest one of the order before differs by less than ``frequency`` [-],
    ``damping`` [-] of it and ``1 - mac`` [-]; its own damping ratio is below ``damping_max`` [-] and its phase
    collinearity above ``collinearity`` [-]; a mode needs ``share`` [-] of the orders.
    """

    block_rows: int = 20
    orders: tuple[int, int] = (10, 40)
    frequency: float = 0.01
    damping: float = 0.10
    mac: float = 0.95
    damping_max: float = 0.20
    collinearity: float = 0.7
    share: float = 0.5

    def __post_init__(self) -> None:
        first, last = self.orders
        if not (self.block_rows >= 2 and 2 <= first < last and first % 2 == last % 2 == 0 and 0 < self.share <= 1):
            raise ValueError("block_rows >= 2, even rising orders >= 2 and 0 < share <= 1")


@dataclass(frozen=True, slots=True)
class Poles:
    """Poles of all model orders, for a stabilisation diagram: ``order`` (k,), ``frequency`` (k,) [Hz], ``damping``
    (k,) [-], ``shapes`` complex (k, p), ``stable`` bool (k,).
    """

    order: NDArray[np.int_]
    frequency: Floats
    damping: Floats
    shapes: Shapes
    stable: NDArray[np.bool_]


def correlations(samples: Floats, lags: int) -> Floats:
    """Return the correlation matrices of the channels.

    Formula: ``R[k] = sum(y[t + k] y[t]') / (n - k)`` for k = 1 to lags, about the mean

    Parameters
    ----------
    samples
        Shape (n, p), [unit of the channels], evenly sampled, without holes, n > lags.
    lags
        [samples].

    Returns
    -------
    correlations
        Shape (lags, p, p), [unit^2].

    Raises
    ------
    ValueError
        With a hole, or too few samples.

    Examples
    --------
    >>> correlations(np.array([[1.0], [-1.0], [1.0], [-1.0]]), 2).ravel().tolist()
    [-1.0, 1.0]

    References
    ----------
    Peeters and De Roeck 1999, Mechanical Systems and Signal Processing 13 (6) 855-878.
    """
    if len(samples) <= lags:
        raise ValueError(f"{len(samples)} samples: {lags} lags need more")
    if not observed(samples).all():
        raise ValueError("samples have holes: fill short ones, or leave the channel out")
    away = samples - samples.mean(axis=0)
    count = len(away)
    return np.stack([away[lag:].T @ away[: count - lag] / (count - lag) for lag in range(1, lags + 1)])


def ssi_poles(samples: Floats, rate: float, params: SsiParams) -> Poles:
    """Return the poles of all model orders and which of them are stable.

    Formula: block Toeplitz matrix ``T`` of ``R[block_rows]`` down and left to ``R[1]`` and ``R[2 block_rows - 1]``;
    ``T = U S V'``; ``O = U1 sqrt(S1)``; ``A = pinv(O without last block) O without first block``;
    ``lambda = ln(eig(A)) rate``; ``f = abs(lambda) / 2 pi``; ``damping = -real(lambda) / abs(lambda)``; shapes ``C v``

    Parameters
    ----------
    samples
        Shape (n, p), [unit of the channels], evenly sampled, without holes, far more than 2 block_rows.
    rate
        [Hz].
    params
        See :class:`SsiParams`.

    Returns
    -------
    poles
        See :class:`Poles`.

    Raises
    ------
    ValueError
        With a hole, too few samples, or orders beyond what block rows and channels allow.

    Examples
    --------
    >>> poles = ssi_poles(np.random.default_rng(1).normal(0, 1, (500, 2)), 10.0, SsiParams(orders=(2, 8)))
    >>> sorted(set(poles.order.tolist())) == [2, 4, 6, 8]
    True

    References
    ----------
    Peeters and De Roeck 1999, Mechanical Systems and Signal Processing 13 (6) 855-878.
    """
    rows, channels = params.block_rows, samples.shape[1]
    if params.orders[1] > (rows - 1) * channels:
        raise ValueError(
            f"order {params.orders[1]}: {rows} block rows of {channels} channels give {(rows - 1) * channels}"
        )
    lagged = correlations(samples, 2 * rows - 1)
    places = rows - 1 + np.arange(rows)[:, None] - np.arange(rows)
    toeplitz = lagged[places].transpose(0, 2, 1, 3).reshape(rows * channels, rows * channels)
    left, singular, _ = np.linalg.svd(toeplitz)
    parts: list[Poles] = []
    for order in range(params.orders[0], params.orders[1] + 1, 2):
        observability = left[:, :order] * np.sqrt(singular[:order])
        poles = _poles_of(observability, order, channels, rate)
        parts.append(_judged(poles, parts[-1] if parts else None, params))
    return Poles(*(np.concatenate([getattr(part, name) for part in parts]) for name in Poles.__slots__))


def ssi(samples: Floats, rate: float, params: SsiParams) -> Modes:
    """Return the modes in the stable poles.

    Formula: stable poles are clustered by ``abs(f1 - f2) / max(f1, f2) + 1 - MAC`` (average linkage, cut at 0.05);
    clusters with poles of at least ``share`` of the orders are modes; frequency and damping are medians, the shape is
    that of the pole nearest to them

    Parameters
    ----------
    samples, rate, params
        As for :func:`ssi_poles`; the rate in [Hz].

    Returns
    -------
    modes
        See ``fdd.Modes``.

    Raises
    ------
    ValueError
        As :func:`ssi_poles`.

    Notes
    -----
    Better than peak picking for close modes; some tenths of a second for ten minutes of ten channels, so nightly.
    Damping is uncertain by tens of per cent.

    Examples
    --------
    >>> rng, y = np.random.default_rng(1), [np.zeros(1), np.zeros(1)]
    >>> a = 2 * 0.99 * np.cos(2 * np.pi * 0.15), -(0.99**2)  # one mode at 0.15 of the rate, damping 1.07 %
    >>> for load in rng.normal(0, 1, (5000, 1)): y.append(a[0] * y[-1] + a[1] * y[-2] + load)
    >>> modes = ssi(np.array(y), 10.0, SsiParams(orders=(2, 12)))
    >>> modes.frequency.round(1).tolist(), modes.damping.round(2).tolist()
    ([1.5], [0.01])

    References
    ----------
    Magalhaes, Cunha and Caetano 2009, Mechanical Systems and Signal Processing 23 (2) 316-329: automatic choice.
    """
    poles = ssi_poles(samples, rate, params)
    frequency, damping, shapes = poles.frequency[poles.stable], poles.damping[poles.stable], poles.shapes[poles.stable]
    orders = (params.orders[1] - params.orders[0]) // 2 + 1
    chosen: list[tuple[float, float, Shapes]] = []
    for members in _clusters(frequency, shapes):
        if len(set(poles.order[poles.stable][members].tolist())) < params.share * orders:
            continue
        centre = float(np.median(frequency[members]))
        nearest = members[np.abs(frequency[members] - centre).argmin()]
        chosen.append((centre, float(np.median(damping[members])), shapes[nearest]))
    chosen.sort(key=lambda mode: mode[0])
    return Modes(
        np.array([mode[0] for mode in chosen]),
        np.array([mode[1] for mode in chosen]),
        scaled(np.array([mode[2] for mode in chosen], dtype=np.complex128).reshape(-1, samples.shape[1])),
    )


def _poles_of(observability: Floats, order: int, channels: int, rate: float) -> Poles:
    system = np.linalg.lstsq(observability[:-channels], observability[channels:])[0]
    values, vectors = np.linalg.eig(system)
    upper = (values.imag > 0) & (np.abs(values) > 0)
    continuous = np.log(values[upper]) * rate
    size = np.abs(continuous)
    shapes = (observability[:channels] @ vectors[:, upper]).T
    count = len(size)
    return Poles(
        np.full(count, order),
        size / (2 * np.pi),
        -continuous.real / size,
        np.asarray(shapes, dtype=np.complex128),
        np.zeros(count, dtype=np.bool_),
    )


def _judged(poles: Poles, before: Poles | None, params: SsiParams) -> Poles:
    sound = (poles.damping > 0) & (poles.damping < params.damping_max)
    sound &= phase_collinearity(poles.shapes) > params.collinearity
    if before is None or not len(before.frequency) or not len(poles.frequency):
        return poles
    nearest = np.abs(poles.frequency[:, None] - before.frequency).argmin(axis=1)
    same = np.abs(poles.frequency / before.frequency[nearest] - 1) < params.frequency
    same &= np.abs(poles.damping - before.damping[nearest]) < params.damping * np.abs(before.damping[nearest])
    same &= mac(poles.shapes, before.shapes)[np.arange(len(nearest)), nearest] > params.mac
    return Poles(poles.order, poles.frequency, poles.damping, poles.shapes, sound & same)


def _clusters(frequency: Floats, shapes: Shapes) -> list[NDArray[np.int_]]:
    count = len(frequency)
    if count < 2:
        return [np.arange(count)] if count else []
    apart = np.abs(frequency[:, None] - frequency) / np.maximum(frequency[:, None], frequency) + 1 - mac(shapes, shapes)
    pairs = np.maximum(apart[np.triu_indices(count, 1)], 0.0)
    label = fcluster(linkage(pairs, "average"), 0.05, "distance")
    return [np.flatnonzero(label == one) for one in np.unique(label)]
