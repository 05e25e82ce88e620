import numpy as np
import pytest

from solv.theory.anytime.spectrum import power_law_spectrum
from solv.theory.spectrum_points import FEWEST_STEPS, POINTS, REACH, Interpolations

WIDE = power_law_spectrum(1.3, 2, 10**6, exact=20, ratio=1.05)
STEPS = 100


@pytest.fixture
def interpolations():
    return Interpolations(WIDE.eigenvalue, WIDE.multiplicity, STEPS)


def test_the_points_stand_for_all_small_eigenvalues_to_rounding(interpolations):
    """A stretch as long as it may be, at the largest rate that its points allow: kept eigenvalues reach beyond it."""
    rates = 0.6 * np.linspace(1, 0.9, STEPS)
    near = interpolations.over(STEPS, rates.max())
    assert 0 < near.kept < len(WIDE.eigenvalue) / 4
    others = near.eigenvalue[near.kept :]
    assert 2 * rates.max() * STEPS * others[0] <= REACH < 4 * rates.max() * STEPS * near.eigenvalue[near.kept - 1]

    def left(lam):
        return np.prod(1 - 2 * np.outer(rates, lam) + 2 * np.outer(rates, lam) ** 2, axis=0)

    assert left(near.points) @ near.basis.T == pytest.approx(left(others), rel=1e-14)
    assert left(others).min() < 0.8  # a polynomial that does change over the points
    decay = np.prod(1 - np.outer(rates, near.points), axis=0)
    assert near.decay(rates[:, None])[0] == pytest.approx(decay, rel=1e-14)


def test_sums_over_what_is_followed_are_sums_over_all_nodes(interpolations):
    near = interpolations.over(STEPS, 0.6)
    rng = np.random.default_rng(0)
    start = rng.random((3, len(WIDE.eigenvalue)))
    state = near.begin(start, 1.0)
    assert len(near.followed) == near.kept + 3 * POINTS == state.shape[1]
    assert state @ near.weight == pytest.approx(start @ WIDE.multiplicity, rel=1e-13)
    state += np.outer([0.0, 1.0, 2.0], near.gain)  # noise adds lam^2 to every node
    noisy = start + np.outer([0.0, 1.0, 2.0], WIDE.eigenvalue**2)
    assert state @ near.weight == pytest.approx(noisy @ WIDE.multiplicity, rel=1e-13)
    near.end(start, state, near.unforced(state))
    assert start == pytest.approx(noisy, rel=1e-13)


def test_short_stretches_and_few_nodes_are_followed_as_they_are(interpolations):
    assert len(interpolations.over(FEWEST_STEPS, 0.01).points) == POINTS
    assert interpolations.over(FEWEST_STEPS - 1, 0.01) is interpolations.none
    lam, m = WIDE.eigenvalue[: 6 * POINTS], WIDE.multiplicity[: 6 * POINTS]
    assert len(Interpolations(lam, m, STEPS).over(STEPS, 0.0).points) == POINTS
    few = Interpolations(lam[1:], m[1:], STEPS)
    assert few.over(STEPS, 0.0) is few.none
    assert few.none.followed.tolist() == lam[1:].tolist()


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 0), (1e-320, 0), (1e308, len(WIDE.eigenvalue))])
def test_every_rate_has_an_interpolation(interpolations, rate, kept):
    with np.errstate(over="ignore"):
        assert interpolations.over(STEPS, rate).kept == kept
