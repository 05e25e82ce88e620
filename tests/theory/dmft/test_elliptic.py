"""Does the theory of elliptic linear systems give the known values, limits and identities?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from solv.theory.dmft.elliptic import (
    elliptic_correlation,
    elliptic_resolvent,
    elliptic_response,
    euler_two_time,
    normal_partner_correlation,
    power_spectrum,
    spectral_ellipse,
)
from solv.theory.laplace_inversion import talbot_rule

TAUS = st.floats(-1, 1).filter(lambda tau: abs(tau) > 1e-3)


@pytest.mark.filterwarnings("ignore:g .1 . tau. =")
@pytest.mark.parametrize(
    ("g", "tau", "t", "response", "correlation"),
    [
        (0.9, 0, 1, 0.367879, 0.269258),
        (0.9, 0, 3, 0.0497871, 0.0966931),
        (0.5, 1, 3, 0.131218, 0.0506838),
        (0.7, 0.3, 3, 0.0908392, 0.0693101),
        (0.9, -0.5, 1, 0.298246, 0.192118),
    ],
)
def test_response_and_correlation_have_the_reference_values(
    g: float, tau: float, t: float, response: float, correlation: float
) -> None:
    assert elliptic_response([t], g, tau)[0] == pytest.approx(response, rel=1e-5)
    assert elliptic_correlation([t], [t], g, tau)[0] == pytest.approx(correlation, rel=1e-5)


def test_grid_has_the_reference_values() -> None:
    grid = euler_two_time(0.7, 0.3, 0.02, 150)
    assert grid.response[150, 0] / 0.02 == pytest.approx(0.0906619, rel=1e-5)
    assert grid.correlation[150, 150] == pytest.approx(0.0692581, rel=1e-5)


@pytest.mark.parametrize("tau", [-1, -0.5, 0, 0.3, 1])
def test_grid_approaches_continuous_time_linearly_in_the_step(tau: float) -> None:
    def worst(steps: int) -> float:
        times = np.linspace(0, 2, steps + 1)
        exact = elliptic_correlation(times, times, 0.45, tau)
        return float(np.max(np.abs(np.diag(euler_two_time(0.45, tau, 2 / steps, steps).correlation) - exact)))

    assert worst(100) < 0.02
    assert worst(200) == pytest.approx(worst(100) / 2, rel=0.1)


@given(g=st.floats(0.05, 1.5), tau=st.floats(-1, 1), x=st.floats(0.5, 5), y=st.floats(-5, 5))
def test_resolvent_solves_its_equation_and_decays(g: float, tau: float, x: float, y: float) -> None:
    z = complex(g * (1 + tau) - 1 + x, y)
    resolvent = complex(elliptic_resolvent(z, g, tau))
    assert abs(resolvent * (z + 1 - tau * g**2 * resolvent) - 1) < 1e-9
    # Outside the spectrum g^2 |R|^2 < 1.
    assert g * abs(resolvent) < 1 + 1e-9


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.0])
def test_response_is_the_inverse_transform_of_the_resolvent(tau: float) -> None:
    # Shifting z by 1 - 2g moves every singularity to the negative real axis (tau >= 0), where the rule is valid.
    g, t = 0.6, 1.5
    nodes, weights = talbot_rule(t)
    shift = 2 * g - 1
    inverted = np.real(weights @ elliptic_resolvent(nodes + shift, g, tau)) * np.exp(shift * t)
    assert elliptic_response([t], g, tau)[0] == pytest.approx(inverted, abs=1e-7)


@given(tau=TAUS, t=st.floats(0, 5), s=st.floats(0, 5))
def test_correlation_is_symmetric_and_obeys_cauchy_schwarz(tau: float, t: float, s: float) -> None:
    there, back, first, second = elliptic_correlation([t, s, t, s], [s, t, t, s], 0.45, tau)
    assert there == pytest.approx(back, rel=1e-9)
    assert there**2 <= first * second * (1 + 1e-9)


def test_symmetric_correlation_depends_on_the_sum_of_times_and_others_do_not() -> None:
    wide, narrow = elliptic_correlation([3.0, 2.0], [1.0, 2.0], 0.45, 1)
    assert wide == pytest.approx(narrow, rel=1e-12)
    for tau in (-0.5, 0, 0.3):
        wide, narrow = elliptic_correlation([3.0, 2.0], [1.0, 2.0], 0.45, tau)
        assert abs(wide / narrow - 1) > 0.01


def test_series_joins_the_closed_forms_at_tau_0_and_1() -> None:
    t, s = np.array([0.5, 3.0]), np.array([2.0, 3.0])
    np.testing.assert_allclose(
        elliptic_correlation(t, s, 0.45, 1.001e-3), elliptic_correlation(t, s, 0.45, 0), rtol=5e-3
    )
    np.testing.assert_allclose(
        elliptic_correlation(t, s, 0.45, 1 - 1e-9), elliptic_correlation(t, s, 0.45, 1), rtol=1e-7
    )


def test_antisymmetric_system_rotates_so_its_equal_time_correlation_only_decays() -> None:
    times = np.linspace(0, 4, 9)
    np.testing.assert_allclose(elliptic_correlation(times, times, 0.8, -1), np.exp(-2 * times), rtol=1e-9)


def test_series_survives_late_times_and_refuses_later_ones() -> None:
    late = elliptic_correlation([140.0], [140.0], 0.7, 1.1e-3)[0]
    assert late == pytest.approx(np.exp(-280 + 196) * special.ive(0, 196), rel=0.2)
    with pytest.raises(ValueError, match="times reach 200"):
        elliptic_correlation([200.0], [1.0], 0.7, 0.3)


def test_ginibre_exceeds_the_normal_matrix_of_the_same_spectrum() -> None:
    times = np.linspace(0.1, 6, 30)
    assert np.all(elliptic_correlation(times, times, 0.9, 0) > normal_partner_correlation(times, 0.9))
    assert elliptic_correlation([3], [3], 0.9, 0)[0] == pytest.approx(0.0967, abs=5e-5)
    assert normal_partner_correlation([3], 0.9)[0] == pytest.approx(0.0323, abs=5e-5)


@given(g=st.floats(0.1, 1), tau=TAUS.filter(lambda tau: tau > -0.99), angle=st.floats(0, 6.3))
def test_resolvent_has_modulus_one_over_g_on_the_ellipse(g: float, tau: float, angle: float) -> None:
    edge = spectral_ellipse(angle, g, tau)
    outside = -1 + (edge + 1) * (1 + 1e-9)
    assert abs(elliptic_resolvent(outside, g, tau)) * g == pytest.approx(1, abs=1e-3)


def test_power_spectrum_is_that_of_a_lone_unit_when_coupling_vanishes() -> None:
    w = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(power_spectrum(w, 1e-6, 0.3), 1 / (1 + w**2), rtol=1e-9)


def test_integral_of_the_power_spectrum_is_the_stationary_variance() -> None:
    w = np.linspace(-400, 400, 160001)
    variance = np.trapezoid(power_spectrum(w, 0.7, 0.3), w) / (2 * np.pi)
    times = np.linspace(0, 60, 12001)
    noise_response = elliptic_correlation(times, times, 0.7, 0.3)
    assert variance == pytest.approx(np.trapezoid(noise_response, times), rel=2e-3)


@pytest.mark.parametrize(("g", "tau"), [(0, 0), (-1, 0), (0.5, 1.1), (0.5, -1.1), (np.nan, 0)])
def test_couplings_out_of_range_are_refused(g: float, tau: float) -> None:
    for call in (
        lambda: elliptic_response([1], g, tau),
        lambda: elliptic_correlation([1], [1], g, tau),
        lambda: elliptic_resolvent(1, g, tau),
        lambda: power_spectrum([1], g, tau),
        lambda: euler_two_time(g, tau, 0.1, 5),
    ):
        with pytest.raises(ValueError, match=r"g = |tau = "):
            call()


def test_other_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="times"):
        elliptic_response([-1], 0.5, 0)
    with pytest.raises(ValueError, match="shapes"):
        elliptic_correlation([1, 2], [1], 0.5, 0)
    with pytest.raises(ValueError, match="valid: g < 1"):
        power_spectrum([1], 0.8, 0.3)
    with pytest.raises(ValueError, match="time_step"):
        euler_two_time(0.5, 0, 1.5, 5)


def test_an_unstable_system_is_warned_about() -> None:
    with pytest.warns(UserWarning, match="not stationary"):
        elliptic_correlation([1], [1], 0.9, 0.5)
