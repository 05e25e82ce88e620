"""Does the simulated chain follow its definition, and the theory as the dimension grows?"""

import math

import numpy as np
import pytest
import torch

from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_pretraining_pairs
from solv.models.cot_depth.simulation import refine, ridgeless_steps
from solv.theory.cot_depth.error import error_vs_depth


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def simulate(alpha, tau, rho, d, repeats, contexts, depth, seed):
    """Errors of shape (repeats, depth + 1)."""
    generator, l = seeded(seed), round(alpha * d)  # noqa: E741
    if tau == math.inf:
        gamma = alpha / (1 + alpha + rho) * torch.eye(d, dtype=torch.float64).expand(repeats, 1, d, d)
    else:
        w, h = draw_pretraining_pairs((repeats,), round(tau * d), d, l, rho, generator)
        gamma = ridgeless_steps(w, h, [round(tau * d)])
    test = draw_context_statistics((repeats, contexts), d, l, rho, generator)
    return refine(gamma, test.s, test.h, test.w, depth)[:, 0].mean(1).numpy()


def mean_and_error(errors):
    return errors.mean(0), errors.std(0, ddof=1) / math.sqrt(len(errors))


def test_steps_are_the_least_squares_fits_of_nested_pair_sets():
    w, h = draw_pretraining_pairs((3,), 40, 6, 12, 0.1, seeded(1))
    gamma = ridgeless_steps(w, h, [9, 20, 40])
    assert gamma.shape == (3, 3, 6, 6)
    for variant, count in enumerate((9, 20, 40)):
        fit = torch.linalg.lstsq(h[:, :count], w[:, :count]).solution.mT
        torch.testing.assert_close(gamma[:, variant], fit, rtol=1e-9, atol=1e-11)


def test_chain_is_equation_1_context_by_context():
    test = draw_context_statistics((2, 3), 5, 8, 0.3, seeded(2))
    gamma = 0.3 * torch.randn(2, 4, 5, 5, generator=seeded(3), dtype=torch.float64)
    errors = refine(gamma, test.s, test.h, test.w, 6)
    assert errors.shape == (2, 4, 3, 7)
    for repeat in range(2):
        for variant in range(4):
            step = gamma[repeat, variant]
            for context in range(3):
                expected = torch.zeros(7, dtype=torch.float64)
                estimate = torch.zeros(5, dtype=torch.float64)
                for t in range(7):
                    expected[t] = (test.w[repeat, context] - estimate).square().mean()
                    residual = test.h[repeat, context] - test.s[repeat, context] @ estimate
                    estimate = estimate + step @ residual
                torch.testing.assert_close(errors[repeat, variant, context], expected)


@pytest.mark.parametrize(
    ("alpha", "tau", "rho", "depth"),
    [(4, 3, 0.1, 4), (2, 5, 0, 4), (0.7, math.inf, 0.1, 8), (4, math.inf, 0, 4), (8, 2, 0.5, 4), (1, math.inf, 0, 8)],
)
def test_error_follows_theory_away_from_criticality(alpha, tau, rho, depth):
    mean, error = mean_and_error(simulate(alpha, tau, rho, 256, 8, 16, depth, seed=4))
    theory = error_vs_depth(alpha, tau, rho, depth, rho_test=rho)
    gap = np.abs(mean - theory)
    assert ((gap < 3 * error) | (gap < 0.03 * theory))[1:].all()


def test_finite_size_excess_of_the_log_error_falls_as_one_over_d():
    # At depth 8 the excess is amplified to tens of percent; it halves with every doubling of d.
    alpha, tau, depth = 4, 3, 8
    theory = error_vs_depth(alpha, tau, 0, depth)[depth]
    excess, error = {}, {}
    for d, repeats in ((64, 96), (128, 48), (256, 16)):
        logs = np.log(simulate(alpha, tau, 0, d, repeats, 16, depth, seed=5)[:, depth] / theory)
        excess[d], error[d] = logs.mean(), logs.std(ddof=1) / math.sqrt(repeats)
    assert excess[64] > 3 * error[64]
    for small, large in ((64, 128), (128, 256)):
        assert abs(excess[small] - 2 * excess[large]) < 3 * math.hypot(error[small], 2 * error[large])


def test_hardly_pretrained_chain_overthinks_from_the_first_step():
    mean, error = mean_and_error(simulate(3, 1.2, 0, 128, 8, 8, 5, seed=6))
    assert (mean[1:] - mean[:-1] > 3 * error[:-1]).all()


def test_without_noise_a_long_chain_on_rich_pretraining_finds_the_task():
    errors = simulate(6, math.inf, 0, 32, 4, 8, 200, seed=7)
    assert (errors[:, -1] < 1e-8).all()


def test_divergence_ends_in_infinity():
    test = draw_context_statistics((1, 2), 4, 8, 0.0, seeded(8))
    errors = refine(-1e30 * torch.eye(4, dtype=torch.float64).expand(1, 1, 4, 4), test.s, test.h, test.w, 30)
    assert torch.isinf(errors[0, 0, :, -1]).all()
    assert not torch.isnan(errors).any()


@pytest.mark.parametrize("counts", [[], [5], [4], [30], [10, 10], [12, 8]])
def test_counts_outside_the_pairs_are_refused(counts):
    w, h = draw_pretraining_pairs((1,), 20, 5, 8, 0.0, seeded(9))
    with pytest.raises(ValueError, match="valid: increasing integers from 6 to 20"):
        ridgeless_steps(w, h, counts)


def test_mismatched_pairs_and_negative_depth_are_refused():
    w, h = draw_pretraining_pairs((1,), 20, 5, 8, 0.0, seeded(10))
    with pytest.raises(ValueError, match="w and h have shapes"):
        ridgeless_steps(w[:, :10], h, [10])
    test = draw_context_statistics((1, 2), 5, 8, 0.0, seeded(11))
    with pytest.raises(ValueError, match="depth = -1 is out of range; valid: integers >= 0"):
        refine(torch.zeros(1, 1, 5, 5, dtype=torch.float64), test.s, test.h, test.w, -1)
