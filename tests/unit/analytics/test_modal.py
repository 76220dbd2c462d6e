"""Modal identification: a recorded frame with known modes, closed forms, and what comes after identification."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.optimize import brentq
from scipy.signal import cont2discrete, dlsim

from analytics.methods.cable_force import clamped_force, clamped_frequency, taut_string_force
from analytics.methods.fdd import FddParams, Modes, efdd, fdd
from analytics.methods.frost_line import frost_line, frost_regressors
from analytics.methods.mode_shapes import mac, phase_collinearity
from analytics.methods.mode_tracking import ModeTracker
from analytics.methods.regression import RecursiveRegression, RegressionParams
from analytics.methods.ssi import SsiParams, ssi, ssi_poles
from tests.support.servers import REPOSITORY
from tests.support.streaming import Floats

FRAME = REPOSITORY.parent / "shared" / "data" / "koma_frame"
frame = pytest.mark.skipif(not FRAME.is_dir(), reason=f"no recorded frame at {FRAME}")
RATE = 12.0  # [Hz]


def _recorded() -> tuple[Floats, Floats, Floats]:
    """Return samples, the frequencies that are in them [Hz] and the mode shapes (k, p)."""
    exact = np.load(FRAME / "omega_n.npy") / (2 * np.pi)
    contained = np.arctan(np.pi * exact / RATE) * RATE / np.pi  # Newmark integration lengthens periods
    return np.load(FRAME / "data_shearframe.npy"), contained, np.load(FRAME / "phi_ref.npy").T


def _chain(masses: int, seconds: float, rate: float, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return accelerations of a chain of unit masses under white load, its frequencies [Hz] and shapes."""
    stiffness = 2000.0 * (2 * np.eye(masses) - np.eye(masses, k=1) - np.eye(masses, k=-1))
    stiffness[-1, -1] /= 2
    square, vectors = eigh(stiffness)
    omega = np.sqrt(square)
    damping = vectors @ np.diag(2 * 0.01 * omega) @ vectors.T
    a = np.block([[np.zeros((masses, masses)), np.eye(masses)], [-stiffness, -damping]])
    b = np.vstack([np.zeros((masses, masses)), np.eye(masses)])
    c, d = np.hstack([-stiffness, -damping]), np.eye(masses)
    load = np.random.default_rng(seed).normal(0, 1, (int(seconds * rate), masses))
    _, samples, _ = dlsim((*cont2discrete((a, b, c, d), 1 / rate)[:4], 1 / rate), load)
    noise = np.random.default_rng(seed + 1).normal(0, 0.05 * samples.std(), samples.shape)
    return samples + noise, omega / (2 * np.pi), vectors.T


def _assert_found(modes: Modes, frequency: Floats, shapes: Floats, *, error: float, likeness: float) -> None:
    assert len(modes.frequency) == len(frequency)
    np.testing.assert_allclose(modes.frequency, frequency, rtol=error)
    assert np.diag(mac(modes.shapes, shapes)).min() >= likeness


@frame
@pytest.mark.parametrize("method", [fdd, efdd])
def test_peaks_give_the_modes_of_the_recorded_frame(method: type) -> None:
    samples, frequency, shapes = _recorded()
    modes = method(samples, RATE, FddParams(segment=1024, prominence=5.0, band=(0.05, 1.5)))
    _assert_found(modes, frequency, shapes, error=0.003, likeness=0.99)


@frame
def test_subspaces_give_the_modes_of_the_recorded_frame() -> None:
    samples, frequency, shapes = _recorded()
    _assert_found(ssi(samples, RATE, SsiParams()), frequency, shapes, error=0.003, likeness=0.99)


def test_all_methods_agree_with_the_closed_form_of_a_chain() -> None:
    samples, frequency, shapes = _chain(3, 600, 50, seed=4)
    for modes in (efdd(samples, 50.0, FddParams(segment=2048, prominence=12.0)), ssi(samples, 50.0, SsiParams())):
        _assert_found(modes, frequency, shapes, error=0.005, likeness=0.98)
        assert (modes.damping > 0.004).all()
        assert (modes.damping < 0.03).all()


