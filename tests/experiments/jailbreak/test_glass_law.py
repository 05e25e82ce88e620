"""Are x, the gained overlap and the law of a glass those of their definitions?"""

import numpy as np
import pytest
import torch

from solv.experiments.jailbreak.glass_law import Measured, delta_q, jackknife, law, measured, shift, x_of
from solv.experiments.jailbreak.settings import Glass
from solv.models.jailbreak.spin_glass_clusters import Profiles
from solv.theory.jailbreak.clusters import asr_gap, twin_gap

SPINS, GLASSES = 4, 10
K = np.array([1, 8])


@pytest.fixture
def glasses():
    """States at overlap 1 in the unsafe cluster, at -1/2 outside; sum of squares 0.8 and 0.9; one stick's x 0.2."""
    unsafe, safe = (torch.zeros(GLASSES, 2, SPINS + 1, dtype=torch.float64) for _ in range(2))
    unsafe[..., 4], safe[..., 1] = 0.7, 0.3
    squares = torch.tensor([0.8, 0.9] * (GLASSES // 2), dtype=torch.float64)
    profiles = Profiles(
        unsafe=unsafe,
        safe=safe,
        chances=torch.full((GLASSES, 2), 0.5, dtype=torch.float64),
        all_squares=squares,
        weights=torch.tensor([[0.7, 0.3]], dtype=torch.float64).expand(GLASSES, 2),
        plain_overlap=torch.full((GLASSES, 2), 0.3, dtype=torch.float64),
        centre_overlap=torch.tensor([[0.1, 0.5]], dtype=torch.float64).expand(GLASSES, 2),
    )
    return Measured(profiles, np.full(GLASSES, 0.2))


def glass(**changes):
    return Glass(spins=SPINS, **changes)


def test_x_comes_from_squares_or_sticks_and_twins_halve_the_squares(glasses):
    assert x_of(glass(), glasses) == pytest.approx(1 - 0.85)
    assert x_of(glass(x_from="sticks"), glasses) == pytest.approx(0.2)
    halved = Measured(
        Profiles(**{**vars(glasses.profiles), "all_squares": glasses.profiles.all_squares / 2}), np.ones(1)
    )
    assert x_of(glass(flip_breaking=0), halved) == pytest.approx(1 - 0.85)


def test_three_definitions_of_the_gained_overlap(glasses):
    assert delta_q(glass(), glasses) == pytest.approx(1.5)
    assert delta_q(glass(delta_q="uniform"), glasses) == pytest.approx(0.3)
    assert delta_q(glass(delta_q="centres"), glasses) == pytest.approx((0.2 + 0.01) / 2)  # at least 0.01 each
    assert shift(glass(delta_q="uniform", beta=2), glasses, 0.5) == pytest.approx(2 * 0.5 * SPINS * 0.3)


def test_the_law_has_twins_only_where_nothing_breaks_them(glasses):
    broken, kept = glass(x_from="sticks"), glass(x_from="sticks", flip_breaking=0)
    np.testing.assert_allclose(law(broken, K, 0.0, glasses), asr_gap(0.2, 1, 0.0, K))
    np.testing.assert_allclose(law(kept, K, 0.0, glasses), twin_gap(0.2, K))
    np.testing.assert_allclose(law(kept, K, 0.01, glasses), asr_gap(0.2, 1, shift(kept, glasses, 0.01), K))


def test_the_jackknife_of_a_mean_is_its_standard_error(glasses):
    value, error = jackknife(lambda part: np.array(x_of(glass(), part)), glasses)
    squares = glasses.profiles.all_squares.numpy()
    assert value == pytest.approx(0.15)
    assert error == pytest.approx(squares.std(ddof=1) / GLASSES**0.5)


def test_sticks_are_read_off_the_weights(glasses):
    found = measured(glasses.profiles, np.random.default_rng(0))
    assert found.sticks.shape == (GLASSES,)
    assert found.of_glasses(np.arange(GLASSES) < 3).profiles.unsafe.shape == (3, 2, SPINS + 1)
