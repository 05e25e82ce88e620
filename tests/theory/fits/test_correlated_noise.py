"""Is the covariance of averaged points that of their noise, and does whitening undo it?"""

import numpy as np
import pytest

from solv.theory.fits.correlated_noise import MOST_BLOCKS, NOISES, in_blocks


@pytest.mark.parametrize(("rho", "share"), [(0.0, 1.0), (0.9, 0.0), (0.96, 0.6)])
def test_the_covariance_of_blocks_is_that_of_averages_of_points(rho, share):
    n = 700
    blocks = in_blocks(np.arange(1.0, n + 1), np.zeros(n))
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    points = share * np.eye(n) + (1 - share) * (rho**apart if rho else np.eye(n))
    average = np.zeros((len(blocks), n))
    for row, first, length in zip(average, blocks.first, blocks.length, strict=True):
        row[first : first + length] = 1 / length
    np.testing.assert_allclose(blocks.covariance(rho, share), average @ points @ average.T, rtol=1e-9, atol=1e-12)


def test_whitened_noise_is_independent_and_of_size_one():
    blocks = in_blocks(np.arange(1.0, 31), np.zeros(30))
    for number, (rho, share) in enumerate(NOISES):
        white = blocks.whitened(np.eye(30))[number]
        np.testing.assert_allclose(white @ blocks.covariance(rho, share) @ white.T, np.eye(30), atol=1e-9)


@pytest.mark.parametrize("n", [5, MOST_BLOCKS, MOST_BLOCKS + 1, 12_345])
def test_blocks_hold_every_point_once_and_few_points_stay_as_they_are(n):
    rng = np.random.default_rng(0)
    x, y = np.sort(rng.random(n)), rng.random(n)
    blocks = in_blocks(x, y)
    assert blocks.length.sum() == n
    assert len(blocks) <= MOST_BLOCKS
    assert blocks.length @ blocks.y == pytest.approx(y.sum())
    assert blocks.begin[0] <= x[min(1, n - 1)]
    if n <= MOST_BLOCKS:
        np.testing.assert_array_equal(blocks.y, y)
        np.testing.assert_array_equal(blocks.begin, x)


def test_what_is_left_of_blocks_is_what_later_points_alone_would_be():
    x = np.arange(1.0, 101)
    blocks = in_blocks(x, x**2).since(40)
    np.testing.assert_array_equal(blocks.y, x[40:] ** 2)
    np.testing.assert_array_equal(blocks.begin, x[40:])
    np.testing.assert_allclose(blocks.mean_of(blocks.x[:, None] * [1.0, 2.0])[:, 1], 2 * x[40:])