def test_noise_has_no_modes_and_poles_say_why() -> None:
    samples = np.random.default_rng(5).normal(0, 1, (6000, 4))
    params = SsiParams(orders=(10, 40))
    assert len(ssi(samples, 50.0, params).frequency) == 0
    poles = ssi_poles(samples, 50.0, params)
    assert poles.order.min() == 10
    assert poles.stable.mean() < 0.05
    assert not poles.stable[poles.order == 10].any()


@pytest.mark.parametrize("hostile", ["hole", "short"])
def test_identification_refuses_what_it_cannot_use(hostile: str) -> None:
    samples = np.random.default_rng(6).normal(0, 1, (30 if hostile == "short" else 2000, 3))
    if hostile == "hole":
        samples[500, 1] = np.nan
    with pytest.raises(ValueError, match=r"holes|samples:"):
        fdd(samples, 10.0, FddParams())
    with pytest.raises(ValueError, match=r"holes|samples:"):
        ssi(samples, 10.0, SsiParams())


def test_constant_channels_have_no_modes() -> None:
    still = np.ones((2000, 3))
    assert len(fdd(still, 10.0, FddParams(segment=256)).frequency) == 0
    assert len(ssi(still, 10.0, SsiParams()).frequency) == 0


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shapes_are_alike_whatever_their_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = rng.normal(0, 1, (1, 5)) + 1j * rng.normal(0, 1, (1, 5))
    turn = rng.uniform(0.1, 10) * np.exp(1j * rng.uniform(0, 2 * np.pi))
    assert mac(shape, shape * turn)[0, 0] == pytest.approx(1)
    assert phase_collinearity(shape.real * turn)[0] == pytest.approx(1)
    assert mac(shape, np.zeros((1, 5)))[0, 0] == 0


def test_close_modes_keep_their_names_when_their_frequencies_cross() -> None:
    shapes = np.array([[1.0, 1.0], [1.0, -1.0]], dtype=np.complex128)
    tracker = ModeTracker(np.array([2.0, 2.06]), shapes, follow=0.5)
    for step in range(6):
        low, high = 2.0 + 0.02 * step, 2.06 - 0.02 * step
        order = np.argsort([low, high])
        frequency, alike = tracker.update(Modes(np.array([low, high])[order], np.full(2, np.nan), shapes[order]))
        assert frequency.tolist() == [low, high]
        assert alike.tolist() == pytest.approx([1, 1])
    nothing = Modes(np.empty(0), np.empty(0), np.empty((0, 2), dtype=np.complex128))
    before = tracker.state["frequency"].copy()
    assert np.isnan(tracker.update(nothing)[0]).all()
    assert tracker.state["frequency"].tolist() == before.tolist()


@settings(deadline=None)
@given(st.floats(1e5, 1e7), st.floats(0, 1e5), st.floats(20, 400), st.floats(10, 100))
def test_force_and_stiffness_come_back_from_their_frequencies(t: float, ei: float, length: float, mass: float) -> None:
    order = np.arange(1.0, 7.0)
    frequency = order / (2 * length) * np.sqrt(t / mass * (1 + order**2 * np.pi**2 * ei / (t * length**2)))
    found = taut_string_force(frequency, order, length, mass)
    assert found.force == pytest.approx(t, rel=1e-6)
    assert found.stiffness == pytest.approx(ei, rel=1e-3, abs=t * length**2 * 1e-9)
    frequency[1] = np.nan
    assert taut_string_force(frequency, order, length, mass).force == pytest.approx(t, rel=1e-6)


