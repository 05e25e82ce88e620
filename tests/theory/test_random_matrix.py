"""Do the spectral laws integrate what they are named after, and do the fixed points solve their equations?"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.random_matrix import (
    degrees_of_freedom,
    marchenko_pastur,
    marchenko_pastur_density,
    ridge_fixed_point,
    singular_value_density,
)

POWER_LAW = np.arange(1, 301.0) ** -1.5
aspect_ratios = st.floats(0.02, 50)


def narayana_moment(alpha: float, order: int) -> float:
    """int x^k: the sum over r of alpha^-r binom(k, r) binom(k - 1, r) / (r + 1)."""
    return sum(alpha**-r * math.comb(order, r) * math.comb(order - 1, r) / (r + 1) for r in range(order))


@given(alpha=aspect_ratios, nodes=st.integers(1, 60))
def test_weights_are_positive_and_sum_to_one(alpha, nodes):
    x, weight = marchenko_pastur(alpha, nodes)
    assert x.shape == weight.shape
    assert (weight > 0).all()
    assert weight.sum() == pytest.approx(1, abs=1e-13)


@given(alpha=st.one_of(aspect_ratios, st.just(1.0), st.floats(0.999, 1.001)), nodes=st.integers(3, 30))
def test_moments_up_to_twice_the_nodes_are_exact_at_every_alpha(alpha, nodes):
    x, weight = marchenko_pastur(alpha, nodes)
    for order in range(1, 7):
        assert weight @ x**order == pytest.approx(narayana_moment(alpha, order), rel=1e-12)


def test_polynomials_of_high_degree_are_exact_at_the_hard_edge():
    # At alpha = 1 the law of (1 - x/2)^2 is that of cos^2, up to an odd part: int (1 - x/2)^{2k} = binom(2k, k) / 4^k.
    x, weight = marchenko_pastur(1, 40)
    for order in (1, 10, 40):
        assert weight @ (1 - x / 2) ** (2 * order) == pytest.approx(math.comb(2 * order, order) / 4**order, rel=1e-12)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.7])
def test_short_contexts_leave_an_atom_of_one_minus_alpha_at_zero(alpha):
    x, weight = marchenko_pastur(alpha, 400)
    assert x[0] == 0
    assert weight[0] == pytest.approx(1 - alpha, abs=1e-14)
    assert (x[1:] > (1 - alpha**-0.5) ** 2).all()


@pytest.mark.parametrize("alpha", [1.5, 3.0, 20.0])
def test_inverse_moment_is_that_of_the_inverse_wishart(alpha):
    x, weight = marchenko_pastur(alpha, 400)
    assert len(x) == 400
    assert weight @ (1 / x) == pytest.approx(alpha / (alpha - 1), rel=1e-12)


@given(alpha=aspect_ratios)
def test_nodes_lie_in_the_support_in_increasing_order(alpha):
    x, _ = marchenko_pastur(alpha, 30)
    assert (np.diff(x) > 0).all()
    assert x[-1] < (1 + alpha**-0.5) ** 2
    assert x[0] == 0 or x[0] > (1 - alpha**-0.5) ** 2


@pytest.mark.parametrize("alpha", [0.4, 1.0, 2.5])
def test_rule_agrees_with_eigenvalues_of_a_large_sample_covariance(alpha):
    d = 600
    rows = np.random.default_rng(7).standard_normal((round(alpha * d), d))
    eigenvalues = np.linalg.eigvalsh(rows.T @ rows / len(rows))
    x, weight = marchenko_pastur(alpha, 200)
    # Linear statistics of eigenvalues fluctuate by O(1/d).
    assert np.exp(-eigenvalues).mean() == pytest.approx(weight @ np.exp(-x), abs=5 / d)


@pytest.mark.parametrize(
    ("alpha", "nodes", "sentence"),
    [
        (0, 10, "alpha = 0 is out of range; valid: > 0"),
        (math.nan, 10, "alpha = nan is out of range; valid: > 0"),
        (math.inf, 10, "alpha = inf is out of range; valid: > 0"),
        (2, 0, "nodes = 0 is out of range; valid: >= 1"),
        (2, 2.5, "nodes = 2.5 is not an integer; valid: integers >= 1"),
    ],
)
def test_invalid_arguments_are_named_with_their_range(alpha, nodes, sentence):
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        marchenko_pastur(alpha, nodes)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_density_agrees_with_the_quadrature_rule(alpha):
    # theta substitution removes the square-root edges.
    theta = (np.arange(4000) + 0.5) * math.pi / 4000
    middle, half = 1 + 1 / alpha, 2 * alpha**-0.5
    points, jacobian = middle - half * np.cos(theta), half * np.sin(theta) * math.pi / 4000
    density = marchenko_pastur_density(alpha, points)
    x, weight = marchenko_pastur(alpha, 400)
    assert density @ jacobian == pytest.approx(min(1.0, alpha), rel=1e-3)
    for test_function in (lambda x: x, lambda x: x**2, lambda x: x * np.exp(-x)):
        assert (density * test_function(points)) @ jacobian == pytest.approx(weight @ test_function(x), rel=1e-3)


@pytest.mark.parametrize("aspect", [0.3, 1.0, 4.0])
def test_singular_values_have_unit_mass_within_their_edges(aspect):
    values = np.linspace(0, 2 + aspect**0.5, 200001)
    density = singular_value_density(aspect, values)
    assert np.trapezoid(density, values) == pytest.approx(1, rel=1e-4)
    inside = values[density > 0]
    assert inside.min() == pytest.approx(abs(1 - aspect**0.5), abs=1e-3)
    assert inside.max() == pytest.approx(1 + aspect**0.5, abs=1e-3)
    # The mean square is that of the entries, spread over min(l, d) values.
    assert np.trapezoid(density * values**2, values) * min(aspect, 1) == pytest.approx(aspect, rel=1e-4)


def test_densities_refuse_bad_aspect_ratios():
    with pytest.raises(ValueError, match="alpha = 0"):
        marchenko_pastur_density(0, [1.0])
    with pytest.raises(ValueError, match="aspect = -1"):
        singular_value_density(-1, [1.0])


def test_isotropic_roots_are_the_reference_values_and_those_of_the_quadratic():
    alpha = np.array([0.5, 1, 2, 8])
    kappa = ridge_fixed_point(0.25, alpha, np.ones(7))
    np.testing.assert_allclose(kappa, [1.780776, 0.640388, 0.21269526, 0.035540], atol=5e-7)
    half = 0.5 * (alpha - 1 - 0.25)
    np.testing.assert_allclose(kappa, (np.sqrt(half**2 + alpha * 0.25) - half) / alpha, rtol=1e-13)


@given(
    lambda_=st.floats(1e-12, 1e6),
    alpha=st.floats(1e-3, 1e3),
    decay=st.floats(0, 3),
    zero_modes=st.integers(0, 20),
)
def test_every_root_satisfies_the_fixed_point_equation(lambda_, alpha, decay, zero_modes):
    eigenvalues = np.concatenate([np.arange(1, 41.0) ** -decay, np.zeros(zero_modes)])
    kappa = ridge_fixed_point(lambda_, alpha, eigenvalues)
    right = lambda_ / alpha + kappa / alpha * degrees_of_freedom(kappa, eigenvalues)
    assert kappa > 0
    # the residual of kappa (alpha - df_1) = lambda; near alpha = rank the difference itself is rounded
    np.testing.assert_allclose(right, kappa, rtol=1e-12)


def test_a_zero_ridge_leaves_kappa_only_below_the_rank():
    eigenvalues = np.concatenate([POWER_LAW, np.zeros(300)])  # rank 1/2
    kappa = ridge_fixed_point(0.0, [0.1, 0.4, 0.5, 2.0], eigenvalues)
    assert np.all(kappa[:2] > 0)
    assert np.all(kappa[2:] == 0)
    np.testing.assert_allclose(degrees_of_freedom(kappa[:2], eigenvalues), [0.1, 0.4], rtol=1e-12)


def test_a_small_ridge_tends_to_the_ridgeless_root_and_an_infinite_one_learns_nothing():
    ridgeless = ridge_fixed_point(0.0, 0.3, POWER_LAW)
    np.testing.assert_allclose(ridge_fixed_point(1e-14, 0.3, POWER_LAW), ridgeless, rtol=1e-10)
    infinite = ridge_fixed_point(np.inf, 0.3, POWER_LAW)
    assert np.isinf(infinite)
    assert degrees_of_freedom(infinite, POWER_LAW) == 0


def test_weights_stand_for_repeated_eigenvalues_and_batches_for_single_calls():
    repeated = np.array([2.0, 2.0, 2.0, 0.5])
    kappa = ridge_fixed_point([[0.1], [3.0]], [0.5, 1.0, 4.0], repeated)
    weighted = ridge_fixed_point([[0.1], [3.0]], [0.5, 1.0, 4.0], [2.0, 0.5], [0.75, 0.25])
    assert kappa.shape == (2, 3)
    np.testing.assert_allclose(kappa, weighted, rtol=1e-13)
    single = [[float(ridge_fixed_point(r, a, repeated)) for a in (0.5, 1.0, 4.0)] for r in (0.1, 3.0)]
    np.testing.assert_allclose(kappa, single, rtol=1e-13)
    stacked = ridge_fixed_point(0.1, 0.5, np.stack([repeated, 2 * repeated]))
    np.testing.assert_allclose(stacked, [kappa[0, 0], float(ridge_fixed_point(0.1, 0.5, 2 * repeated))], rtol=1e-13)


@given(scale=st.floats(1e-6, 1e6))
def test_scaling_ridge_and_eigenvalues_scales_kappa(scale):
    kappa = ridge_fixed_point(0.2, [0.3, 2.0], POWER_LAW)
    np.testing.assert_allclose(ridge_fixed_point(0.2 * scale, [0.3, 2.0], scale * POWER_LAW), scale * kappa, rtol=1e-11)


def test_kappa_is_the_resolvent_trace_of_a_large_gaussian_matrix():
    rng = np.random.default_rng(0)
    d, n, ridge = 400, 300, 0.2
    eigenvalues = np.arange(1, d + 1.0) ** -0.7
    features = rng.standard_normal((n, d)) * np.sqrt(eigenvalues / d)
    inverse = np.linalg.inv(features.T @ features + ridge * np.eye(d))
    kappa = ridge_fixed_point(ridge, n / d, eigenvalues)
    predicted = kappa / ridge * np.mean(eigenvalues / (eigenvalues + kappa))
    np.testing.assert_allclose(np.sum(np.diag(inverse) * eigenvalues) / d, predicted, rtol=0.01)


def test_degrees_of_freedom_of_order_two_is_the_derivative_of_order_one():
    kappa, width = 0.05, 1e-6
    left, right = degrees_of_freedom([kappa - width, kappa + width], POWER_LAW)
    df1, df2 = degrees_of_freedom(kappa, POWER_LAW), degrees_of_freedom(kappa, POWER_LAW, order=2)
    np.testing.assert_allclose(kappa * (left - right) / (2 * width), df1 - df2, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((-1.0, 1.0, [1.0]), "lambda_ = -1.0"),
        ((1.0, 0.0, [1.0]), "alpha = 0.0"),
        ((1.0, np.nan, [1.0]), "alpha = nan"),
        ((1.0, 1.0, [1.0, -2.0]), "eigenvalues = -2.0"),
        ((1.0, 1.0, []), "eigenvalues"),
        ((1.0, 1.0, [1.0], [1.0, 2.0]), "weights"),
        (([1.0, 2.0], [1.0, 2.0, 3.0], [1.0]), "broadcast"),
    ],
)
def test_invalid_input_is_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        ridge_fixed_point(*arguments)
