"""Do weights and correlations start with the deviations that are promised, and alike whatever the expansion?"""

import pytest
import torch

from solv.models.sbd.starts import correlations, fixed_zeros, weights


def source(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", ["normal", "uniform"])
def test_weights_have_the_deviation_gain_over_the_root_of_fan_in(shape):
    drawn = weights((1, 400, 300), 400, source(), gain=0.75, shape=shape)
    assert float(drawn.std()) == pytest.approx(0.75 / 20, rel=0.01)
    assert abs(float(drawn.mean())) < 1e-3
    if shape == "uniform":
        assert float(drawn.abs().max()) <= 0.75 / 20 * 3**0.5 * (1 + 1e-6)


def test_glorot_s_deviation_is_that_of_units_and_classes():
    assert float(correlations(1, 500, 100, 0, source(), glorot=True).std()) == pytest.approx((2 / 600) ** 0.5, rel=0.02)
    assert float(correlations(1, 500, 100, 0, source()).std()) == pytest.approx(1, rel=0.02)


def test_the_score_s_own_columns_do_not_depend_on_the_expansion():
    plain, expanded = (correlations(2, 5, 3, features, source()) for features in (0, 4))
    assert expanded.shape == (2, 5, 15)
    assert torch.equal(plain, expanded[..., :3])


def test_a_fraction_of_every_weight_is_fixed_at_zero_and_no_bias():
    masks = fixed_zeros({"weight 0": torch.ones(1, 300, 200), "bias 0": torch.ones(1, 200)}, 0.4, source())
    assert list(masks) == ["weight 0"]
    assert float(masks["weight 0"].mean()) == pytest.approx(0.6, abs=0.01)