def _exact_clamped(force: float, length: float, mass: float, stiffness: float) -> float:
    """Return the first frequency [Hz] of a clamped cable from the exact frequency equation."""

    def equation(frequency: float) -> float:
        half, wave = force / (2 * stiffness), mass * (2 * np.pi * frequency) ** 2 / stiffness
        root = np.sqrt(half**2 + wave)
        a, b = length * np.sqrt(root - half), length * np.sqrt(root + half)
        # divided by cosh(b), which overflows
        return float(2 * a * b * (1 / np.cosh(b) - np.cos(a)) + (b**2 - a**2) * np.sin(a) * np.tanh(b))

    string = np.sqrt(force / mass) / (2 * length)
    return float(brentq(equation, string, 1.9 * string))


@pytest.mark.parametrize(("tautness", "error"), [(20.0, 5e-3), (50.0, 5e-4), (100.0, 1e-4)])
def test_end_restraint_agrees_with_the_exact_equation(tautness: float, error: float) -> None:
    length, mass, force = 50.0, 40.0, 1e6
    stiffness = force * (length / tautness) ** 2
    exact = _exact_clamped(force, length, mass, stiffness)
    assert clamped_frequency(force, 1, length, mass, stiffness) == pytest.approx(exact, rel=error)
    found = clamped_force(exact, 1, length, mass, stiffness)
    assert found.force == pytest.approx(force, rel=3 * error)
    assert found.tautness == pytest.approx(tautness, rel=2 * error)
    assert taut_string_force(np.array([exact]), np.ones(1), length, mass).force > 1.03 * force


def test_impossible_cables_and_seasons_are_refused() -> None:
    with pytest.raises(ValueError, match="tautness"):
        clamped_force(0.01, 1, 50.0, 40.0, 1e9)
    with pytest.raises(ValueError, match="at least one"):
        taut_string_force(np.array([np.nan]), np.ones(1), 50.0, 40.0)
    with pytest.raises(ValueError, match="at least 30"):
        frost_line(np.zeros(5), np.ones(5))
    with pytest.raises(ValueError, match="block rows"):
        ssi(np.zeros((500, 1)), 10.0, SsiParams())


def _seasons(years: int, seed: int) -> tuple[Floats, Floats]:
    """Return temperature [degC] and a frequency [Hz] of hours, stiffer in frost."""
    rng = np.random.default_rng(seed)
    hours = np.arange(years * 8766)
    temperature = 9 - 14 * np.cos(2 * np.pi * hours / 8766) + 4 * np.sin(2 * np.pi * hours / 24)
    effect = 0.03 * np.minimum(temperature, 0) + 0.004 * np.maximum(temperature, 0)
    return temperature, 4 - effect + rng.normal(0, 0.01, len(hours))


def test_a_two_per_cent_change_shows_after_the_season_is_taken_out() -> None:
    temperature, frequency = _seasons(2, seed=7)
    line = frost_line(temperature[:8766], frequency[:8766])
    assert np.ptp(frequency) / 4 > 0.1  # the season alone
    frequency[13_000:] *= 0.98
    rest = frequency - line.expected(temperature)
    assert np.abs(rest[:13_000].mean()) < 0.001
    assert rest[13_000:].mean() == pytest.approx(-0.08, abs=0.005)
    assert line.scatter == pytest.approx(0.01, rel=0.1)


def test_a_line_without_winter_says_nothing_about_frost() -> None:
    warm = np.linspace(1, 30, 300)
    line = frost_line(warm, 4 - 0.004 * warm)
    assert np.isnan(line.expected(np.array([-5.0]))[0])
    assert line.expected(np.array([10.0]))[0] == pytest.approx(3.96)


def test_recursive_regression_learns_the_kink_as_well() -> None:
    temperature, frequency = _seasons(1, seed=8)
    regressors = frost_regressors(temperature)[:, None, :] / np.array([1.0, 10.0, 10.0])
    errors = RecursiveRegression(1, 3, RegressionParams(forgetting=1.0)).update(frequency[:, None], regressors)
    assert np.std(errors[4000:]) == pytest.approx(0.01, rel=0.1)
