"""Does the resolvent of random features solve its equation and describe the right spectrum?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.dmft.random_features import (
    RandomFeatures,
    isotropic,
    power_law,
    product_density,
    resolved_degrees,
    resolved_on_rays,
    spectral_edge,
    spectrum_of,
)


@pytest.mark.parametrize(
    ("s", "samples", "features", "expected"),
    [
        (1, 2000, np.inf, 438.447187),
        (1, 500, 800, 252.757596),
        (0.1 + 0.5j, 500, 800, 325.701221 - 119.354136j),
    ],
)
def test_resolved_degrees_have_the_reference_values(
    s: complex, samples: float, features: float, expected: complex
) -> None:
    m = resolved_degrees(RandomFeatures(isotropic(1000), samples, features), np.array([s]))
    assert abs(m[0] / expected - 1) < 1e-8


@given(
    samples=st.floats(0.05, 20),
    features=st.floats(0.05, 20),
    modulus=st.floats(0.01, 100),
    angle=st.floats(-3, 3),
)
def test_isotropic_solution_solves_its_cubic_and_pairs_with_its_conjugate(
    samples: float, features: float, modulus: float, angle: float
) -> None:
    model = RandomFeatures(isotropic(100), max(1.0, 100 * samples), max(1.0, 100 * features))
    s = modulus * np.exp(1j * np.array([angle, -angle]))
    m = resolved_degrees(model, s)
    q = (1 - m / model.samples) * (1 - m / model.features)
    np.testing.assert_allclose(m * (s + q), 100 * q, rtol=1e-9, atol=1e-9 * np.max(np.abs(m)))
    assert m[1] == pytest.approx(np.conj(m[0]), rel=1e-9)
    # A resolvent maps the upper half plane down: the same branch as 1/s at infinity.
    assert np.imag(100 / (s[0] + q[0])) * np.imag(s[0]) <= 1e-9


@given(s=st.floats(1e-3, 1e3), more=st.floats(1.1, 3))
def test_more_features_resolve_more_degrees(s: float, more: float) -> None:
    spectrum = power_law(200, 1.2, 2.2)
    few, many = (
        resolved_degrees(RandomFeatures(spectrum, 80, features), np.array([s + 0j]))[0].real
        for features in (50, 50 * more)
    )
    assert few < many < 80


def test_repeated_eigenvalues_are_collapsed() -> None:
    spectrum = spectrum_of([2, 1, 2, 1, 1], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(spectrum.eigenvalues, [1, 2])
    np.testing.assert_array_equal(spectrum.counts, [3, 2])
    np.testing.assert_array_equal(spectrum.teacher, [11, 4])


def test_power_law_is_normalised() -> None:
    spectrum = power_law(400, 1.2, 2.2)
    assert spectrum.eigenvalues.sum() == pytest.approx(1)
    assert spectrum.eigenvalues @ spectrum.teacher == pytest.approx(1)
    # lam w*^2 ~ lam k^-1: the target weight alone falls as 1/k.
    assert spectrum.teacher[-1] / spectrum.teacher[-10] == pytest.approx(10)


def test_product_density_has_the_reference_values() -> None:
    model = RandomFeatures(isotropic(1000), 1500, 2000)
    np.testing.assert_allclose(product_density(model, [1, 2]), [0.259524, 0.129408], rtol=1e-4)


@pytest.mark.parametrize(("samples", "features"), [(1500, 2000), (500, 800), (3000, 400)])
def test_product_density_has_the_mass_and_mean_of_the_spectrum(samples: float, features: float) -> None:
    model = RandomFeatures(isotropic(1000), samples, features)
    edge = spectral_edge(model)
    root, weight = np.polynomial.legendre.leggauss(200)
    levels = edge * ((root + 1) / 2) ** 2
    measure = weight * product_density(model, levels, 1e-7) * edge * (root + 1) / 2
    assert measure.sum() == pytest.approx(min(samples, features, 1000) / 1000, rel=5e-3)
    assert measure @ levels == pytest.approx(1, rel=5e-3)
    assert product_density(model, [edge * 1.02])[0] < 1e-3 < product_density(model, [edge * 0.98])[0]


@given(phi=st.floats(0.05, 20))
def test_edge_of_linear_regression_is_marchenko_pastur_s(phi: float) -> None:
    model = RandomFeatures(isotropic(1000), 1000 / phi, np.inf)
    assert spectral_edge(model) == pytest.approx((1 + phi**0.5) ** 2, rel=1e-6)


@pytest.mark.parametrize(
    ("samples", "features", "noise", "name"),
    [
        (0.5, 10, 0, "samples"),
        (10, 0.5, 0, "features"),
        (10, 10, -1, "label_noise"),
        (np.nan, 10, 0, "samples"),
        (10, 10, np.nan, "label_noise"),
    ],
)
def test_problems_out_of_range_are_refused(samples: float, features: float, noise: float, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = .*valid: >= "):
        RandomFeatures(isotropic(10), samples, features, noise)


@pytest.mark.parametrize(
    ("eigenvalues", "teacher"), [([], []), ([1, 0], [1, 1]), ([1, np.nan], [1, 1]), ([1, 2], [1, -1]), ([1], [1, 1])]
)
def test_spectra_out_of_range_are_refused(eigenvalues: list[float], teacher: list[float]) -> None:
    with pytest.raises(ValueError, match="valid: "):
        spectrum_of(eigenvalues, teacher)


def test_no_dimension_and_bad_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="dimension = 0"):
        isotropic(0)
    with pytest.raises(ValueError, match="eigenvalues"):
        product_density(RandomFeatures(isotropic(10), 10, 10), [-1.0])
    with pytest.raises(ValueError, match="height"):
        product_density(RandomFeatures(isotropic(10), 10, 10), [1.0], 0)


def test_a_ray_that_is_followed_once_has_the_solution_of_every_radius() -> None:
    directions = np.exp(1j * np.array([0.0, 0.8, 2.2]))
    radii = np.array([50.0, 3.0, 2.9, 0.05, 1e-3])
    for model in (
        RandomFeatures(isotropic(100), 50, 55),
        RandomFeatures(isotropic(100), np.inf, 30),
        RandomFeatures(power_law(200, 1.2, 2.2), 80, 60),
    ):
        alone = np.array([resolved_degrees(model, radius * directions) for radius in radii])
        np.testing.assert_allclose(resolved_on_rays(model, directions, radii), alone, rtol=1e-8)
    assert resolved_on_rays(model, directions, np.empty(0)).shape == (0, 3)
