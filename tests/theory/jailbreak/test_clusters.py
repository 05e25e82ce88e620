"""Does the theory of jailbreak give the spec's numbers, its limits, and what sampled clusters show?"""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln

from solv.theory.jailbreak import clusters as jailbreak
from solv.theory.jailbreak.clusters import (
    asr_gap,
    edge_amplitude,
    edge_asymptote,
    edge_gap,
    joint_limit_gap,
    next_order,
    power_law,
    safe_moments,
    twin_gap,
    weak_field_log_gap,
)

XS, MS = st.floats(0.05, 0.95), st.integers(1, 4)


def test_moments_reach_the_reference_values():
    assert safe_moments(0.5, 1, [1, 10, 1000]) == pytest.approx([0.5, 0.17619705, 0.017839011], rel=1e-6)
    assert safe_moments(0.3, 2, [1, 10, 1000]) == pytest.approx([0.13846154, 0.0076938046, 1.2705393e-05], rel=1e-6)


@pytest.mark.parametrize(("field", "gap"), [(0.1, 0.075778452), (1.0, 0.0485781), (3.0, 0.017928948)])
def test_gap_in_a_field_reaches_the_reference_values(field, gap):
    assert float(asr_gap(0.5, 1, field, 50)) == pytest.approx(gap, rel=1e-6)


@pytest.mark.parametrize(("x", "field", "k"), [(0.5, 0.5, 7), (0.3, 3.0, 1), (0.7, 1.0, 1000), (0.5, 5.0, 100000)])
def test_gap_of_one_cluster_equals_its_integral_over_p(x, field, k):
    def integrand(u):  # p = 1 - t, t = e^u, so that the edge p = 1 is resolved at every k
        t = math.exp(u)
        p = 1 - t
        safe = math.log1p(-t) - math.log(p + math.exp(field) * t)
        density = (x - 1) * math.log1p(-t) + (1 - x) * u - gammaln(x) - gammaln(1 - x)
        return math.exp(k * safe + density)

    edge = -math.log(k) - field
    cuts = sorted({-400.0, edge - 8, min(edge + 5, -1e-14), -1e-14})
    value = sum(quad(integrand, *ends, epsabs=0, epsrel=1e-11, limit=400)[0] for ends in pairwise(cuts))
    assert float(asr_gap(x, 1, field, k)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("field", [0.05, 1.0, 3.0])
def test_term_by_term_sum_and_gauss_rule_agree_where_they_meet(field, monkeypatch):
    summed = asr_gap(0.4, 3, field, 300)
    monkeypatch.setattr(jailbreak, "DIRECT_MOST", 10)
    assert asr_gap(0.4, 3, field, 300) == pytest.approx(summed, rel=1e-9)


@pytest.mark.parametrize(("x", "m", "field"), [(0.6, 2, 0.0), (0.7, 3, 1.0), (0.5, 1, 0.5)])
def test_sampled_clusters_have_the_predicted_gap(x, m, field):
    rng = np.random.default_rng(3)
    i = np.arange(1, m + 1)
    p = np.prod(rng.beta(i * x, 1 - x, size=(100_000, m)), axis=1)
    safe = p / (p + math.exp(field) * (1 - p))
    for k in (1, 10, 100):
        draws = safe**k
        error = draws.std(ddof=1) / math.sqrt(draws.size)
        assert abs(draws.mean() - float(asr_gap(x, m, field, k))) < 4 * error


@given(XS, MS)
def test_moments_end_on_their_power_law(x, m):
    nu, amplitude = power_law(x, m)
    assert nu == pytest.approx(m * (1 - x))
    assert float(safe_moments(x, m, 10**6)) == pytest.approx(amplitude * 1e6**-nu, rel=1e-4)


def test_amplitude_at_large_k_loses_nu_lambda():
    nu, amplitude = power_law(0.7, 2)
    gap = float(asr_gap(0.7, 2, 2.0, 10**6))
    assert gap == pytest.approx(amplitude * math.exp(-2 * nu) * 1e6**-nu, rel=1e-4)
    weak = float(weak_field_log_gap(0.7, 2, 0.01, 1000))
    assert weak == pytest.approx(math.log(float(asr_gap(0.7, 2, 0.01, 1000))), abs=2e-3)


@settings(max_examples=30, deadline=None)
@given(XS, MS, st.floats(0.01, 3.0), st.integers(1, 500))
def test_gap_falls_with_samples_and_with_field(x, m, field, k):
    here = float(asr_gap(x, m, field, k))
    assert 0 < float(asr_gap(x, m, field, k + 1)) < here < float(safe_moments(x, m, k)) <= 1


@given(st.floats(0.2, 5.0), st.floats(0.2, 3.0), st.floats(0.0, 0.001))
def test_edge_law_is_the_large_k_limit_of_the_beta_family(a, b, mu):
    k = 10**5
    exact, law = float(edge_gap(a, b, mu, k)), float(edge_asymptote(b, mu, edge_amplitude(a, b), k))
    assert exact == pytest.approx(law, rel=1e-3)


def test_minimal_model_is_the_beta_family_with_a_one():
    k, nu, mu = np.array([1, 5, 40]), 1.7, 0.2
    expected = np.exp(gammaln(k + 1) + gammaln(nu + 1) - gammaln(k + nu + 1) - k * mu)
    assert edge_gap(1, nu, mu, k) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: safe_moments(1.0, 1, 1), "x = 1"),
        (lambda: safe_moments(0.5, 0, 1), "m = 0"),
        (lambda: safe_moments(0.5, 1, [1, 0]), "k = 0"),
        (lambda: asr_gap(0.5, 1, -0.1, 1), "lambda_ = -0.1"),
        (lambda: edge_gap(1, 1, -1, 1), "mu = -1"),
    ],
)
def test_a_value_out_of_range_is_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()


