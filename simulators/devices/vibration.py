"""How a girder vibrates: the modes of a simple beam, driven by wind and trucks, softer when it is warm or damaged.

Everything is a function of time: the response to trucks is the closed form of a moving load, the response to wind a
stationary process that is drawn from its spectrum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.devices.trucks import Truck
from simulators.randomness import constants

RATE: Final = 100.0
"""Samples per second of simulated accelerometers [Hz]; 50-100 Hz is usual on bridges."""
_EPOCH: Final = 2**15  # samples of one draw of the response to wind; the next one begins half-way
_PIECE: Final = 1024  # samples that are worked out together
_KEPT: Final = 4
_GRAVITY: Final = 9.81  # [m/s2]
_HIGHEST: Final = 20.0  # modes above do not matter to a deck [Hz]
_DECAYED: Final = 6.0  # time constants after which a vibration is over
_PLACE: Final = 0.4  # of the sensor on the span; every mode up to the fourth moves there


@dataclass(frozen=True, slots=True)
class Girder:
    """A simple beam: ``span`` [m], ``mass`` per length [kg/m], ``frequency`` of the first mode [Hz] at 15 Cel.

    ``slopes`` are the relative changes of the frequencies of the modes [1/K], ``frozen`` that below 0 Cel.
    """

    span: float
    mass: float
    frequency: float
    damping: float
    slopes: tuple[float, ...]
    frozen: float

    @property
    def modes(self) -> int:
        """How many modes take part."""
        return max(1, min(len(self.slopes), int(np.sqrt(_HIGHEST / self.frequency))))

    @property
    def stiffness(self) -> float:
        """EI [N m2], from ``f1 = pi / (2 L^2) sqrt(EI / m)``; textbook."""
        return float(4 * self.frequency**2 * self.span**4 * self.mass / np.pi**2)

    def frequencies(self, temperature: float, loss: float = 0.0) -> NDArray[np.float64]:
        """Return the natural frequencies, shape (modes,) [Hz].

        Formula: ``f_n = n^2 f_1 (1 + a_n (T - 15)) (1 - k min(T, 0)) sqrt(1 - loss)``. The kink below freezing was seen
        at the Z24 bridge; its size here is a default without source (U).

        Parameters
        ----------
        temperature
            Of the structure [Cel].
        loss
            Share of the stiffness that is lost, 0-1.
        """
        number = np.arange(1, self.modes + 1)
        warm = 1 + np.array(self.slopes[: self.modes]) * (temperature - 15)
        found: NDArray[np.float64] = (
            number**2 * self.frequency * warm * (1 - self.frozen * min(temperature, 0.0)) * np.sqrt(1 - loss)
        )
        return found


class Vibration:
    """The vertical acceleration of a girder at one place.

    Parameters
    ----------
    state
        Temperature [Cel] and lost share of stiffness at a time [s since the epoch].
    wind
        Standard deviation of the response to wind and light traffic at a time [s since the epoch], in m/s2.
    trucks
        The trucks that enter from one time until another.
    name
        Selects the random numbers.
    """

    def __init__(
        self,
        girder: Girder,
        *,
        state: Callable[[float], tuple[float, float]],
        wind: Callable[[float], float],
        trucks: Callable[[float, float], list[Truck]],
        seed: int,
        name: str,
    ) -> None:
        self._girder = girder
        self._state = state
        self._wind = wind
        self._trucks = trucks
        self._seed = seed
        self._name = name
        self._epochs: dict[int, NDArray[np.float64]] = {}
        self._pieces: dict[int, NDArray[np.float64]] = {}

    def acceleration(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the acceleration at the samples nearest to times (n,) [s since the epoch], shape (n,) [m/s2]."""
        numbers, places = np.divmod(np.rint(times * RATE).astype(np.int64), _PIECE)
        result = np.empty(len(times))
        for number in np.unique(numbers):
            here = numbers == number
            result[here] = self._piece(int(number))[places[here]]
        return result

    def _piece(self, number: int) -> NDArray[np.float64]:
        """Return the acceleration over one piece, shape (_PIECE,) [m/s2]; all sensors of the girder share it."""
        if number not in self._pieces:
            while len(self._pieces) >= _KEPT:
                del self._pieces[next(iter(self._pieces))]
            self._pieces[number] = self._whole(number * _PIECE + np.arange(_PIECE, dtype=np.int64))
        return self._pieces[number]

    def _whole(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        total, times = self._to_wind(counts), counts / RATE
        slowest = self._girder.frequencies(30.0, 0.5)[0]
        memory = _DECAYED / (2 * np.pi * self._girder.damping * slowest) + self._girder.span / 8
        for truck in self._trucks(float(times[0]) - memory, float(times[-1])):
            total += self._to_truck(truck, times)
        return total

    def _to_truck(self, truck: Truck, times: NDArray[np.float64]) -> NDArray[np.float64]:
        girder = self._girder
        frequencies = girder.frequencies(*self._state(truck.time))
        return moving_load(
            times - truck.time,
            force=1000 * truck.mass * _GRAVITY,
            speed=truck.speed,
            span=girder.span,
            mass=girder.mass,
            frequencies=frequencies,
            damping=girder.damping,
            place=_PLACE,
        )

    def _to_wind(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the response to wind at sample numbers (n,), shape (n,): two epochs at a time, faded into each other.

        The squares of the two weights add up to one, so the variance is the same everywhere.
        """
        half = _EPOCH // 2
        result = np.zeros(len(counts))
        for lead in (0, 1):
            epochs = counts // half - lead
            for epoch in np.unique(epochs):
                here = epochs == epoch
                places = counts[here] - epoch * half
                result[here] += np.sin(np.pi * (places + 0.5) / _EPOCH) * self._epoch(int(epoch))[places]
        return result

    def _epoch(self, number: int) -> NDArray[np.float64]:
        """Return a stationary response with the spectrum of the modes, shape (_EPOCH,) [m/s2]."""
        if number not in self._epochs:
            while len(self._epochs) >= _KEPT:
                del self._epochs[next(iter(self._epochs))]
            middle = (number + 1) * _EPOCH / 2 / RATE
            power = response_spectrum(
                np.arange(_EPOCH // 2 + 1) * RATE / _EPOCH,
                self._girder.frequencies(*self._state(middle)),
                self._girder.damping,
            )
            rng = constants(self._seed, self._name, "wind", str(number))
            waves = rng.standard_normal((2, len(power)))
            spectrum = np.sqrt(power) * (waves[0] + 1j * waves[1])
            drawn = np.fft.irfft(spectrum, _EPOCH)
            scale = self._wind(middle) / np.sqrt(2 * power.sum() * 2) * _EPOCH
            self._epochs[number] = scale * drawn
        return self._epochs[number]


def response_spectrum(
    frequencies: NDArray[np.float64], modes: NDArray[np.float64], damping: float
) -> NDArray[np.float64]:
    """Return the shape of the power spectrum of acceleration under a white force, shape (n,).

    Formula: ``sum(|f^2 / (f_k^2 - f^2 + 2 i zeta f_k f)|^2 / f_k)``: the modes have about the same variance.

    Parameters
    ----------
    frequencies
        Shape (n,) [Hz].
    modes
        Natural frequencies, shape (k,) [Hz].
    damping
        Share of critical damping.
    """
    f = frequencies[:, None]
    gain = f**2 / (modes**2 - f**2 + 2j * damping * modes * f)
    power: NDArray[np.float64] = (np.abs(gain) ** 2 / modes * (f < 2 * modes)).sum(axis=1)
    return power


def moving_load(
    since: NDArray[np.float64],
    *,
    force: float,
    speed: float,
    span: float,
    mass: float,
    frequencies: NDArray[np.float64],
    damping: float,
    place: float,
) -> NDArray[np.float64]:
    """Return the acceleration of a simple beam that a constant force crosses, shape (n,) [m/s2].

    Each mode obeys ``q'' + 2 zeta w q' + w^2 q = 2 F / (m L) sin(n pi v t / L)`` while the force is on the span and
    decays freely afterwards; both are solved in closed form. Fryba, Vibration of Solids and Structures under Moving
    Loads, chapter 1.

    Parameters
    ----------
    since
        Shape (n,): time since the force came onto the span [s]; before, nothing moves.
    force, speed, span, mass
        [N], [m/s], [m], [kg/m]
    frequencies
        Natural frequencies of the first modes, shape (k,) [Hz].
    damping
        Share of critical damping.
    place
        Where on the span, 0-1.
    """
    result = np.zeros(len(since))
    moving = since >= 0
    if not moving.any():
        return result
    crossing = span / speed
    on, off = moving & (since <= crossing), since > crossing
    for number, frequency in enumerate(frequencies.tolist(), start=1):
        mode = _Mode(2 * np.pi * frequency, damping, number * np.pi * speed / span, 2 * force / (mass * span))
        shape = np.sin(number * np.pi * place)
        result[on] += shape * mode.forced(since[on])[2]
        if off.any():
            ends, slope, _ = (float(part[0]) for part in mode.forced(np.array([crossing])))
            result[off] += shape * mode.free(since[off] - crossing, ends, slope)
    return result


@dataclass(frozen=True, slots=True)
class _Mode:
    """An oscillator with natural frequency ``w`` [rad/s] under ``load sin(drive t)`` [m/s2]."""

    w: float
    damping: float
    drive: float
    load: float

    def forced(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return displacement, velocity and acceleration from rest at times (n,) [s], each of shape (n,)."""
        w, z, d = self.w, self.damping, self.drive
        scale = self.load / ((w**2 - d**2) ** 2 + (2 * z * w * d) ** 2)
        wd = w * np.sqrt(1 - z**2)
        a = 2 * z * w * d * scale
        b = (z * w * a - d * (w**2 - d**2) * scale) / wd
        sine, cosine = np.sin(d * times), np.cos(d * times)
        particular = scale * ((w**2 - d**2) * sine - 2 * z * w * d * cosine)
        slope = scale * d * ((w**2 - d**2) * cosine + 2 * z * w * d * sine)
        fade = np.exp(-z * w * times)
        turn, back = np.cos(wd * times), np.sin(wd * times)
        q = particular + fade * (a * turn + b * back)
        dq = slope + fade * ((b * wd - z * w * a) * turn - (a * wd + z * w * b) * back)
        return q, dq, self.load * sine - 2 * z * w * dq - w**2 * q

    def free(self, times: NDArray[np.float64], start: float, slope: float) -> NDArray[np.float64]:
        """Return the acceleration of a free decay from a displacement and a velocity, shape (n,)."""
        w, z = self.w, self.damping
        wd = w * np.sqrt(1 - z**2)
        a, b = start, (slope + z * w * start) / wd
        fade = np.exp(-z * w * times)
        turn, back = np.cos(wd * times), np.sin(wd * times)
        q = fade * (a * turn + b * back)
        dq = fade * ((b * wd - z * w * a) * turn - (a * wd + z * w * b) * back)
        acceleration: NDArray[np.float64] = -2 * z * w * dq - w**2 * q
        return acceleration
