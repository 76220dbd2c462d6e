"""Smooth curves as sums of cosines: what passes through a slow body is known without integration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Harmonics:
    """``x(t) = mean + sum(amplitude cos(omega t - phase))``.

    ``amplitude`` [unit], ``omega`` [rad/s] and ``phase`` [rad] have shape (k,); t is seconds since the epoch.
    """

    mean: float
    amplitude: NDArray[np.float64]
    omega: NDArray[np.float64]
    phase: NDArray[np.float64]

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the curve at times (n,) [s since the epoch], shape (n,) [unit]."""
        waves = np.cos(np.multiply.outer(times, self.omega) - self.phase)
        curve: NDArray[np.float64] = self.mean + waves @ self.amplitude
        return curve

    def lagged(self, time_constant: float) -> "Harmonics":
        """Return the steady response of a first-order lag, ``tau dy/dt = x - y``, with ``time_constant`` tau [s].

        Each cosine is damped by ``1 / sqrt(1 + (omega tau)^2)`` and delayed by ``atan(omega tau)``; textbook.
        """
        turn = self.omega * time_constant
        return Harmonics(self.mean, self.amplitude / np.hypot(1.0, turn), self.omega, self.phase + np.arctan(turn))

    def plus(self, other: "Harmonics") -> "Harmonics":
        """Return the sum of two curves."""
        return Harmonics(
            self.mean + other.mean,
            np.concatenate((self.amplitude, other.amplitude)),
            np.concatenate((self.omega, other.omega)),
            np.concatenate((self.phase, other.phase)),
        )


def cosine(mean: float, amplitude: float, period: float, peak: float) -> Harmonics:
    """Return one cosine around ``mean`` with ``period`` [s] and its maximum at ``peak`` [s since the epoch]."""
    omega = 2 * np.pi / period
    return Harmonics(mean, np.array([amplitude]), np.array([omega]), np.array([omega * peak]))


def wander(rng: np.random.Generator, *, scale: float, periods: tuple[float, float], waves: int = 8) -> Harmonics:
    """Return an irregular curve around zero: ``waves`` cosines with log-uniform ``periods`` [s] and random phases.

    ``scale`` [unit] is its standard deviation.
    """
    low, high = np.log(periods)
    omega = 2 * np.pi / np.exp(rng.uniform(low, high, waves))
    return Harmonics(0.0, np.full(waves, scale * np.sqrt(2 / waves)), omega, rng.uniform(0, 2 * np.pi, waves))
