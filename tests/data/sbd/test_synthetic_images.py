"""Are synthetic images standardised, named by one teacher with known chances, and as hard as they are told to be?"""

import numpy as np
import pytest

from solv.data.sbd.synthetic_images import draw_images

SMALL = {"side": 10, "channels": 2, "classes": 4, "filters": 6, "kernel": 3}


def drawn(examples=800, seed=0, **changes):
    return draw_images(examples, np.random.default_rng(seed), **{**SMALL, **changes})


def test_images_have_the_shape_mean_and_variance_that_are_promised():
    images = drawn()
    assert images.x.shape == (800, 2, 10, 10)
    assert images.x.dtype == np.float32
    assert images.x.std() == pytest.approx(1, abs=1e-4)
    assert abs(images.x.mean()) < 0.05
    np.testing.assert_allclose(images.chances.sum(axis=1), 1)


def test_labels_are_drawn_from_the_chances():
    images = drawn(4000)
    chance = images.chances[np.arange(4000), images.labels]
    # E P(y | x) = mean of sum_y P^2; its standard error is below 0.005.
    assert chance.mean() == pytest.approx(np.mean(np.sum(images.chances**2, axis=1)), abs=0.02)


def test_sharpness_decides_from_coins_to_certainty():
    best = [drawn(sharpness=sharpness).chances.max(axis=1).mean() for sharpness in (0, 1, 4, 1000)]
    assert best[0] == pytest.approx(0.25)
    assert best == sorted(best)
    assert best[-1] > 0.98


def test_smoothing_correlates_neighbours():
    def neighbours(smoothness):
        x = drawn(100, smoothness=smoothness).x
        return float(np.mean(x * np.roll(x, 1, axis=3)))

    assert abs(neighbours(0)) < 0.05
    # A field smoothed with width w has correlation exp(-1 / 4 w^2) at distance 1.
    assert neighbours(1.0) == pytest.approx(np.exp(-1 / 4), abs=0.03)


def test_the_teacher_and_the_images_have_seeds_of_their_own():
    one = drawn(50)
    other_teacher = drawn(50, teacher=np.random.default_rng(1))
    np.testing.assert_array_equal(one.x, other_teacher.x)
    assert np.abs(one.chances - other_teacher.chances).max() > 0.1
    assert np.abs(one.x - drawn(50, seed=1).x).max() > 0.1


@pytest.mark.parametrize(
    "changes", [{"classes": 1}, {"filters": 0}, {"regions": 9}, {"smoothness": -1}, {"sharpness": -0.1}]
)
def test_numbers_out_of_range_are_refused(changes):
    with pytest.raises(ValueError, match=f"{next(iter(changes))} = .*valid"):
        drawn(10, **changes)