@pytest.mark.parametrize(("x", "m", "a"), [(0.3, 2, 0.42), (0.5, 1, 0.125), (0.7, 3, 0.945)])
def test_the_next_order_is_what_the_first_leaves(x, m, a):
    nu, amplitude = power_law(x, m)
    assert next_order(x, m) == pytest.approx(a, rel=1e-12)
    assert 1e4 * (1 - float(safe_moments(x, m, 10**4)) * 1e4**nu / amplitude) == pytest.approx(a, rel=2e-4)


@pytest.mark.parametrize(
    ("k", "g", "exact", "paper", "weak"),
    [(100, 1, 0.9320, 0.8667, 0.9324), (100, 4, 0.8695, 0.3869, 0.8694), (10**4, 4, 0.9861, 0.4041, 0.9861)],
)
def test_the_joint_limit_is_true_to_first_order_alone(k, g, exact, paper, weak):
    """The three formulas over C k^-nu at x = 0.3, m = 1, found by another program for the notes on the paper."""
    nu, amplitude = power_law(0.3, 1)
    field = (g / k) ** 0.5
    found = [float(gap(0.3, 1, field, k)) * k**nu / amplitude for gap in (asr_gap, joint_limit_gap)]
    assert found == pytest.approx([exact, paper], abs=6e-5)
    assert math.exp(weak_field_log_gap(0.3, 1, field, k)) * k**nu / amplitude == pytest.approx(weak, abs=6e-5)
    small = (0.01 / k) ** 0.5  # g = 0.01: what is left is of second order in g
    assert float(joint_limit_gap(0.3, 1, small, k)) == pytest.approx(float(asr_gap(0.3, 1, small, k)), rel=1e-3)


@pytest.mark.parametrize("k", [1, 8, 64, 5000])
def test_a_safe_twin_leaves_half_of_every_pair(k):
    x = 0.139
    value, _ = quad(lambda p: ((1 + p) / 2) ** k, 0, 1, weight="alg", wvar=(x - 1, -x), epsabs=0, epsrel=1e-10)
    assert float(twin_gap(x, k)) == pytest.approx(value / (math.gamma(x) * math.gamma(1 - x)), rel=1e-7)


def test_far_out_twins_cost_a_factor_of_two_in_the_samples():
    ratio = float(twin_gap(0.3, 10**6) / safe_moments(0.3, 1, 10**6))
    assert ratio == pytest.approx(2**0.7, rel=1e-5)
    assert float(twin_gap(0.3, 1)) == pytest.approx(0.65, rel=1e-12)
