"""Does the Marchenko-Pastur rule integrate the law it is named after?"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.random_matrix import marchenko_pastur, marchenko_pastur_density, singular_value_density

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
