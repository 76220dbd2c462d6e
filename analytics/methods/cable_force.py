"""Force of a cable from its natural frequencies."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from analytics.methods.ticks import Floats


@dataclass(frozen=True, slots=True)
class CableForce:
    """``force`` [N] and bending ``stiffness`` EI [N m^2] of a cable; ``tautness`` [-] ``L sqrt(force / EI)``."""

    force: float
    stiffness: float
    tautness: float


def taut_string_force(frequency: Floats, order: Floats, length: float, mass: float) -> CableForce:
    """Return the force of a hinged cable, fitted over its harmonics.

    Formula: ``(f / n)^2 = T / (4 m L^2) + n^2 pi^2 EI / (4 m L^4)``, a line in ``n^2`` by least squares; with one
    harmonic, or a falling line, ``T = 4 m L^2 mean((f / n)^2)`` and ``EI = 0``

    Parameters
    ----------
    frequency, order
        Shapes (k,), [Hz] and [-]: natural frequencies and their orders n = 1, 2, ..., k >= 1; nan is left out.
    length, mass
        [m], > 0, between the supports, and [kg/m], > 0.

    Returns
    -------
    force
        See :class:`CableForce`; the tautness is infinite without stiffness.

    Raises
    ------
    ValueError
        Without a frequency.

    Notes
    -----
    For long cables: end restraint stops mattering near a tautness of 25, below it use :func:`clamped_force`. Sag
    raises the first frequency of long, slack cables: leave it out there.

    Examples
    --------
    >>> found = taut_string_force(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), 100.0, 50.0)
    >>> round(found.force), round(found.stiffness, 6)
    (2000000, 0.0)

    References
    ----------
    Irvine 1981, Cable Structures, MIT Press; Geier, De Roeck and Flesch 2006, Struct. Infrastructure Eng. 2 (3-4).
    """
    there = np.isfinite(frequency)
    if not there.any():
        raise ValueError("no natural frequency: give at least one, with its order")
    square, orders = (frequency[there] / order[there]) ** 2, order[there] ** 2
    slope = 0.0
    if len(square) > 1:
        slope = max(float(np.polyfit(orders, square, 1)[0]), 0.0)
    base = float(np.mean(square - slope * orders))
    force, stiffness = 4 * mass * length**2 * base, 4 * mass * length**4 * slope / np.pi**2
    return CableForce(force, stiffness, length * np.sqrt(force / stiffness) if stiffness > 0 and force > 0 else np.inf)


def clamped_frequency(force: float, order: int, length: float, mass: float, stiffness: float) -> float:
    """Return a natural frequency of a cable that is clamped at both ends.

    Formula: ``f = n / (2 L) sqrt(T / m) (1 + 2 / xi + (4 + n^2 pi^2 / 2) / xi^2)``, ``xi = L sqrt(T / EI)``

    Parameters
    ----------
    force, order
        [N], > 0, and the order n [-], 1 or more.
    length, mass, stiffness
        [m], [kg/m] and EI [N m^2], all > 0.

    Returns
    -------
    frequency
        [Hz].

    Notes
    -----
    Asymptotic: against the exact frequency equation right within 0.5 % for ``n = 1`` from xi = 20 on.

    Examples
    --------
    >>> round(clamped_frequency(2e6, 1, 100.0, 50.0, 2e6), 4)  # xi = 100: 2 % more than the taut string
    1.0209

    References
    ----------
    Morse and Ingard 1968, Theoretical Acoustics, McGraw-Hill, section 5.2.
    """
    tautness = length * np.sqrt(force / stiffness)
    restraint = 1 + 2 / tautness + (4 + order**2 * np.pi**2 / 2) / tautness**2
    return float(order / (2 * length) * np.sqrt(force / mass) * restraint)


def clamped_force(frequency: float, order: int, length: float, mass: float, stiffness: float) -> CableForce:
    """Return the force of a cable that is clamped at both ends, from one frequency and a known stiffness.

    Formula: the force for which ``clamped_frequency`` is the frequency given

    Parameters
    ----------
    frequency, order
        [Hz], > 0, and its order [-].
    length, mass, stiffness
        [m], [kg/m] and EI [N m^2], all > 0.

    Returns
    -------
    force
        See :class:`CableForce`.

    Raises
    ------
    ValueError
        When the tautness would be below 6.9, where the formula does not hold.

    Examples
    --------
    >>> round(clamped_force(1.0209, 1, 100.0, 50.0, 2e6).force / 1e6, 2)
    2.0

    References
    ----------
    Morse and Ingard 1968, Theoretical Acoustics, McGraw-Hill, section 5.2.
    """
    lowest = stiffness * (6.9 / length) ** 2
    highest = 4 * mass * (length * frequency / order) ** 2  # without restraint: always too much

    def surplus(force: float) -> float:
        return clamped_frequency(force, order, length, mass, stiffness) - frequency

    if highest <= lowest or surplus(lowest) > 0:
        raise ValueError(f"{frequency:g} Hz: tautness below 6.9; this is a beam rather than a cable")
    force = float(brentq(surplus, lowest, highest, rtol=1e-12))
    return CableForce(force, stiffness, length * float(np.sqrt(force / stiffness)))
