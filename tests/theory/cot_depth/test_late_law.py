"""Do the late law and the divergence of the best depth follow from the errors, and these from the authors' sum?"""

import math

import mpmath
import numpy as np
import pytest

from solv.theory.cot_depth.error import critical_tau, error_vs_depth, optimal_depth, spectral_radius
from solv.theory.cot_depth.late_law import divergence_of_optimal_depth, late_amplitude, late_error


def generating_function(alpha, tau, rho, depth):
    """The diagonal coefficients of the authors' generating function on clean contexts, as truncated power series.

    h(x): x h^2 + (A - B x) h - A (1 - x) = 0 with h(0) = 1, A = alpha + 1 + rho, B = 2 + rho; r = h - 1, p = h/(1-x);
    E = alpha p(x) p(y) / [alpha - (1 + beta (alpha + 1)) r_x r_y - beta r_x^2 r_y - beta r_x r_y^2].
    """
    with mpmath.workdps(120):
        alpha, tau, rho = (mpmath.mpf(value) for value in (alpha, tau, rho))
        a, b, beta = alpha + 1 + rho, 2 + rho, (1 + rho) / alpha / (tau - 1)
        h = [mpmath.mpf(1)]
        for n in range(1, depth + 1):
            square = mpmath.fsum(h[k] * h[n - 1 - k] for k in range(n))
            h.append((b * h[n - 1] - square - (a if n == 1 else 0)) / a)
        p = [mpmath.fsum(h[: n + 1]) for n in range(depth + 1)]
        r = [mpmath.mpf(0), *h[1:]]
        r2 = [mpmath.fsum(r[k] * r[n - k] for k in range(n + 1)) for n in range(depth + 1)]
        weight = 1 + beta * (alpha + 1)
        kernel = [
            [weight * r[i] * r[j] + beta * (r2[i] * r[j] + r[i] * r2[j]) for j in range(depth + 1)]
            for i in range(depth + 1)
        ]
        e = [[mpmath.mpf(0)] * (depth + 1) for _ in range(depth + 1)]
        for t in range(depth + 1):
            for s in range(t + 1):
                total = mpmath.fsum(kernel[i][j] * e[t - i][s - j] for i in range(1, t + 1) for j in range(1, s + 1))
                e[t][s] = e[s][t] = p[t] * p[s] + total / alpha
        return [e[t][t] for t in range(depth + 1)]


@pytest.mark.parametrize(
    "point", [(4, 3, 0), (2, 3.5, 0), (0.7, 4, 0), (3, 1.2, 0), (1, 2, 0), (4, 3, 0.1), (8, 2, 0.5), (0.2, 4, 0.3)]
)
def test_errors_are_the_diagonal_of_the_authors_generating_function(point):
    expected = [float(value) for value in generating_function(*point, 14)]
    assert error_vs_depth(*point, 14) == pytest.approx(expected, rel=5e-13)


def test_a_cell_of_the_phase_diagram_is_that_of_the_authors_generating_function():
    """Deep, where the series of doubles would have lost every digit: one column of three cells at t = 24."""
    for tau in (1.5, 2.0, 3.0):
        expected = float(generating_function(3, tau, 0, 24)[24])
        assert math.log10(error_vs_depth(3, tau, 0, 24)[24]) == pytest.approx(math.log10(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("point", "amplitude"),
    [((3, 2, 0), 0.07096), ((2, 3.5, 0), 0.0297), ((4, 3, 0), 0.0360), ((2, 3, 0), 0.0376), ((0.2, 2, 0), 0.0975)],
)
def test_amplitude_is_the_limit_of_the_error_over_its_law(point, amplitude):
    assert late_amplitude(*point) == pytest.approx(amplitude, abs=6e-5)
    depths = np.array([100, 200])
    ratio = error_vs_depth(*point, 200)[depths] / late_error(*point, depths)
    assert abs(ratio[1] - 1) < abs(ratio[0] - 1)
    assert 2 * ratio[1] - ratio[0] == pytest.approx(1, abs=3e-4)  # what is left falls as 1 / t


def test_amplitude_holds_where_the_upper_edge_is_the_outer_one_and_with_noise_in_pretraining():
    point, depths = (8, 2, 5), np.array([100, 200])
    ratio = error_vs_depth(*point, 200)[depths] / late_error(*point, depths)
    assert 2 * ratio[1] - ratio[0] == pytest.approx(1, abs=1e-3)


def test_law_grows_with_the_square_of_the_spectral_radius():
    late = late_error(2, 3, 0, [100, 101])
    assert late[1] / late[0] == pytest.approx(spectral_radius(2, 3, 0) ** 2 * math.sqrt(100 / 101), rel=1e-12)


@pytest.mark.parametrize(("alpha", "constant"), [(2, 8.25), (3, 5 / 3)])
def test_optimal_depth_diverges_with_the_closed_constant(alpha, constant):
    assert divergence_of_optimal_depth(alpha) == pytest.approx(constant, rel=1e-12)
    distance = constant / 170
    depth = optimal_depth(alpha, max(critical_tau(alpha, 0)) - distance, 0, 260)
    assert depth * distance == pytest.approx(constant, rel=0.03)  # O(1) steps of some 170


@pytest.mark.parametrize("alpha", [1.5, 2, 3, 9])
def test_constant_is_the_slope_of_the_inverse_growth_at_the_critical_line(alpha):
    step = 1e-6
    growth = math.log(spectral_radius(alpha, max(critical_tau(alpha, 0)) - step, 0) ** 2)
    assert step / (2 * growth) == pytest.approx(divergence_of_optimal_depth(alpha), rel=1e-4)


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ((1, 3, 0), "alpha = 1 has a bulk"),
        ((0.5, 8, 0), "ends at a floor"),
        ((2, math.inf, 0), "tau = inf is out of range"),
        ((2, 3, -1), "rho = -1 is out of range"),
    ],
)
def test_points_without_such_a_law_are_refused(point, sentence):
    with pytest.raises(ValueError, match=sentence):
        late_amplitude(*point)


def test_there_is_no_divergence_below_alpha_one():
    with pytest.raises(ValueError, match="alpha = 1 is out of range"):
        divergence_of_optimal_depth(1)
