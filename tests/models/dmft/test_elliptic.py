"""Do finite elliptic systems behave as the theory says?"""

import numpy as np
import pytest
import torch

from solv.models.dmft.elliptic import (
    doubling_response_and_correlation,
    elliptic_matrices,
    euler_correlation,
    noise_power,
    response_and_correlation,
    shifted_responses,
    spectrum,
)
from solv.theory.dmft.elliptic import elliptic_correlation, elliptic_response, euler_two_time, power_spectrum

CASES = [(-0.5, 0.7), (0.0, 0.7), (0.3, 0.7), (1.0, 0.45)]


@pytest.mark.parametrize(("tau", "g"), CASES)
def test_entries_have_the_variance_and_correlation_asked_for(tau: float, g: float) -> None:
    coupling = elliptic_matrices(300, g, tau, 2, torch.Generator().manual_seed(1))
    off = coupling[:, *torch.triu_indices(300, 300, 1)], coupling.mT[:, *torch.triu_indices(300, 300, 1)]
    assert float((off[0] ** 2).mean()) * 300 == pytest.approx(g**2, rel=0.03)
    assert float((off[0] * off[1]).mean()) * 300 / g**2 == pytest.approx(tau, abs=0.02)


@pytest.mark.parametrize(("tau", "g"), CASES)
def test_response_and_two_time_correlation_follow_the_theory(tau: float, g: float) -> None:
    coupling = elliptic_matrices(250, g, tau, 4, torch.Generator().manual_seed(2))
    response, correlation = response_and_correlation(coupling, 0.5, 8)
    times = 0.5 * np.arange(9)
    np.testing.assert_allclose(response.mean(0), elliptic_response(times, g, tau), atol=0.004)
    first, second = np.meshgrid(times, times, indexing="ij")
    expected = elliptic_correlation(first.ravel(), second.ravel(), g, tau).reshape(9, 9)
    np.testing.assert_allclose(correlation.mean(0), expected, rtol=0.05, atol=0.004)


@pytest.mark.parametrize(("tau", "g"), CASES)
def test_euler_map_follows_the_grid_without_step_error(tau: float, g: float) -> None:
    coupling = elliptic_matrices(250, g, tau, 4, torch.Generator().manual_seed(3))
    simulated = euler_correlation(coupling, 0.25, 12).mean(0)
    np.testing.assert_allclose(simulated, np.diag(euler_two_time(g, tau, 0.25, 12).correlation), rtol=0.03)


@pytest.mark.parametrize(("tau", "g"), CASES)
def test_eigenvalues_fill_the_ellipse(tau: float, g: float) -> None:
    eigenvalues = spectrum(elliptic_matrices(250, g, tau, 2, torch.Generator().manual_seed(4))) + 1
    across, along = g * (1 + tau), g * (1 - tau)
    # Uniform over the ellipse (a semicircle if tau = 1): each half axis squared over four.
    assert float((eigenvalues.real**2).mean()) == pytest.approx(across**2 / 4, rel=0.05)
    assert float((eigenvalues.imag**2).mean()) == pytest.approx(along**2 / 4, rel=0.05, abs=1e-12)
    assert float(eigenvalues.real.abs().max()) < 1.2 * across
    assert float(eigenvalues.imag.abs().max()) < 1.2 * along + 1e-9


@pytest.mark.parametrize(("tau", "g"), CASES)
def test_power_under_white_noise_follows_the_theory(tau: float, g: float) -> None:
    coupling = elliptic_matrices(250, g, tau, 2, torch.Generator().manual_seed(5))
    # At w = 0 and g (1 + tau) = 0.91 a single slow mode dominates, and seeds scatter by a third.
    frequencies = torch.tensor([0.3, 0.7, 2.0]).double()
    np.testing.assert_allclose(
        noise_power(coupling, frequencies).mean(0), power_spectrum(frequencies.numpy(), g, tau), rtol=0.05
    )


def test_power_is_the_norm_of_the_complex_resolvent() -> None:
    coupling = elliptic_matrices(20, 0.5, 0.2, 2, torch.Generator().manual_seed(6))
    resolvent = np.linalg.inv((1 + 0.7j) * np.eye(20) - coupling.numpy())
    expected = (np.abs(resolvent) ** 2).sum((1, 2)) / 20
    np.testing.assert_allclose(noise_power(coupling, torch.tensor([0.7]).double())[:, 0], expected, rtol=1e-6)


def test_symmetry_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tau = 1.2"):
        elliptic_matrices(5, 0.5, 1.2, 1, torch.Generator())


def test_shifted_responses_are_traces_of_the_exponential() -> None:
    times = torch.tensor([0.0, 0.7, 2.0], dtype=torch.float64)
    found = shifted_responses(30, 2.0, times, 2, torch.Generator().manual_seed(4))
    draws = torch.randn(2, 30, 30, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    matrix = (draws + draws.mT) / 60**0.5 + 2 * torch.eye(30, dtype=torch.float64)
    for column, t in zip(found.T, times, strict=True):
        direct = torch.linalg.matrix_exp(-t * matrix).diagonal(dim1=1, dim2=2).mean(1)
        torch.testing.assert_close(column, direct)


def test_doubled_times_are_those_of_equal_steps() -> None:
    coupling = elliptic_matrices(40, 0.7, 0.3, 2, torch.Generator().manual_seed(5))
    response, correlation = doubling_response_and_correlation(coupling, 0.5, 3)
    slow, both = response_and_correlation(coupling, 0.5, 8)
    at = [1, 2, 4, 8]
    torch.testing.assert_close(response, slow[:, at])
    torch.testing.assert_close(correlation, both.diagonal(dim1=1, dim2=2)[:, at])
