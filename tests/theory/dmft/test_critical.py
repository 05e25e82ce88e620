"""Does the critical response have its tail, and do finite matrices have the moments that are said of them?"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.dmft.critical import finite_response, late_response, response_error, shifted_response
from solv.theory.dmft.elliptic import elliptic_response


def test_scaled_response_has_the_reference_values_and_their_limit() -> None:
    times = np.array([10.0, 100.0, 1000.0])
    scaled = elliptic_response(times, 0.5, 1) * times**1.5
    np.testing.assert_allclose(scaled, [0.76693, 0.79488, 0.79759], atol=1e-5)
    assert elliptic_response([1e6], 0.5, 1)[0] * 1e9 == pytest.approx(math.sqrt(2 / math.pi), rel=1e-5)


@given(t=st.floats(0, 50), z=st.floats(2, 5))
def test_shifted_flow_is_the_symmetric_system_in_other_units(t: float, z: float) -> None:
    assert shifted_response([t], z)[0] == pytest.approx(elliptic_response([z * t], 1 / z, 1)[0], rel=1e-9)


def test_tail_in_the_papers_units() -> None:
    assert shifted_response([1e5])[0] * 1e5**1.5 == pytest.approx(1 / (2 * math.sqrt(math.pi)), rel=1e-4)
    assert shifted_response([1e2], 2.5)[0] < 1e-20


@pytest.mark.parametrize("tau", [0.3, 0.6, 1.0])
def test_late_law_is_reached_at_every_symmetry(tau: float) -> None:
    time = np.array([200.0])
    assert elliptic_response(time, 1 / (1 + tau), tau)[0] == pytest.approx(late_response(time, tau)[0], rel=5e-3)


def test_moments_are_those_of_drawn_matrices() -> None:
    generator, size, draws = np.random.default_rng(3), 60, 3000
    times = np.array([0.5, 1.0, 2.0])
    normal = generator.standard_normal((draws, size, size))
    rates = np.linalg.eigvalsh((normal + normal.swapaxes(1, 2)) / math.sqrt(2 * size)) + 2
    found = np.exp(-times[:, None, None] * rates).mean(2)
    expected = finite_response(times, size)
    offset = found.mean(1) - shifted_response(times)
    np.testing.assert_allclose(
        offset, expected.mean - shifted_response(times), atol=4 * found.std(1).max() / draws**0.5
    )
    np.testing.assert_allclose(found.std(1), expected.spread, rtol=0.1)


def test_linear_statistic_of_the_trace_itself() -> None:
    """At short times R = 1 - z t + ... - t tr M/N: the variance is that of tr M, which is 2."""
    assert finite_response([1e-4], 10, 2.0).spread[0] == pytest.approx(math.sqrt(2) * 1e-4 / 10, rel=1e-3)


def test_error_falls_as_one_over_size() -> None:
    times = np.linspace(0, 5, 51)
    assert response_error(times, 100) == pytest.approx(2 * response_error(times, 200), rel=1e-12)
    assert response_error(times, 100) == pytest.approx(0.0153, rel=0.05)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: shifted_response([1], 1.9), "shift"),
        (lambda: shifted_response([-1]), "times"),
        (lambda: finite_response([1], 0), "size"),
        (lambda: late_response([0], 1), "times"),
        (lambda: late_response([1], 0), "tau"),
    ],
)
def test_bad_arguments_are_refused(call, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        call()
